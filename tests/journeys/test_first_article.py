"""A beginner writes an article, from the first word to retiring it; no text gets lost."""

import itertools
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.factories import picture_bytes
from tests.journeys.browser import Person
from tests.journeys.conftest import MakePerson
from tests.journeys.test_keyboard import press_enter, tab_to

pytestmark = pytest.mark.browser

numbers = itertools.count(1)
SUMMARY = "What standing up often does for the back, and how to remember it at work."
KEPT = re.compile(r"Changes kept at \d\d:\d\d\. Not saved yet\.")


def status_of(editor: Person) -> str:
    return editor.page.locator("[data-autosave-status]").inner_text()


def expect_status(editor: Person, words: str | re.Pattern[str]) -> None:
    expect(editor.page.locator("[data-autosave-status]")).to_contain_text(words, timeout=20_000)


def begin(editor: Person, title: str) -> None:
    """Start a new article with title, summary and category."""
    editor.open("/admin/articles/new/")
    editor.fill(Title=title, Summary=SUMMARY)
    editor.page.get_by_label("Category").select_option("Joints")
    editor.page.get_by_label("Author").select_option(index=1)


def surface(editor: Person) -> None:
    """Put the cursor into the text."""
    editor.page.locator(".editor-surface, [contenteditable=true]").first.click()


def here(editor: Person) -> str:
    return f"/articles/{editor.page.get_by_label('Slug').input_value()}/"


def test_by_mouse_from_the_first_word_to_the_last(arrive: MakePerson, width: int) -> None:
    title = f"Stand up often, part {next(numbers)}"
    editor, reader = arrive(width, "editor"), arrive(width)
    begin(editor, title)
    surface(editor)
    keyboard = editor.page.keyboard
    keyboard.type("Sitting is not harmful in itself.")
    keyboard.press("Enter")
    editor.page.get_by_role("toolbar").get_by_role("combobox").select_option(label="Heading 2")
    keyboard.type("How to begin")
    keyboard.press("Enter")
    keyboard.type("Once an hour is enough.")
    editor.page.get_by_role("toolbar").get_by_role("button", name="Picture", exact=True).click()
    dialog = editor.page.get_by_role("dialog")
    dialog.get_by_role("tab", name="Upload").click()
    file = {"name": "chair.jpg", "mimeType": "image/jpeg", "buffer": picture_bytes(1200, 800)}
    dialog.get_by_label("Pictures from this device").set_input_files(file)  # type: ignore[arg-type]
    dialog.get_by_label("Alternative text").fill(f"A chair by a window, {title}")
    dialog.get_by_label("Credit").fill("Photo: Mei Tan")
    dialog.get_by_role("button", name="Upload and insert").click()
    expect(dialog).to_have_count(0)
    editor.press("Save")
    assert "It is not published yet." in editor.status()
    address = here(editor)
    reader.open(address, status=404)

    editor.follow("Preview the saved version")
    frame = editor.page.frame_locator("iframe").first
    expect(frame.get_by_role("heading", name="How to begin")).to_be_visible()
    expect(frame.get_by_alt_text(f"A chair by a window, {title}")).to_have_count(1)
    editor.follow("Back to the text")

    tomorrow = datetime.now(ZoneInfo("Asia/Singapore")) + timedelta(days=1)
    editor.fill(Publish_on=tomorrow.strftime("%Y-%m-%dT%H:%M"))
    editor.press("Publish")
    assert "It will be published on" in editor.status()
    reader.open(address, status=404)
    editor.page.get_by_label("Publish on").fill("")
    editor.press("Publish")
    assert "Saved and published." in editor.status()
    reader.open(address)
    assert reader.heading() == title
    assert reader.page.get_by_role("heading", name="How to begin").count() == 1

    editor.fill(Title=f"{title}, changed")
    editor.press("Save")
    reader.open(address)
    assert reader.heading() == f"{title}, changed"
    editor.follow("Revision history")
    editor.page.locator(".revisions a").last.click()
    editor.press("Restore this version")
    reader.open(address)
    assert reader.heading() == title

    editor.fill(Reason_for_unpublishing="It was only a try")
    editor.press("Unpublish")
    reader.open(address, status=410)
    editor.follow("Delete")
    editor.press("Delete")
    editor.press("Undo")
    assert editor.page.get_by_label("Title").input_value() == title


