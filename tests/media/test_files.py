"""Serving and deleting image files."""

import io
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image as Pillow

from clinic.articles.lifecycle import delete_article
from clinic.articles.operations import edit_article
from clinic.core.db import db
from clinic.core.settings import settings
from clinic.media.errors import ImageInUse
from clinic.media.files import files
from clinic.media.models import Image
from clinic.media.operations import Description, delete_image, describe_image
from clinic.media.renditions import read_upload
from tests.articles.test_operations import changed
from tests.factories import make_article, make_image
from tests.media.places import everything, names


def test_each_file_is_served_with_its_type_and_kept_for_ever(client: FlaskClient) -> None:
    image = make_image()
    for name, kind in (
        ("480.avif", "image/avif"),
        ("480.jpg", "image/jpeg"),
        ("480.webp", "image/webp"),
        ("original.jpg", "image/jpeg"),
    ):
        answer = client.get(f"/media/{image.key}/{name}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert client.head(f"/media/{image.key}/{name}").status_code == 200


def test_who_has_a_file_is_told_so_and_who_wants_a_part_gets_it(client: FlaskClient) -> None:
    address = f"/media/{make_image().key}/480.jpg"
    whole = client.get(address)
    assert whole.content_length == len(whole.data)
    kept = client.get(address, headers={"If-None-Match": whole.headers["ETag"]})
    assert (kept.status_code, kept.data, kept.headers["ETag"]) == (304, b"", whole.headers["ETag"])
    assert "immutable" in kept.headers["Cache-Control"]
    assert client.get(address, headers={"If-Modified-Since": whole.headers["Last-Modified"]}).status_code == 304
    part = client.get(address, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, whole.data[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole.data)}"
    assert client.get(address, headers={"Range": f"bytes={len(whole.data)}-"}).status_code == 416
    asked = client.head(address)
    assert (asked.data, asked.content_length) == (b"", len(whole.data))


OUTSIDE = (
    "/media/{key}/../../clinic.sqlite3",
    "/media/../clinic.sqlite3",
    "/media/..%2fclinic.sqlite3/x",
    "/media/%2e%2e/clinic.sqlite3",
    "/media/{key}/..%2f..%2fclinic.sqlite3",
    "/media/{key}/%2e%2e%2f%2e%2e%2fclinic.sqlite3",
    "/media/{key}/..%5c..%5cclinic.sqlite3",
    "/media//etc/passwd",
    "/media/%2fetc/passwd",
    "/media/{key}/",
    "/media/{key}",
    "/media/",
    "/media/{key}/no-such.jpg",
    "/media/{key}/.hidden.jpg",
    "/media/.hidden/480.jpg",
    "/media/no-such/480.jpg",
    "/media/./{key}/%2e",
    f"/media/{{key}}/{'x' * 5000}",
)


def test_no_path_leads_out_of_the_pictures(client: FlaskClient) -> None:
    (settings().media_root.parent / "clinic.sqlite3").touch()
    key = make_image().key
    for name in (f"{key}/.hidden.jpg", ".hidden/480.jpg"):
        files().write(name, b"being written")
    for path in OUTSIDE:
        answer = client.get(path.format(key=key))
        if answer.status_code == 308:  # a double slash is removed
            answer = client.get(answer.headers["Location"])
        assert answer.status_code == 404, path


def test_a_picture_nobody_shows_is_deleted_with_its_files_and_again_is_harmless(app: Flask) -> None:
    image = make_image()
    assert names(image)
    delete_image(image)
    assert not everything()
    assert db.session.scalar(sa.select(sa.func.count(Image.id))) == 0


@pytest.mark.parametrize("shown", ["lead", "body"])
def test_a_picture_that_an_article_shows_cannot_be_deleted(app: Flask, shown: str) -> None:
    image = make_image()
    inside = f'<p>Look</p><figure data-image="{image.id}"></figure>'
    place: dict[str, Any] = {"image_id": image.id} if shown == "lead" else {"body": inside}
    article = make_article(publish=False, **place)
    with pytest.raises(ImageInUse):
        delete_image(image)
    assert "480.jpg" in names(image)
    assert db.session.get(Image, image.id)
    edit_article(article, changed(article, image_id=None, body="<p>Without</p>"))
    delete_image(image)
    assert not everything()


def test_a_deleted_article_sets_its_pictures_free(app: Flask) -> None:
    image = make_image()
    article = make_article(image_id=image.id, body=f'<p>Look</p><figure data-image="{image.id}"></figure>')
    delete_article(article)
    delete_image(image)
    assert db.session.scalar(sa.select(sa.func.count(Image.id))) == 0


def test_words_about_a_picture_can_change(app: Flask) -> None:
    image = describe_image(make_image(), Description(alt="A hip", credit="Photo: Ana", focus_x=30))
    assert (image.alt, image.credit, image.focus_class) == ("A hip", "Photo: Ana", "focus-x-30")


def test_other_colours_than_rgb_are_converted_and_their_profile_is_not_kept() -> None:
    grey = Pillow.new("I;16", (40, 40))
    grey.putdata([30_000] * 1600)
    buffer = io.BytesIO()
    grey.save(buffer, "PNG")
    upright = read_upload(buffer.getvalue())
    assert (upright.pixels.mode, upright.pixels.getpixel((0, 0)), upright.profile) == ("RGB", (116, 116, 116), None)
    buffer = io.BytesIO()
    Pillow.new("CMYK", (40, 40), (0, 200, 200, 0)).save(buffer, "JPEG", icc_profile=b"a profile of inks")
    upright = read_upload(buffer.getvalue())
    assert (upright.pixels.mode, upright.profile) == ("RGB", None)
