"""An image whose renditions fail: only this image fails, visibly, and the worker goes on."""

import io
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image as Pillow

from clinic.core.db import db
from clinic.media import operations, renditions
from clinic.media.files import files
from clinic.media.models import MOST_TRIES, Image
from clinic.media.operations import KILLED, LEASE, Description, add_image, render_again, render_next, replace_image
from clinic.media.renditions import MOST_HEIGHT, MOST_OF_A_SIDE, read_upload, rendition_files, widths_for
from tests.browse import check, visit
from tests.conftest import MovableClock
from tests.core.test_jobs import EXCEPTIONS
from tests.factories import make_article, picture_bytes
from tests.faults import fault
from tests.media.places import names

SignIn = Callable[..., FlaskClient]
SAID = Description(alt="A woman lifts her hip", credit="Photo: Ana Lee")


def upload(width: int = 300, height: int = 200, kind: str = "PNG") -> Image:
    return add_image(picture_bytes(width, height, kind), filename="hip.png", said=SAID)


def again(image: Image) -> Image:
    db.session.rollback()
    db.session.refresh(image)
    return image


@pytest.mark.parametrize(("width", "height"), [(800, 17_000), (480, 16_384), (10, 60_000), (1, 100_000)])
def test_a_picture_too_tall_for_a_format_has_smaller_sizes_in_all(app: Flask, width: int, height: int) -> None:
    image = upload(width, height)
    assert render_next()
    again(image)
    assert image.rendered_at
    assert image.render_error == ""
    assert len(names(image)) == 1 + 3 * len(image.widths)
    assert image.widths == widths_for(width, height)
    for name in names(image):
        kind = name.rpartition(".")[2]
        with Pillow.open(io.BytesIO(files().read(f"{image.folder}/{name}"))) as file:
            assert "original" in name or max(file.size) <= MOST_OF_A_SIDE[kind]


@pytest.mark.parametrize(("width", "height"), [(1, 30_000), (30_000, 1)])
def test_the_card_of_a_very_thin_picture_is_drawn(app: Flask, client: FlaskClient, width: int, height: int) -> None:
    image = upload(width, height)
    assert render_next()
    article = make_article(image_id=image.id)
    assert client.get(f"{article.address}share.jpg").status_code == 200
    assert client.get(article.address).status_code == 200


def test_a_wide_picture_of_one_line_is_rendered(app: Flask) -> None:
    image = upload(50_000, 1)
    assert render_next()
    assert again(image).widths == [480, 800, 1200, 1600]


@pytest.mark.parametrize("extension", MOST_OF_A_SIDE)
def test_each_format_holds_what_is_said_of_it(extension: str) -> None:
    most = MOST_OF_A_SIDE[extension]
    buffer = io.BytesIO()
    Pillow.new("RGB", (2, most)).save(buffer, **renditions.SAVE[extension])
    assert Pillow.open(buffer).size == (2, most)


def test_the_picture_of_the_report_is_rendered() -> None:
    upright = read_upload(fault("tall-infographic-800x17000.png"))
    assert upright.pixels.size == (800, 17_000)
    made = dict(rendition_files(renditions.original_file(upright)))
    assert sorted(made) == sorted(f"{width}.{kind}" for width in (480, 770) for kind in MOST_OF_A_SIDE)
    assert Pillow.open(io.BytesIO(made["770.webp"])).height <= MOST_HEIGHT


@pytest.mark.parametrize(
    "error", [one for one in EXCEPTIONS if isinstance(one, Exception)], ids=lambda e: type(e).__name__
)
def test_whatever_the_encoder_raises_fails_this_picture_alone(
    app: Flask, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    bad, good = upload(), upload()
    key, make = bad.key, operations._render

    def render(folder: str, original: str) -> list[int]:
        if folder.startswith(key):
            raise error
        return make(folder, original)

    monkeypatch.setattr(operations, "_render", render)
    assert render_next()
    assert render_next()
    assert not render_next(), "it waits"
    assert again(good).rendered_at
    again(bad)
    assert (bad.rendered_at, bad.render_tries, bad.is_given_up) == (None, 1, False)
    assert bad.render_error.startswith(type(error).__name__)
    assert bad.claimed_until == clock.now + operations.FIRST_WAIT * 4


def test_after_its_tries_it_is_given_up_until_somebody_asks(
    app: Flask, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = upload()
    with monkeypatch.context() as patched:
        patched.setattr(operations, "_render", lambda *_: 1 / 0)
        waits = []
        for _ in range(MOST_TRIES):
            assert render_next()
            until = again(image).claimed_until
            waits.append((until - clock.now).total_seconds() if until else None)
            clock.now = until or clock.now
            clock.move(seconds=1)
        assert waits == [60, 240, 960, 3840, None]
        clock.move(days=9)
        assert not render_next()
        assert again(image).is_given_up
        assert render_again(image)
        assert render_next()
    assert again(image).render_tries == 1
    assert render_again(image)
    assert not render_again(image), "pressed twice, it is asked for once"
    assert render_next()
    assert again(image).widths == [300]
    assert not render_again(image), "it is made"


def test_a_picture_that_kills_its_worker_is_given_up_too(app: Flask, clock: MovableClock) -> None:
    image, other = upload(), upload()
    waits = []
    for _ in range(MOST_TRIES):
        assert operations._claim()  # the worker is killed afterwards
        until = again(image).claimed_until
        assert until
        waits.append((until - clock.now) / LEASE)
        assert render_next() is (len(waits) == 1), "the other one is made"
        clock.now = until
        clock.move(seconds=1)
    assert waits == [1, 2, 4, 8, 16]
    assert not render_next()
    assert (again(image).render_error, image.is_given_up) == (KILLED, True)
    assert again(other).rendered_at
    assert not render_next()


def test_another_file_begins_anew(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    image = upload()
    with monkeypatch.context() as patched:
        patched.setattr(operations, "_render", lambda *_: 1 / 0)
        assert render_next()
    replace_image(image, picture_bytes(400, 300), filename="other.jpg")
    assert (image.render_tries, image.render_error) == (0, "")
    assert render_next()
    assert again(image).widths == [400]


def test_an_old_failure_says_nothing_of_a_new_file(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    image = upload()

    def replaced_meanwhile(*_: object) -> list[int]:
        replace_image(db.session.get_one(Image, image.id), picture_bytes(400, 300), filename="other.jpg")
        raise ValueError

    with monkeypatch.context() as patched:
        patched.setattr(operations, "_render", replaced_meanwhile)
        assert render_next()
    assert (again(image).render_tries, image.render_error) == (0, "")


def test_staff_see_why_and_try_again(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    image = upload()
    with monkeypatch.context() as patched:
        patched.setattr(operations, "_render", lambda *_: (_ for _ in ()).throw(MemoryError()))
        assert render_next()
    editor = sign_in("editor")
    assert "sizes failed" in visit(editor, "/admin/media/").text
    page = visit(editor, f"/admin/media/edit/?id={image.id}")
    check(page)
    assert "The sizes could not be created" in page.text
    assert "Reason: MemoryError" in page.text
    assert "The worker will try again at" in page.text
    assert "create the sizes again" in page.submit("Try again").status_text()
    assert render_next()
    page = visit(editor, f"/admin/media/edit/?id={image.id}")
    assert "could not be created" not in page.text
    assert db.session.scalar(sa.select(Image.render_error)) == ""