def test_by_keyboard_alone(arrive: MakePerson) -> None:
    title = f"Written by keyboard, part {next(numbers)}"
    editor, reader = arrive(role="editor"), arrive()
    keyboard = editor.page.keyboard
    editor.open("/admin/articles/new/")
    tab_to(editor, "title")
    keyboard.type(title)
    keyboard.press("Tab")
    keyboard.type(SUMMARY)
    for _ in range(20):
        keyboard.press("Tab")
        if editor.page.evaluate("document.activeElement.isContentEditable"):
            break
    keyboard.type("Nothing but keys.")
    keyboard.press("Enter")
    keyboard.press("Control+Alt+2")
    keyboard.type("A heading")
    keyboard.press("Enter")
    keyboard.type("And a word in ")
    keyboard.press("Control+b")
    keyboard.type("bold")
    keyboard.press("Enter")
    keyboard.press("Alt+F10")
    while editor.page.evaluate("document.activeElement.getAttribute('aria-label') !== 'Picture'"):
        keyboard.press("ArrowRight")
    keyboard.press("Enter")
    dialog = editor.page.get_by_role("dialog")
    expect(dialog.get_by_role("listitem").first).to_be_visible()
    first = dialog.get_by_role("listitem").first.get_by_role("button")
    for _ in range(30):
        if first.evaluate("(node) => node === document.activeElement"):
            break
        keyboard.press("Tab")
    keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    tab_to(editor, "category_id")
    keyboard.press("ArrowDown")
    tab_to(editor, "author_id")
    keyboard.press("ArrowDown")

    go_up(editor)
    tab_to(editor, "publish_at")
    year = datetime.now().year + 1  # noqa: DTZ005 - any day of the next year will do
    for keys in ("0301", f"{year}", "Tab", "0930AM"):
        keyboard.press(keys) if keys == "Tab" else keyboard.type(keys)
    go_up(editor)
    tab_to(editor, "Publish")
    press_enter(editor)
    assert f"It will be published on 1 Mar {year}, 09:30." in editor.status()
    address = here(editor)
    reader.open(address, status=404)

    tab_to(editor, "Preview the saved version")
    press_enter(editor)
    assert editor.heading() == "Preview"
    tab_to(editor, "Back to the text")
    press_enter(editor)
    tab_to(editor, "publish_at")
    for _ in range(6):  # month, day, year, hour, minute, half of the day
        keyboard.press("Backspace")
        keyboard.press("ArrowRight")
    go_up(editor)
    tab_to(editor, "Publish")
    press_enter(editor)
    assert "Saved and published." in editor.status()
    reader.open(address)
    assert reader.page.locator(".prose strong").first.inner_text() == "bold"
    assert reader.page.locator(".prose h2").first.inner_text() == "A heading"
    assert reader.page.locator(".prose figure img").count() == 1

    go_up(editor)
    keyboard.press("End")
    keyboard.type(", changed")
    tab_to(editor, "Save")
    press_enter(editor)
    expect(editor.page.get_by_label("Title")).to_have_value(f"{title}, changed")
    reader.open(address)
    assert reader.heading() == f"{title}, changed"
    tab_to(editor, "Revision history")
    press_enter(editor)
    editor.page.locator(".revisions a").last.focus()
    press_enter(editor)
    tab_to(editor, "Restore this version")
    press_enter(editor)
    reader.open(address)
    assert reader.heading() == title
    tab_to(editor, "reason")
    keyboard.type("It was only a try")
    tab_to(editor, "Unpublish")
    press_enter(editor)
    reader.open(address, status=410)


def go_up(editor: Person) -> None:
    """Return to the first field."""
    editor.page.locator("#title").focus()


