"""Replacing the file of an image: id and key stay, and the new URL never serves the old file."""

import errno
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.articles.models import Article
from clinic.core import audit
from clinic.core.audit import AuditLine
from clinic.core.db import atomic, db
from clinic.media import operations
from clinic.media.errors import ImageReplaced, NotAnImage
from clinic.media.files import files
from clinic.media.models import Image
from clinic.media.operations import delete_image, render_next, replace_image
from clinic.media.renditions import Upright, rendition_files
from clinic.reading.share_picture import share_picture
from tests.factories import make_article, make_image, picture_bytes
from tests.media.places import break_place, everything, names


def with_other_file(image: Image, width: int = 300, kind: str = "PNG") -> Image:
    return replace_image(image, picture_bytes(width, 200, kind), filename=f"other.{kind.lower()}")


@pytest.mark.slow
def test_the_number_and_the_words_stay_and_the_old_files_go(app: Flask) -> None:
    image = make_image()
    number, key, alt = image.id, image.key, image.alt
    with_other_file(image)
    assert (image.id, image.key, image.alt) == (number, key, alt)
    assert (image.version, image.width, image.height, image.extension) == (2, 300, 200, "png")
    assert (image.filename, image.widths, image.rendered_at) == ("other.png", [], None)
    assert names(image) == ["v2/original.png"]
    assert "replaced" in db.session.scalars(sa.select(AuditLine.verb)).all()


def test_the_worker_makes_the_renditions_anew(app: Flask, client: FlaskClient) -> None:
    image = with_other_file(make_image())
    assert client.get(image.url()).status_code == 200
    assert image.url().endswith("/original.png?v=2")
    assert render_next()
    assert not render_next()
    db.session.refresh(image)
    assert image.widths == [300]
    assert names(image) == ["v2/300.avif", "v2/300.jpg", "v2/300.webp", "v2/original.png"]
    for extension in image.formats:
        address = image.srcset(extension).split()[0]
        assert "?v=2" in address
        assert client.get(address).status_code == 200


def test_it_is_replaced_again_and_again(app: Flask) -> None:
    image = make_image()
    for version, width in ((2, 300), (3, 400), (4, 500)):
        with_other_file(image, width)
        assert (image.version, names(image)) == (version, [f"v{version}/original.png"])
    delete_image(image)
    assert not everything()


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


@pytest.mark.slow
@pytest.mark.parametrize("query", ["v=3", "v=0", "v=x", "v=-1", "v=", "v=1/..", f"v={'9' * 500}"])
def test_a_version_that_never_was_leads_to_the_present_one(client: FlaskClient, query: str) -> None:
    image = with_other_file(make_image())
    assert client.get(f"/media/{image.key}/480.jpg?{query}").headers["Location"] == image.url()
    assert client.get(f"/media/no-such/480.jpg?{query}").status_code == 404
    assert client.get(f"/media/{image.key}/480.jpg?v=2").status_code == 404


@pytest.mark.parametrize("data", [b"", b"plain text", picture_bytes(400, 300)[:-600]])
def test_what_is_no_picture_changes_nothing(app: Flask, data: bytes) -> None:
    image = make_image()
    before = names(image)
    with pytest.raises(NotAnImage):
        replace_image(image, data, filename="x.jpg")
    assert (names(image), image.version, image.filename) == (before, 1, "one-leg.jpg")


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["write", "row", "names", "move"])
def test_a_fault_while_writing_leaves_the_old_picture_whole(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    image = make_image()
    before = names(image)

    def fail(*_args: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        if fault == "row":
            patched.setattr(audit, "record", fail)
        else:
            break_place(patched, fault)
        with pytest.raises(OSError, match="No space"):
            with_other_file(image)
    db.session.refresh(image)
    assert (image.version, image.widths, names(image)) == (1, [480, 640], before)
    assert client.get(image.url()).status_code == 200
    with_other_file(image)
    assert names(image) == ["v2/original.png"]


def test_what_an_attempt_left_that_never_committed_is_in_nobodys_way(app: Flask) -> None:
    image = make_image()
    files().write(f"{image.key}/v2/480.jpg", b"old")
    with_other_file(image)
    assert names(image) == ["v2/original.png"]


@pytest.mark.slow
def test_of_two_at_once_the_slower_is_told_and_takes_nothing_away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    image = make_image()
    make = operations.original_file  # type: ignore[attr-defined] # imported there

    def somebody_is_quicker(upright: Upright) -> bytes:
        monkeypatch.setattr(operations, "original_file", make)
        with_other_file(db.session.get_one(Image, image.id), 500)
        return make(upright)

    monkeypatch.setattr(operations, "original_file", somebody_is_quicker)
    with pytest.raises(ImageReplaced):
        with_other_file(image, 300)
    db.session.refresh(image)
    assert (image.version, image.width, names(image)) == (2, 500, ["v2/original.png"])


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before it writes", "after it has written"])
def test_a_worker_who_is_at_the_old_file_leaves_no_trace(
    app: Flask, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    image = make_image()
    for _ in range(2):  # from the first version's folder, then from a later one
        with atomic():
            image.rendered_at = None
        with monkeypatch.context() as patched:
            patched.setattr(operations, "rendition_files", replaced_meanwhile(image, moment))
            assert render_next()
        db.session.refresh(image)
        assert (image.rendered_at, image.widths) == (None, [])
        assert names(image) == [f"v{image.version}/original.png"]
        assert render_next()
        db.session.refresh(image)
        assert image.widths == [300]


def replaced_meanwhile(image: Image, moment: str) -> Callable[[bytes], Iterator[tuple[str, bytes]]]:
    def make_late(original: bytes) -> Iterator[tuple[str, bytes]]:
        if moment == "after it has written":
            yield from rendition_files(original)
        with_other_file(db.session.get_one(Image, image.id))
        if moment == "before it writes":
            yield "480.jpg", b"of the old file"

    return make_late


def test_a_picture_deleted_while_a_worker_is_at_it_is_no_error(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    image = make_image()
    with atomic():
        image.rendered_at = None

    def make_late(original: bytes) -> Iterator[tuple[str, bytes]]:
        yield "480.jpg", b"before"
        delete_image(db.session.get_one(Image, image.id))
        yield "800.jpg", b"after"

    monkeypatch.setattr(operations, "rendition_files", make_late)
    assert render_next()
    assert not everything()


def test_what_others_show_with_a_link_is_drawn_from_the_new_file(app: Flask) -> None:
    article = make_article(image_id=make_image().id)
    assert article.image
    before = shared(article)
    replace_image(article.image, picture_bytes(300, 200, "PNG"), filename="x.png")
    bare = make_article(title=article.title)
    assert shared(article) not in (before, shared(bare))
    assert len([name for name in everything() if name.startswith(f"share/{article.id}-")]) == 1


def shared(article: Article) -> bytes:
    with share_picture(article, "Clinic").stream as stream:
        return stream.read()
