"""Media: the editor uploads pictures, describes and removes them."""

import io
from collections.abc import Callable

import sqlalchemy as sa
from flask.testing import FlaskClient

from clinic.core.db import db
from clinic.media.models import Image
from tests.browse import check, visit
from tests.factories import make_article, make_image, picture_bytes

SignIn = Callable[..., FlaskClient]
WORDS = {"alt": "A woman lifts her hip", "credit": "Photo: Ana Lee"}


def test_a_picture_is_uploaded_by_a_plain_file_field_and_served(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    form = visit(editor, "/admin/media/new/")
    assert form.one("input[type=file]").attributes["name"] == "file"
    for kind in ("JPEG", "PNG", "WEBP"):
        page = form.submit("Save", **WORDS, file=(io.BytesIO(picture_bytes(kind=kind)), f"Hip & knee.{kind.lower()}"))
        assert page.status_text() == "Saved."
    images = db.session.scalars(sa.select(Image)).all()
    assert [(one.alt, one.credit, one.width) for one in images] == [(WORDS["alt"], WORDS["credit"], 640)] * 3
    listed = visit(editor, "/admin/media/")
    for picture in listed.tree.css("tbody img"):
        assert editor.get(picture.attributes["src"] or "").status_code == 200


WRONG = (
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a JPEG, PNG or WebP"),
    (picture_bytes()[:400], "damaged"),
    (b"", "not a JPEG, PNG or WebP"),
    (None, "Choose a picture"),
)


def test_what_is_no_picture_is_refused_and_the_words_stay(sign_in: SignIn) -> None:
    form = visit(sign_in("editor"), "/admin/media/new/")
    for file, words in WRONG:
        upload = {"file": (io.BytesIO(file), "hip.jpg")} if file is not None else {}
        page = form.submit("Save", **WORDS, **upload)
        assert page.status == 422
        assert words in page.alert()
        assert {name: page.values("Save")[name] for name in WORDS} == WORDS
        check(page)
    assert db.session.scalar(sa.select(sa.func.count(Image.id))) == 0


def test_a_picture_without_alt_text_and_credit_is_refused(sign_in: SignIn) -> None:
    upload = (io.BytesIO(picture_bytes()), "hip.jpg")
    page = visit(sign_in("editor"), "/admin/media/new/").submit("Save", alt=" ", credit="", file=upload)
    assert page.status == 422
    assert "for people who cannot see it" in page.alert()
    assert "who made the picture" in page.alert()
    assert db.session.scalar(sa.select(sa.func.count(Image.id))) == 0


def test_words_about_a_picture_are_changed_and_readers_see_them(sign_in: SignIn, client: FlaskClient) -> None:
    image = make_image()
    article = make_article(image_id=image.id)
    page = visit(sign_in("editor"), f"/admin/media/edit/?id={image.id}").submit("Save", **WORDS)
    assert page.status_text() == "Saved."
    public = visit(client, article.address)
    assert public.one("figure img").attributes["alt"] == WORDS["alt"]
    assert WORDS["credit"] in public.text


def test_deleting_asks_first_and_is_refused_while_an_article_shows_it(sign_in: SignIn) -> None:
    editor, free, lead, inside = sign_in("editor"), make_image(), make_image(), make_image()
    make_article(image_id=lead.id, body=f'<p>Look</p><figure data-image="{inside.id}"></figure>')
    for image in (lead, inside):
        page = visit(editor, f"/admin/media/delete/?id={image.id}").submit("Delete it")
        assert "An article shows this picture" in page.alert()
    page = visit(editor, f"/admin/media/delete/?id={free.id}")
    assert page.texts("h1") == ["Delete this picture?"]
    assert page.submit("Delete it").status_text() == "Deleted: picture."
    assert sorted(db.session.scalars(sa.select(Image.id))) == sorted([lead.id, inside.id])
