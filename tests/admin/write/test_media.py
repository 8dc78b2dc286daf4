"""Tests of Media: upload, describe, replace and delete pictures."""

import io
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.articles.lifecycle import trash_article
from clinic.core.db import db
from clinic.media.models import Image
from clinic.media.operations import Description, describe_image
from tests.browse import check, visit
from tests.factories import make_article, make_image, picture_bytes

SignIn = Callable[..., FlaskClient]
WORDS: dict[str, Any] = {"alt": "A woman lifts her hip", "credit": "Photo: Ana Lee"}


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
        upload: dict[str, Any] = {"file": (io.BytesIO(file), "hip.jpg")} if file is not None else {}
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
    article = make_article(image_id=lead.id, body=f'<p>Look</p><figure data-image="{inside.id}"></figure>')
    for image in (lead, inside):
        page = visit(editor, f"/admin/media/delete/?id={image.id}")
        assert "You cannot delete this picture" in page.alert()
        assert page.texts(".uses a") == [article.title]
        assert "Delete" not in page.texts("button")
    page = visit(editor, f"/admin/media/delete/?id={free.id}")
    assert page.texts("h1") == ["Delete this picture?"]
    assert page.submit("Delete").status_text() == "Deleted: picture."
    assert sorted(db.session.scalars(sa.select(Image.id))) == sorted([lead.id, inside.id])


def test_decorative_is_a_choice_and_is_read_out_as_nothing(sign_in: SignIn, client: FlaskClient) -> None:
    editor = sign_in("editor")
    upload = (io.BytesIO(picture_bytes()), "waves.jpg")
    words: dict[str, Any] = {"alt": "", "credit": "Photo: Ana Lee", "file": upload, "is_decorative": "y"}
    assert visit(editor, "/admin/media/new/").submit("Save", **words).status_text() == "Saved."
    image = db.session.scalars(sa.select(Image)).one()
    assert visit(client, make_article(image_id=image.id).address).one("figure img").attributes["alt"] == ""


def test_source_licence_and_focal_point_are_shown(sign_in: SignIn, client: FlaskClient) -> None:
    image = make_image()
    article = make_article(image_id=image.id)
    form = visit(sign_in("editor"), f"/admin/media/edit/?id={image.id}")
    said: dict[str, Any] = {
        "source_url": "https://example.org/photo",
        "licence": "CC BY 4.0",
        "focus_x": "27",
        "focus_y": "100",
    }
    assert form.submit("Save", **said).status_text() == "Saved."
    page = visit(client, article.address)
    assert page.one(".figure .credit a").attributes["href"] == "https://example.org/photo"
    assert page.one(".figure .credit").text() == "Photo: Mei Tan, CC BY 4.0"
    assert page.one(".figure img").attributes["class"] == "focus-x-30 focus-y-100"
    for wrong in ({"source_url": "javascript:alert(1)"}, {"focus_x": "110"}, {"focus_y": "x"}):
        assert form.submit("Save", **dict[str, Any](wrong)).status == 422


# The list


