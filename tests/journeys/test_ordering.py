"""Ordered lists are sorted by mouse, finger and keyboard, and readers see the new order."""

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.browser import DESKTOP, PHONE, Person
from tests.journeys.conftest import MakePerson

pytestmark = pytest.mark.browser
LIST = "/admin/categories/"


def names(person: Person) -> list[str]:
    return person.page.locator("td[data-label=Name]").all_inner_texts()


def said(person: Person) -> Locator:
    return person.page.locator("[data-sort]")


def middle(target: Locator, part: float = 0.5) -> tuple[float, float]:
    box = target.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] * part


def drag(person: Person, from_: int, to: int) -> None:
    """Drag the grip of one row (from 0) to just inside the far edge of another."""
    rows = person.page.locator("tbody tr")
    mouse = person.page.mouse
    mouse.move(*middle(rows.nth(from_).locator(".grip")))
    mouse.down()
    x, _ = middle(rows.nth(from_).locator(".grip"))
    _, y = middle(rows.nth(to), 0.9 if to > from_ else 0.1)
    mouse.move(x, y, steps=8)
    mouse.up()


def test_a_row_is_dragged_to_its_place_and_stays_there(arrive: MakePerson) -> None:
    editor, reader = arrive(role="editor"), arrive()
    editor.open(LIST)
    before = names(editor)
    drag(editor, 0, 2)
    after = [before[1], before[2], before[0], *before[3:]]
    expect(said(editor)).to_have_text(f"Moved {before[0]} to place 3 of {len(before)}.")
    assert names(editor) == after
    drag(editor, 3, 0)
    after = [after[3], *after[:3]]
    expect(said(editor)).to_have_text(f"Moved {after[0]} to place 1 of {len(before)}.")
    first = editor.page.locator("tbody tr").first
    expect(first.get_by_role("button", name="Move up")).to_be_disabled()
    expect(first.get_by_role("button", name="Move down")).to_be_enabled()
    editor.open(LIST)
    assert names(editor) == after
    reader.open("/articles/")
    assert reader.page.locator(".filters a").all_inner_texts()[1:] == after


def test_a_row_dropped_where_it_was_saves_nothing(arrive: MakePerson) -> None:
    editor = arrive(role="editor")
    editor.open(LIST)
    editor.page.on("request", lambda request: pytest.fail(f"a request to {request.url}"))
    grip = editor.page.locator(".grip").first
    editor.page.mouse.move(*middle(grip))
    editor.page.mouse.down()
    editor.page.mouse.up()
    assert editor.page.locator(".is-dragged").count() == 0


def test_a_finger_drags_too(arrive: MakePerson) -> None:
    editor = arrive(PHONE, "editor", has_touch=True)
    editor.open(LIST)
    before = names(editor)
    rows = editor.page.locator("tbody tr")
    rows.first.scroll_into_view_if_needed()
    touch = editor.context.new_cdp_session(editor.page)
    x, y = middle(rows.nth(0).locator(".grip"))
    _, end = middle(rows.nth(1), 0.8)

    def send(kind: str, *points: tuple[float, float]) -> None:
        spots = [{"x": x, "y": y} for x, y in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    send("touchStart", (x, y))
    for step in range(1, 9):
        send("touchMove", (x, y + (end - y) * step / 8))
    send("touchEnd")
    expect(said(editor)).to_have_text(f"Moved {before[0]} to place 2 of {len(before)}.")
    assert names(editor) == [before[1], before[0], *before[2:]]


def test_an_order_that_cannot_be_saved_goes_back_and_says_so(arrive: MakePerson) -> None:
    editor = arrive(role="editor")
    editor.open(LIST)
    before = names(editor)
    editor.page.route("**/order/", lambda route: route.abort())
    drag(editor, 0, 1)
    expect(said(editor)).to_have_text("The new order could not be saved. Reload the page and try again.")
    assert names(editor) == before
    editor.complaints.clear()  # the aborted request, in the console


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("javascript", [True, False])
def test_the_keyboard_moves_a_row_and_keeps_its_button(arrive: MakePerson, width: int, javascript: bool) -> None:
    editor = arrive(width, "editor", java_script_enabled=javascript)
    editor.open(LIST)
    before = names(editor)
    row = editor.row(before[2])
    button = row.get_by_role("button", name="Move up")
    button.focus()
    for place in (2, 1):
        with editor.page.expect_navigation():
            editor.page.keyboard.press("Enter")
        message = editor.page.get_by_text(f"Moved {before[2]} to place {place} of {len(before)}.")
        expect(message).to_have_attribute("role", "status")
        assert names(editor).index(before[2]) == place - 1
        if place == 2:
            expect(button).to_be_focused()
    expect(row.get_by_role("button", name="Move down")).to_be_focused()
