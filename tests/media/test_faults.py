"""Media storage that is down or full: nothing is left half done, and people get a plain sentence."""

import errno
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.core.audit import AuditLine
from clinic.core.db import db
from clinic.media.errors import StoreAway
from clinic.media.folder import Folder
from clinic.media.models import Image
from clinic.media.operations import Description, add_image, delete_image, render_next
from clinic.worker import work_once
from tests.browse import check, visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_image, picture_bytes
from tests.media.places import break_place, everything, names

SignIn = Callable[..., FlaskClient]
WORDS: dict[str, Any] = {"alt": "A woman lifts her hip", "credit": "Photo: Ana Lee"}
SAID = Description(**WORDS)
AWAY = "The picture storage is unavailable. Nothing was saved. Try again in a minute."


def upload(name: str = "hip.jpg") -> tuple[io.BytesIO, str]:
    return io.BytesIO(picture_bytes(300, 200)), name


def count_images() -> int:
    return db.session.scalar(sa.select(sa.func.count(Image.id))) or 0


def test_an_upload_that_cannot_be_kept_leaves_no_row_and_the_words_typed(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = visit(sign_in("editor"), "/admin/media/new/")
    with monkeypatch.context() as patched:
        break_place(patched, "write", "remove")
        page = form.submit("Save", **WORDS, file=upload())
    assert (page.status, count_images(), everything()) == (422, 0, [])
    assert AWAY in page.alert()
    assert {name: page.values("Save")[name] for name in WORDS} == WORDS
    check(page)
    assert form.submit("Save", **WORDS, file=upload()).status_text() == "Saved."


@pytest.mark.parametrize("kept", [0, 1])
def test_of_many_what_cannot_be_kept_is_named_and_only_the_first_is_waited_for(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    form = visit(sign_in("editor"), "/admin/media/upload/")
    tried = break_place(monkeypatch, "write", after=kept)
    page = form.submit("Upload", credit="Photo: Ana Lee", files=[upload(f"{name}.jpg") for name in "abc"])
    assert (page.status, count_images()) == ((200, 1) if kept else (422, 0))
    for name in "bc" if kept else "a":
        assert f"{name}.jpg: {AWAY}" in page.alert()
    assert tried == ["write"]


def test_a_replacement_that_cannot_be_kept_is_said_on_its_page(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = make_image()
    before = names(image)
    form = visit(sign_in("editor"), f"/admin/media/replace/?id={image.id}")
    with monkeypatch.context() as patched:
        break_place(patched, "move")
        page = form.submit("Replace", file=upload())
    assert page.status == 422
    assert AWAY in page.alert()
    db.session.refresh(image)
    assert (image.version, names(image)) == (1, before)


def test_a_script_is_told_in_the_same_sentence(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = sign_in("editor")
    token = visit(editor, "/admin/media/new/").values("Save")["csrf_token"]
    break_place(monkeypatch, "write")
    answer = editor.post("/admin/media/upload.json", data={**WORDS, "file": upload(), "csrf_token": token})
    assert (answer.status_code, answer.get_json()) == (422, {"error": AWAY})


def test_a_row_that_cannot_be_kept_takes_its_file_along(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AuditLine, "__init__", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        add_image(picture_bytes(300, 200), filename="hip.jpg", said=SAID)
    assert (count_images(), everything()) == (0, [])


@pytest.mark.parametrize("fails", ["read", "write"])
def test_renditions_that_cannot_be_made_are_made_later_and_the_original_is_shown_meanwhile(
    client: FlaskClient, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    image = add_image(picture_bytes(300, 200), filename="hip.jpg", said=SAID)
    with monkeypatch.context() as patched:
        break_place(patched, fails)
        with pytest.raises(OSError, match="No space"):
            render_next()
    assert names(image) == ["original.jpg"]
    assert not render_next(), "it is claimed"
    assert client.get(image.url()).status_code == 200
    clock.move(minutes=6)
    assert render_next()
    db.session.expire_all()
    assert image.widths == [300]


def test_a_worker_that_works_once_goes_on_to_its_end(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    add_image(picture_bytes(300, 200), filename="hip.jpg", said=SAID)
    break_place(monkeypatch, "read")
    assert work_once(app) == 0


def test_a_picture_is_deleted_also_while_its_files_cannot_be(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for fails in ("names", "remove"):
        image = make_image()
        with monkeypatch.context() as patched:
            break_place(patched, fails)
            delete_image(image)
    assert count_images() == 0


def test_a_picture_that_cannot_be_read_is_answered_with_503_and_the_page_around_it_with_200(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = make_image()
    article = make_article(image_id=image.id, body=f'<p>Look</p><figure data-image="{image.id}"></figure>')
    with monkeypatch.context() as patched:
        break_place(patched, *("open", "read", "write", "names", "move", "remove"))
        for address in (image.url(), f"{article.address}share.jpg"):
            answer = client.get(address)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
            assert "unavailable for a moment" in answer.get_data(as_text=True)
            assert answer.headers["Cache-Control"] == "no-store"
        assert image.url(800) in client.get(article.address).get_data(as_text=True)
    assert client.get(image.url()).status_code == 200


def test_a_folder_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    (tmp_path / "in-the-way").touch()
    with pytest.raises(StoreAway, match=r"File exists|Not a directory"):
        Folder(tmp_path).write("in-the-way/480.jpg", b"")


def test_a_disk_that_is_full_leaves_nothing_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(path: Path, data: bytes) -> None:
        path.open("wb").close()
        raise OSError(errno.ENOSPC, "No space left on device")

    place = Folder(tmp_path)
    place.write("a/1.jpg", b"old")
    monkeypatch.setattr(Path, "write_bytes", half)
    for name in ("a/1.jpg", "b/v2/1.jpg"):
        with pytest.raises(StoreAway, match="No space"):
            place.write(name, b"new")
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == ["a", "1.jpg"]
    assert place.read("a/1.jpg") == b"old"