def test_the_list_is_a_grid_or_rows_and_a_search_and_a_sort_keep_that(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    for alt in ("A chair", "A stool", "A chair for two"):
        make_image(alt)
    page = visit(editor, "/admin/media/")
    assert page.tree.css_first("table.media-grid")
    rows = visit(editor, page.tree.css(".tabs a")[1].attributes["href"] or "").submit("Search", search="chair")
    assert rows.texts(".media-rows td.media-alt") == ["A chair for two", "A chair"]
    by_alt = visit(editor, rows.tree.css("thead a")[0].attributes["href"] or "")
    assert by_alt.texts(".media-rows td.media-alt") == ["A chair", "A chair for two"]
    grid = visit(editor, by_alt.tree.css(".tabs a")[0].attributes["href"] or "")
    assert grid.texts(".media-grid td.media-alt") == ["A chair", "A chair for two"]


def test_an_empty_library_teaches(sign_in: SignIn) -> None:
    page = visit(sign_in("editor"), "/admin/media/")
    assert "Add an alt text" in page.text
    assert visit(page.client, page.one(".card .button").attributes["href"] or "").texts("h1") == ["Upload pictures"]


def test_a_card_says_where_its_picture_is_shown_and_what_is_missing(sign_in: SignIn) -> None:
    shown, bare = make_image("A chair"), make_image("A stool")
    article = make_article(image_id=shown.id, body=f'<p>Look</p><figure data-image="{shown.id}"></figure>')
    describe_image(bare, Description(alt="", credit="Photo: Ana"))
    page = visit(sign_in("editor"), "/admin/media/?sort=1")
    assert page.texts("td.media-uses") == ["not used", f"{article.title} , {article.title}"]
    assert page.texts("td.media-state") == ["ready needs alt text", "ready"]
    page = visit(page.client, f"/admin/media/edit/?id={shown.id}")
    assert page.texts(".uses li") == [f"{article.title} {how}, published" for how in ("main picture", "in the text")]
    assert visit(page.client, page.tree.css(".uses a")[0].attributes["href"] or "").texts("h1") == ["Edit article"]


def test_what_lies_in_the_trash_still_holds_its_picture_and_is_found_there(sign_in: SignIn) -> None:
    image = make_image()
    article = make_article(image_id=image.id)
    trash_article(article)
    editor = sign_in("editor")
    page = visit(editor, f"/admin/media/delete/?id={image.id}")
    assert page.texts(".uses li") == [f"{article.title} main picture, in the trash"]
    assert article.title in visit(editor, page.one(".uses a").attributes["href"] or "").text


def test_a_picture_that_was_put_to_use_meanwhile_is_not_deleted(sign_in: SignIn) -> None:
    image = make_image()
    page = visit(sign_in("editor"), f"/admin/media/delete/?id={image.id}")
    article = make_article(image_id=image.id)
    page = page.submit("Delete")
    assert page.status == 422
    assert "it is in use" in page.alert()
    assert page.texts(".uses a") == [article.title]


# Replacing


def test_a_file_is_replaced_and_readers_see_the_new_one_at_the_same_picture(
    sign_in: SignIn, client: FlaskClient
) -> None:
    image = make_image()
    article = make_article(image_id=image.id)
    form = visit(sign_in("editor"), f"/admin/media/replace/?id={image.id}")
    assert form.texts(".uses a") == [article.title]
    page = form.submit("Replace", file=(io.BytesIO(picture_bytes(300, 200)), "new.jpg"))
    assert "Replaced." in page.status_text()
    shown = visit(client, article.address).one("figure img").attributes
    assert (shown["src"], shown["width"]) == (f"/media/{image.key}/original.jpg?v=2", "300")


def test_a_file_that_is_no_picture_does_not_replace_one(sign_in: SignIn) -> None:
    image = make_image()
    form = visit(sign_in("editor"), f"/admin/media/replace/?id={image.id}")
    for file, words in ((b"<svg/>", "not a JPEG"), (None, "Choose a picture")):
        upload = {"file": (io.BytesIO(file), "hip.jpg")} if file is not None else {"file": "no file"}
        page = form.submit("Replace", **upload)
        assert page.status == 422
        assert words in page.alert()
        check(page)
    db.session.refresh(image)
    assert image.version == 1


# Many at once


def test_several_files_are_uploaded_and_then_described(sign_in: SignIn) -> None:
    form = visit(sign_in("editor"), "/admin/media/upload/")
    files = [
        (io.BytesIO(data), name)
        for name, data in (("a.jpg", picture_bytes()), ("b.jpg", b""), ("c.jpg", picture_bytes()))
    ]
    page = form.submit("Upload", credit="Photo: Ana", files=files)
    assert page.texts("h1") == ["Add alt texts"]
    assert "b.jpg: This is not a JPEG, PNG or WebP picture." in page.alert()
    first, second = (image.id for image in db.session.scalars(sa.select(Image).order_by(Image.id)))
    fields: dict[str, Any] = {f"{first}-alt": "A chair"}
    page = page.submit("Save", **fields)
    assert page.status == 422
    assert page.values("Save")[f"{first}-alt"] == "A chair"
    check(page)
    fields = {f"{second}-is_decorative": "y"}
    page = page.submit("Save", **fields)
    assert page.status_text() == "Saved: 2 pictures."
    images = db.session.scalars(sa.select(Image).order_by(Image.id))
    assert [(one.alt, one.is_decorative, one.credit) for one in images] == [
        ("A chair", False, "Photo: Ana"),
        ("", True, "Photo: Ana"),
    ]


@pytest.mark.parametrize("files", [[], [(b"x", "a.jpg"), (b"", "b.jpg")], "no file"])
def test_without_one_good_file_the_form_comes_back(sign_in: SignIn, files: Any) -> None:
    form = visit(sign_in("editor"), "/admin/media/upload/")
    sent = files if isinstance(files, str) else [(io.BytesIO(data), name) for data, name in files]
    page = form.submit("Upload", credit="Photo: Ana", files=sent)
    assert page.status == 422
    assert page.values("Upload")["credit"] == "Photo: Ana"
    assert ("not a JPEG" if len(files) == 2 else "Choose pictures") in page.alert()
    assert db.session.scalar(sa.select(sa.func.count(Image.id))) == 0


@pytest.mark.parametrize("ids", ["", "0", "abc", "99999999999999", "1,,x"])
def test_nothing_is_asked_about_pictures_that_are_not_there(sign_in: SignIn, ids: str) -> None:
    assert sign_in("editor").get(f"/admin/media/describe/?ids={ids}").status_code == 404


# For scripts


def send(client: FlaskClient, **fields: Any) -> Any:
    data = {"csrf_token": visit(client, "/admin/media/new/").values("Save")["csrf_token"]} | fields
    return client.post("/admin/media/upload.json", data=data, headers={"Sec-Fetch-Site": "same-origin"})


def test_the_editor_finds_pictures_by_words_and_by_number(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    images = [make_image(f"A chair {number}", credit="Photo: Ana 50%") for number in range(3)]
    image = images[1]
    for query in (f"ids={image.id},987654,x", "q=CHAIR+1", "q=ana+50%25+1&page=1", "q=1&page=-5"):
        answer = editor.get(f"/admin/media/pick.json?{query}").get_json()
        assert answer == {
            "images": [
                {
                    "id": image.id,
                    "url": f"/media/{image.key}/480.jpg",
                    "full": f"/media/{image.key}/640.jpg",
                    "alt": "A chair 1",
                    "credit": "Photo: Ana 50%",
                    "is_decorative": False,
                    "width": 640,
                    "height": 400,
                }
            ],
            "more": False,
        }, query
    for query in ("q=nothing", "q=%25%25", "ids=", "ids=x", "q=chair&page=99999999999999"):
        assert editor.get(f"/admin/media/pick.json?{query}").get_json() == {"images": [], "more": False}, query


def test_pictures_to_choose_from_come_24_at_a_time(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clinic.admin.write.images.PICK_SIZE", 2)
    editor = sign_in("editor")
    images = [make_image(f"A chair {number}").id for number in range(4)]
    pages = [editor.get(f"/admin/media/pick.json?q=chair&page={page}").get_json() for page in (1, 2, 3)]
    assert [[one["id"] for one in page["images"]] for page in pages] == [images[:1:-1], images[1::-1], []]
    assert [page["more"] for page in pages] == [True, False, False]


def test_a_script_uploads_a_picture_with_its_words(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    answer = send(editor, **WORDS, file=(io.BytesIO(picture_bytes()), "hip.jpg"))
    assert answer.status_code == 201
    made = answer.get_json()
    assert made == editor.get(f"/admin/media/pick.json?ids={made['id']}").get_json()["images"][0]
    assert (made["alt"], made["credit"], made["width"]) == (WORDS["alt"], WORDS["credit"], 640)
    decorative = send(editor, credit="Ana", is_decorative="y", file=(io.BytesIO(picture_bytes()), "hip.jpg"))
    assert decorative.get_json()["is_decorative"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"alt": " "}, "Describe the picture for people who cannot see it, or tick “Decorative”"),
        ({"credit": ""}, "Enter who made the picture"),
        ({"file": b"<svg/>"}, "This is not a JPEG, PNG or WebP picture."),
        ({"file": None}, "Choose a picture: JPEG, PNG or WebP"),
        ({"file": "text"}, "Choose a picture: JPEG, PNG or WebP"),
    ],
)
def test_a_script_is_told_in_a_sentence_what_is_wrong(sign_in: SignIn, wrong: dict[str, Any], words: str) -> None:
    fields: dict[str, Any] = {**WORDS, "file": picture_bytes(), **wrong}
    if isinstance(fields["file"], bytes):
        fields["file"] = (io.BytesIO(fields["file"]), "hip.jpg")
    answer = send(sign_in("editor"), **{name: value for name, value in fields.items() if value is not None})
    assert (answer.status_code, answer.get_json()) == (422, {"error": words})
    assert db.session.scalar(sa.select(sa.func.count(Image.id))) == 0


def test_a_script_is_told_in_a_sentence_of_what_is_too_large_or_not_allowed(app: Flask, sign_in: SignIn) -> None:
    editor = sign_in("editor")
    large = send(editor, **WORDS, file=(io.BytesIO(b"x" * 26 * 1024 * 1024), "hip.jpg"))
    stale = send(editor, **WORDS, csrf_token="old", file=(io.BytesIO(picture_bytes()), "hip.jpg"))
    ended = app.test_client().get("/admin/media/pick.json")
    other = sign_in("desk").get("/admin/media/pick.json")
    for answer, status, words in (
        (large, 413, "more than we can accept"),
        (stale, 400, "signed out or in again"),
        (ended, 401, "You are signed out."),
        (other, 403, "Your account has no permission for it."),
    ):
        assert answer.status_code == status
        assert words in answer.get_json()["error"]
        assert answer.headers["Cache-Control"] == "no-store"
