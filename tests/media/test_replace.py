"""A picture's file is replaced: same number, same key, and nobody sees the old one under the new address."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image as Pillow

from clinic.articles.share import share_picture
from clinic.core import audit
from clinic.core.audit import AuditLine
from clinic.core.db import atomic, db
from clinic.core.settings import settings
from clinic.media import operations
from clinic.media.errors import ImageReplaced, NotAPicture
from clinic.media.models import Image
from clinic.media.operations import delete_image, render_next, replace_image
from tests.factories import make_article, make_image, picture_bytes


def files(image: Image) -> list[str]:
    """Every file of a picture, by its path under the picture's key."""
    root = settings().media_root / image.key
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def with_other_file(image: Image, width: int = 300, kind: str = "PNG") -> Image:
    return replace_image(image, picture_bytes(width, 200, kind), filename=f"other.{kind.lower()}")


def test_the_number_and_the_words_stay_and_the_old_files_go(app: Flask) -> None:
    image = make_image()
    number, key, alt = image.id, image.key, image.alt
    with_other_file(image)
    assert (image.id, image.key, image.alt) == (number, key, alt)
    assert (image.version, image.width, image.height, image.extension) == (2, 300, 200, "png")
    assert (image.filename, image.widths, image.rendered_at) == ("other.png", [], None)
    assert files(image) == ["v2/original.png"]
    assert "replaced" in db.session.scalars(sa.select(AuditLine.verb)).all()


def test_the_worker_makes_the_renditions_anew(app: Flask, client: FlaskClient) -> None:
    image = with_other_file(make_image())
    assert client.get(image.url()).status_code == 200
    assert image.url().endswith("/original.png?v=2")
    assert render_next()
    assert not render_next()
    db.session.refresh(image)
    assert image.widths == [300]
    assert files(image) == ["v2/300.avif", "v2/300.jpg", "v2/300.webp", "v2/original.png"]
    for extension in image.formats:
        address = image.srcset(extension).split()[0]
        assert "?v=2" in address
        assert client.get(address).status_code == 200


def test_it_is_replaced_again_and_again(app: Flask) -> None:
    image = make_image()
    for version, width in ((2, 300), (3, 400), (4, 500)):
        with_other_file(image, width)
        assert (image.version, files(image)) == (version, [f"v{version}/original.png"])
    delete_image(image)
    assert not (settings().media_root / image.key).exists()


def test_an_old_address_leads_to_the_present_file(app: Flask, client: FlaskClient) -> None:
    image = make_image()
    old = [image.url(480), f"/media/{image.key}/640.avif", f"/media/{image.key}/original.jpg"]
    with_other_file(image)
    for _ in range(2):
        for address in old:
            answer = client.get(address)
            assert answer.status_code == 302
            assert answer.headers["Location"] == image.url(480)
            assert "immutable" not in answer.headers["Cache-Control"]
            assert client.get(answer.headers["Location"]).status_code == 200
        assert render_next() or image.widths
        db.session.refresh(image)


@pytest.mark.parametrize("query", ["v=3", "v=0", "v=x", "v=-1", "v=", "v=1/..", f"v={'9' * 500}"])
def test_a_version_that_never_was_leads_to_the_present_one(client: FlaskClient, query: str) -> None:
    image = with_other_file(make_image())
    assert client.get(f"/media/{image.key}/480.jpg?{query}").headers["Location"] == image.url()
    assert client.get(f"/media/no-such/480.jpg?{query}").status_code == 404
    assert client.get(f"/media/{image.key}/480.jpg?v=2").status_code == 404


@pytest.mark.parametrize("data", [b"", b"plain text", picture_bytes(400, 300)[:-600]])
def test_what_is_no_picture_changes_nothing(app: Flask, data: bytes) -> None:
    image = make_image()
    before = files(image)
    with pytest.raises(NotAPicture):
        replace_image(image, data, filename="x.jpg")
    assert (files(image), image.version, image.filename) == (before, 1, "one-leg.jpg")


@pytest.mark.parametrize("fault", ["disk", "row", "rename"])
def test_a_fault_while_writing_leaves_the_old_picture_whole(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    image = make_image()
    before = files(image)

    def fail(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    place = {"disk": (Pillow.Image, "save"), "row": (audit, "record"), "rename": (Path, "rename")}[fault]
    with monkeypatch.context() as patched:
        patched.setattr(*place, fail)
        with pytest.raises(OSError, match="No space"):
            with_other_file(image)
    db.session.refresh(image)
    assert (image.version, image.widths, files(image)) == (1, [480, 640], before)
    assert client.get(image.url()).status_code == 200
    with_other_file(image)
    assert files(image) == ["v2/original.png"]


def test_what_an_attempt_left_that_never_committed_is_in_nobodys_way(app: Flask) -> None:
    image = make_image()
    leftover = settings().media_root / image.key / "v2"
    leftover.mkdir()
    (leftover / "480.jpg").write_bytes(b"old")
    with_other_file(image)
    assert files(image) == ["v2/original.png"]


def test_of_two_at_once_the_slower_is_told_and_takes_nothing_away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    image = make_image()
    write = operations.write_original

    def somebody_is_quicker(*args: object) -> None:
        monkeypatch.setattr(operations, "write_original", write)
        with_other_file(db.session.get_one(Image, image.id), 500)
        write(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(operations, "write_original", somebody_is_quicker)
    with pytest.raises(ImageReplaced):
        with_other_file(image, 300)
    db.session.refresh(image)
    assert (image.version, image.width, files(image)) == (2, 500, ["v2/original.png"])


@pytest.mark.parametrize("moment", ["before it writes", "after it has written"])
def test_a_worker_who_is_at_the_old_file_leaves_no_trace(
    app: Flask, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    image = make_image()
    for _ in range(2):  # from the first version's folder, and from one of its own
        with atomic():
            image.rendered_at = None
        with monkeypatch.context() as patched:
            patched.setattr(operations, "write_renditions", replaced_meanwhile(image, moment))
            assert render_next()
        db.session.refresh(image)
        assert (image.rendered_at, image.widths) == (None, [])
        assert files(image) == [f"v{image.version}/original.png"]
        assert render_next()
        db.session.refresh(image)
        assert image.widths == [300]


def replaced_meanwhile(image: Image, moment: str) -> Callable[[Path], list[int]]:
    write = operations.write_renditions

    def write_late(folder: Path) -> list[int]:
        if moment == "after it has written":
            write(folder)
        with_other_file(db.session.get_one(Image, image.id))
        if moment == "before it writes":
            folder.mkdir(exist_ok=True)
            (folder / "480.jpg").write_bytes(b"of the old file")
        return [480]

    return write_late


def test_a_picture_deleted_while_a_worker_is_at_it_is_no_error(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    image = make_image()
    with atomic():
        image.rendered_at = None

    def write_late(folder: Path) -> list[int]:
        delete_image(db.session.get_one(Image, image.id))
        raise FileNotFoundError(folder)

    monkeypatch.setattr(operations, "write_renditions", write_late)
    assert render_next()


def test_what_others_show_with_a_link_is_drawn_from_the_new_file(app: Flask) -> None:
    article = make_article(image_id=make_image().id)
    assert article.image
    before = share_picture(article, "Clinic").read_bytes()
    replace_image(article.image, picture_bytes(300, 200, "PNG"), filename="x.png")
    bare = make_article(title=article.title)
    assert share_picture(article, "Clinic").read_bytes() != share_picture(bare, "Clinic").read_bytes()
    assert before != share_picture(article, "Clinic").read_bytes()