def test_two_browsers_edit_at_once_and_both_texts_are_there_in_the_end(arrive: MakePerson) -> None:
    title = f"Two at once, part {next(numbers)}"
    first = arrive(role="editor")
    begin(first, title)
    first.press("Save")
    second = arrive(role="owner")
    second.open(first.page.url)
    assert "is also editing this text" in second.text()
    first.fill(Summary=f"{SUMMARY} First.")
    first.press("Save")
    second.fill(Summary=f"{SUMMARY} Second.")
    second.press("Save", status=409)
    assert "Somebody else has saved this text" in second.heading()
    assert "First." in second.text()
    assert "Second." in second.text()
    second.press("Save my version over theirs")
    assert second.page.get_by_label("Summary").input_value() == f"{SUMMARY} Second."
    second.follow("Revision history")
    second.page.locator(".revisions a").nth(1).click()
    assert "First." in second.text()


def test_the_network_goes_away_in_the_middle(arrive: MakePerson) -> None:
    title = f"Without a network, part {next(numbers)}"
    editor = arrive(role="editor")
    begin(editor, title)
    editor.press("Save")
    place = editor.page.url
    editor.page.get_by_label("Summary").press_sequentially(" More.")
    expect_status(editor, KEPT)
    editor.context.set_offline(True)
    editor.page.get_by_label("Summary").press_sequentially(" Typed on the train.")
    expect_status(editor, "No connection. Your changes are kept in this browser")
    editor.complaints.clear()  # the browser reports each failed try
    editor.context.set_offline(False)
    expect_status(editor, KEPT)
    editor.context.set_offline(True)
    editor.page.get_by_label("Summary").press_sequentially(" In the tunnel.")
    expect_status(editor, "No connection")
    editor.page.on("dialog", lambda dialog: dialog.accept())  # "Leave this page?"
    editor.page.close()
    editor.context.set_offline(False)
    editor.page = editor.context.new_page()
    editor.page.goto(place)
    editor.page.get_by_role("button", name="Restore my changes").click()
    assert "Typed on the train. In the tunnel." in editor.page.get_by_label("Summary").input_value()
    editor.press("Save")
    assert "Saved" in editor.status()
    editor.open(place)
    assert editor.page.get_by_role("button", name="Restore my changes").count() == 0


def test_leaving_with_unsaved_text_is_asked_about(arrive: MakePerson) -> None:
    editor = arrive(role="editor")
    begin(editor, f"Unsaved, part {next(numbers)}")
    asked: list[str] = []

    def stay(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        dialog.dismiss()  # type: ignore[attr-defined]

    editor.page.once("dialog", stay)
    editor.page.get_by_role("link", name="Pages", exact=True).first.click()
    editor.page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert editor.path == "/admin/articles/new/"


def test_the_sign_in_ends_in_the_middle(arrive: MakePerson) -> None:
    title = f"Signed out, part {next(numbers)}"
    editor = arrive()
    editor.sign_in("editor")
    begin(editor, title)
    editor.press("Save")
    place = editor.page.url
    surface(editor)
    editor.page.keyboard.type("Half an hour of work.")
    editor.context.clear_cookies()
    editor.page.keyboard.type(" And a little more.")
    expect_status(editor, "You are signed out. Your changes are kept in this browser.")
    editor.complaints.clear()  # the refused tries
    editor.press("Save", status=401)
    assert editor.heading() == "Your changes are safe"
    with editor.context.expect_page() as opened:
        editor.page.get_by_role("link", name="Sign in again in a new window").click()
    door = opened.value
    door.get_by_label("Email").fill("editor@example.org")
    door.get_by_label("Password").fill("a password for the demo")
    door.get_by_role("button", name="Sign in", exact=True).click()
    door.wait_for_url("**/admin/")
    door.close()
    for _ in range(2):  # another session has another token
        with editor.page.expect_navigation():
            editor.page.get_by_role("button", name="Send again").click()
        if editor.heading() != "Your changes are safe":
            break
    assert "Saved" in editor.status()
    editor.open(place)
    assert "Half an hour of work. And a little more." in editor.text()
