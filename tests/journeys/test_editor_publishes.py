"""An editor writes, uploads a picture, publishes, changes and retires an article; readers see each step at once."""

import itertools

import pytest
from playwright.sync_api import expect

from tests.factories import picture_bytes
from tests.journeys.browser import Person
from tests.journeys.conftest import MakePerson

pytestmark = pytest.mark.browser

numbers = itertools.count(1)


def upload(editor: Person, alt: str) -> str:
    """Upload a picture. Returns its id."""
    editor.follow("Media", within="header")
    editor.follow("New picture")
    picture = {"name": "stretch.jpg", "mimeType": "image/jpeg", "buffer": picture_bytes(1600, 1000)}
    editor.page.get_by_label("Picture").set_input_files(picture)  # type: ignore[arg-type]
    editor.fill(Alt_text=alt, Credit="Photo: Mei Tan")
    editor.press("Save")
    assert "Saved" in editor.status()
    editor.follow("Media", within="header")
    number = editor.row(alt).locator("[data-label=Number]").inner_text()
    assert number.isdecimal()
    return number


def write(editor: Person, title: str, number: str = "") -> None:
    """Fill in the form of a new article."""
    editor.follow("Articles", within="header")
    editor.follow("New article")
    figure = f'<figure data-image="{number}"></figure>' if number else ""
    editor.fill(Title=title, Summary="How to sit down less.", Tags="sitting")
    type_html(editor, f"<p>Stand up often.</p>{figure}<h2>How</h2>")
    editor.page.get_by_label("Category").select_option("Joints")
    editor.page.get_by_label("Author").select_option(index=1)
    if number:
        editor.page.locator("#image_id").select_option(number, force=True)  # a script hides it behind a picker


def type_html(editor: Person, html: str) -> None:
    """Insert a body as HTML."""
    if not editor.page.locator("textarea#body").is_visible():
        editor.page.get_by_role("button", name="Edit as HTML").click()
    editor.page.locator("textarea#body").fill(html)


def address(editor: Person) -> str:
    """Return the address of the article in the open form."""
    return f"/articles/{editor.page.get_by_label('Slug').input_value()}/"


def widths_of_pictures(reader: Person) -> list[int]:
    """Return the width of each picture of the article, once it is loaded."""
    pictures = reader.page.locator(".article img").all()
    for picture in pictures:
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
    return [int(picture.evaluate("(image) => image.naturalWidth")) for picture in pictures]


def test_an_article_with_a_picture_is_written_published_changed_and_taken_down(arrive: MakePerson, width: int) -> None:
    title = f"Stand up often {next(numbers)}"
    editor, reader = arrive(width, "editor"), arrive(width)
    alt = f"A chair, from the side, {title}"
    write(editor, title, upload(editor, alt))
    editor.press("Save")
    assert "It is not published yet." in editor.status()
    here = address(editor)
    reader.open(here, status=404)

    editor.press("Publish")
    assert "Saved and published." in editor.status()
    reader.open("/articles/")
    reader.follow(title)
    assert reader.path == here
    assert reader.heading() == title
    assert reader.page.get_by_alt_text(alt).count() == 2
    assert len(widths_of_pictures(reader)) == 2
    assert all(widths_of_pictures(reader))
    assert reader.text().count("Photo: Mei Tan") == 2

    editor.fill(Title=f"{title}, changed", Slug=f"{here.split('/')[2]}-changed")
    editor.press("Save")
    editor.follow("View on the site")
    assert editor.heading() == f"{title}, changed"
    reader.open(here)
    assert reader.path == editor.path == f"{here[:-1]}-changed/", "the old address leads to the new one"

    editor.page.go_back()
    editor.fill(Reason_for_unpublishing="Out of date")
    editor.press("Unpublish")
    assert "Unpublished" in editor.status()
    reader.open(f"{here[:-1]}-changed/", status=410)
    reader.open("/articles/")
    assert title not in reader.text()


def test_what_is_missing_is_named_before_anything_is_published(arrive: MakePerson) -> None:
    title = f"Without an author {next(numbers)}"
    editor = arrive(role="editor")
    write(editor, title)
    editor.page.get_by_label("Author").select_option(index=0)
    editor.press("Publish")
    assert "not published. To publish, add an author." in editor.alert()
    arrive().open(address(editor), status=404)
    editor.page.get_by_label("Author").select_option(index=1)
    editor.press("Publish")
    assert "Saved and published." in editor.status()


def test_a_form_without_a_title_comes_back_with_the_text(arrive: MakePerson) -> None:
    editor = arrive(role="editor")
    write(editor, "")
    editor.press("Save", status=422)
    assert "Enter a title" in editor.alert()
    assert editor.focused() == "alert"
    assert "Stand up often" in editor.page.locator("textarea#body").input_value()
    assert editor.page.get_by_label("Category").input_value() != ""


def test_a_text_cannot_carry_a_script_to_readers(arrive: MakePerson) -> None:
    editor, reader = arrive(role="editor"), arrive()
    write(editor, f"Harmless {next(numbers)}")
    body = "<p onclick='alert(1)'>Stand <script>document.title = 'taken'</script>up <img src=x onerror=alert(1)></p>"
    type_html(editor, body)
    editor.press("Publish")
    reader.open(address(editor))
    assert reader.page.locator(".prose script, .prose [onclick], .prose [onerror]").count() == 0
    assert reader.page.title().startswith("Harmless")


def test_a_deleted_article_is_gone_after_a_question(arrive: MakePerson) -> None:
    editor = arrive(role="editor")
    write(editor, f"Short-lived {next(numbers)}")
    editor.press("Publish")
    here = address(editor)
    editor.follow("Delete")
    assert editor.heading() == "Delete this article?"
    editor.follow("Cancel")
    arrive().open(here)
    editor.follow("Delete")
    editor.press("Delete")
    assert "Moved to the trash" in editor.status()
    arrive().open(here, status=404)


def test_a_picture_in_use_stays(arrive: MakePerson) -> None:
    editor = arrive(role="editor")
    alt = f"A stool {next(numbers)}"
    number = upload(editor, alt)
    write(editor, f"On stools {number}", number)
    editor.press("Publish")
    editor.open("/admin/media/")
    editor.follow(alt, within="tbody")
    editor.follow("Delete")
    assert "it is in use" in editor.alert()
    editor.follow(f"On stools {number}")


@pytest.mark.parametrize("screen", ["articles", "pages", "media"])
def test_nothing_is_deleted_from_a_list_without_a_question(arrive: MakePerson, screen: str) -> None:
    editor = arrive(role="editor")
    editor.open(f"/admin/{screen}/")
    assert editor.page.get_by_role("table").count() == 1
    assert editor.page.get_by_role("button", name="Delete").count() == 0


def test_a_page_is_published_at_the_root_of_the_site(arrive: MakePerson) -> None:
    editor, reader = arrive(role="editor"), arrive()
    slug = f"parking-{next(numbers)}"
    editor.follow("Pages", within="header")
    editor.follow("New page")
    editor.fill(Title="Where to park", Slug=slug, Summary="Two car parks.")
    type_html(editor, "<p>Behind the house.</p>")
    editor.press("Publish")
    reader.open(f"/{slug}/")
    assert reader.heading() == "Where to park"
