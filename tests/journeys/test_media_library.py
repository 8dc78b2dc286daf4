"""The media library in a browser: upload of several pictures, the focal point, and the picker of the article form."""

import itertools
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.factories import picture_bytes
from tests.journeys.browser import PHONE, Person
from tests.journeys.conftest import MakePerson
from tests.journeys.test_editor_publishes import upload

pytestmark = pytest.mark.browser

numbers = itertools.count(1)


def picture(name: str, data: bytes | None = None) -> Any:
    return {"name": name, "mimeType": "image/jpeg", "buffer": data or picture_bytes(900, 600)}


def drop(person: Person, files: list[Any]) -> None:
    """Drop files over the field."""
    person.page.evaluate(
        """(files) => {
          const data = new DataTransfer();
          for (const [name, bytes] of files)
            data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/jpeg" }));
          const zone = document.querySelector(".drop-zone");
          for (const kind of ["dragenter", "drop"])
            zone.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        [[file["name"], list(file["buffer"])] for file in files],
    )


def refused(person: Person, status: int) -> None:
    """Accept an error status that the test has provoked."""
    assert person.complaints == [f"{status} for {person.site.url}/admin/media/upload.json"]
    person.complaints.clear()


@pytest.mark.parametrize("way", ["chosen", "dropped"])
def test_three_pictures_are_uploaded_at_once_and_a_bad_one_loses_nothing(
    arrive: MakePerson, width: int, way: str
) -> None:
    number = next(numbers)
    editor = arrive(width, "editor")
    editor.open("/admin/media/")
    editor.follow("Upload pictures")
    editor.fill(Credit="Photo: Mei Tan")
    files = [picture("chair.jpg"), picture("broken.jpg", b"no picture"), picture("stool.jpg")]
    if way == "chosen":
        editor.page.get_by_label("Pictures").set_input_files(files)
    else:
        drop(editor, files)
    cards = editor.page.get_by_role("group")
    expect(cards).to_have_count(3)
    editor.page.get_by_role("button", name="Upload 3 pictures").click()
    expect(cards.nth(0).get_by_label("Alt text")).to_be_focused()
    expect(cards.nth(0).get_by_label("Alt text")).to_have_attribute("aria-invalid", "true")
    for at, words in enumerate(("A chair", "A broken one", "A footrest")):
        cards.nth(at).get_by_label("Alt text").fill(f"{words} {number} {way}")
        expect(cards.nth(at).get_by_label("Credit")).to_have_value("Photo: Mei Tan")
    cards.nth(2).get_by_label("Credit").fill("Photo: Ana Lee")
    editor.page.get_by_role("button", name="Upload 3 pictures").click()
    expect(editor.page.get_by_role("status")).to_have_text("2 uploaded. 1 not uploaded yet.")
    expect(cards).to_have_count(1)
    expect(cards.get_by_role("alert")).to_have_text("This is not a JPEG, PNG or WebP picture.")
    expect(cards.get_by_label("Alt text")).to_have_value(f"A broken one {number} {way}")
    refused(editor, 422)
    cards.get_by_role("button", name="Remove").click()
    editor.look()
    editor.follow(f"A footrest {number} {way}", within=".uploaded")
    assert editor.page.get_by_label("Credit").input_value() == "Photo: Ana Lee"


def test_an_upload_goes_on_after_the_connection_or_the_sign_in_was_away(arrive: MakePerson) -> None:
    alt = f"A mat {next(numbers)}"
    editor = arrive(role="editor")
    editor.open("/admin/media/upload/")
    editor.fill(Credit="Photo: Mei Tan")
    editor.page.get_by_label("Pictures").set_input_files(picture("mat.jpg"))
    card = editor.page.get_by_role("group")
    card.get_by_label("Alt text").fill(alt)
    editor.context.set_offline(True)
    editor.page.get_by_role("button", name="Upload").click()
    expect(card.get_by_role("alert")).to_have_text("No connection. Please try again.")
    editor.context.set_offline(False)
    cookies = editor.context.cookies()
    editor.context.clear_cookies()
    card.get_by_role("button", name="Try again").click()
    expect(card.get_by_role("alert")).to_contain_text("You have signed out or in again")
    refused(editor, 400)
    editor.context.add_cookies(cookies)  # type: ignore[arg-type]
    card.get_by_role("button", name="Try again").click()
    expect(editor.page.get_by_role("link", name=alt)).to_be_visible()


def test_many_are_uploaded_and_described_without_javascript(arrive: MakePerson) -> None:
    number = next(numbers)
    editor = arrive(PHONE, "editor", java_script_enabled=False)
    editor.open("/admin/media/upload/")
    editor.fill(Credit="Photo: Mei Tan")
    files = [picture("a.jpg"), picture("b.jpg", b"no picture"), picture("c.jpg")]
    editor.page.get_by_label("Pictures").set_input_files(files)
    editor.press("Upload")
    assert editor.heading() == "Add alt texts"
    assert "b.jpg: This is not a JPEG" in editor.alert()
    boxes = editor.page.get_by_label("Alt text")
    boxes.nth(0).fill(f"A rope {number}")
    editor.press("Save", status=422)
    assert boxes.nth(0).input_value() == f"A rope {number}"
    editor.page.get_by_label("Decorative").nth(1).check()
    editor.press("Save")
    assert "Saved: 2 pictures." in editor.status()
    assert editor.row(f"A rope {number}").get_by_text("not used").is_visible()


def test_the_focal_point_follows_a_click_and_the_keys(arrive: MakePerson, width: int) -> None:
    alt = f"A window {next(numbers)}"
    editor = arrive(width, "editor")
    upload(editor, alt)
    editor.open("/admin/media/")
    editor.follow(alt, within="tbody")
    point = editor.page.get_by_role("slider", name="Focal point", exact=True)
    box = point.bounding_box()
    assert box
    point.click(position={"x": box["width"] * 0.21, "y": box["height"] * 0.79})
    expect(point).to_have_attribute("aria-valuetext", "20 percent from the left, 80 percent from the top")
    expect(editor.page.get_by_label("Focal point from the left")).to_have_value("20")
    editor.page.keyboard.press("ArrowRight")
    for _ in range(4):
        editor.page.keyboard.press("ArrowDown")
    expect(point).to_have_attribute("aria-valuetext", "30 percent from the left, 100 percent from the top")
    cut = editor.page.locator(".focal-square")
    assert cut.evaluate("(image) => getComputedStyle(image).objectPosition") == "30% 100%"
    editor.page.get_by_label("Focal point from the left").press("ArrowLeft")
    expect(point).to_have_attribute("aria-valuenow", "20")
    editor.press("Save")
    assert editor.page.get_by_label("Focal point from the top").input_value() == "100"
    assert cut.evaluate("(image) => getComputedStyle(image).objectPosition") == "20% 100%"


def test_a_file_is_replaced_and_seen_at_once(arrive: MakePerson) -> None:
    alt = f"A lamp {next(numbers)}"
    editor = arrive(role="editor")
    number = upload(editor, alt)
    editor.open(f"/admin/media/edit/?id={number}")
    editor.follow("Replace the file")
    editor.press("Replace", status=422)
    assert "Choose a picture" in editor.alert()
    editor.page.get_by_label("New file").set_input_files(picture("new.jpg", picture_bytes(300, 500)))
    editor.press("Replace")
    assert "Replaced." in editor.status()
    shown = editor.page.locator(".focal-whole img")
    expect(shown).to_have_js_property("naturalHeight", 500)


def test_a_picture_is_picked_for_an_article_by_keys(arrive: MakePerson, width: int) -> None:
    alt = f"A kettle bell {next(numbers)}"
    editor = arrive(width, "editor")
    number = upload(editor, alt)
    editor.open("/admin/articles/new/")
    choose = editor.page.get_by_role("button", name="Picture Choose …")
    choose.focus()
    editor.page.keyboard.press("Enter")
    dialog = editor.page.get_by_role("dialog", name="Choose a picture")
    expect(dialog.get_by_label("Search")).to_be_focused()
    editor.page.keyboard.type(alt)
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    editor.page.keyboard.press("Tab")
    editor.page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(choose).to_be_focused()
    expect(editor.page.locator(".picked-words")).to_contain_text(alt)
    expect(editor.page.locator(".picked-picture")).to_be_visible()
    assert editor.page.locator("#image_id").input_value() == number
    editor.fill(Title=f"With a picture {number}")
    editor.press("Save")
    assert editor.page.locator("#image_id").input_value() == number
    editor.page.get_by_role("button", name="Remove picture").click()
    assert editor.page.locator("#image_id").input_value() == ""
    expect(editor.page.locator(".picked-picture")).to_be_hidden()


def test_a_new_picture_is_uploaded_from_the_article_form(arrive: MakePerson) -> None:
    alt = f"A band {next(numbers)}"
    editor = arrive(role="editor")
    editor.open("/admin/articles/new/")
    editor.page.get_by_role("button", name="Picture Choose …").click()
    dialog = editor.page.get_by_role("dialog", name="Choose a picture")
    dialog.get_by_label("Or upload a new picture").set_input_files(picture("band.jpg"))
    dialog.get_by_role("button", name="Upload and choose").click()
    expect(dialog.get_by_label("Alt text")).to_be_focused()
    dialog.get_by_label("Alt text").fill(alt)
    dialog.get_by_label("Credit").fill("Photo: Mei Tan")
    dialog.get_by_role("button", name="Upload and choose").click()
    expect(dialog).to_be_hidden()
    expect(editor.page.locator(".picked-words")).to_contain_text(alt)


def test_the_list_is_seen_as_cards_or_as_rows_and_sorted(arrive: MakePerson, width: int) -> None:
    editor = arrive(width, "editor")
    editor.open("/admin/media/")
    assert editor.page.locator("tbody").evaluate("(body) => getComputedStyle(body).display") == "grid"
    editor.follow("File", within="thead")
    editor.follow("List", within=".tabs")
    assert "sort=" in editor.page.url
    assert editor.page.locator("tbody").evaluate("(body) => getComputedStyle(body).display") != "grid"
    editor.search("walk")
    assert "view=list" in editor.page.url
    assert editor.page.get_by_role("row").count() > 1
