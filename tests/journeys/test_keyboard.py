"""Everything can be reached, seen and used with the keyboard alone."""

from collections.abc import Iterator

import pytest

from tests.journeys import test_editor_publishes, test_visitor_books
from tests.journeys.browser import ARTICLE, DESKTOP, PHONE, Person
from tests.journeys.conftest import MakePerson

pytestmark = pytest.mark.browser

MOST_STOPS = 500
# The position of the focus; null outside of the page, and when it returns to an earlier stop.
STOP = """() => {
  const at = document.activeElement;
  window.stops ??= [];
  if (at === document.body || (window.stops.includes(at) && window.stops.at(-1) !== at)) return null;
  window.stops.push(at);
  // The text of the editor is marked by the frame around it and its tools.
  const box = at.getBoundingClientRect(), style = getComputedStyle(at.isContentEditable ? at.closest(".editor") : at);
  return {
    name: at.id || at.textContent.trim() || at.name || at.outerHTML.slice(0, 100),
    isOnScreen: box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight && box.right > 0
      && box.left < innerWidth,
    isMarked: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)
      || at.matches("[type^=date]:not(:focus-visible)"),  // on the calendar button inside, which the browser marks
    isHidden: at.closest("[aria-hidden=true]") !== null,
  };
}"""
# Elements that should have been stops. Of a group of radio buttons one is enough.
MISSED = """() => [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, [tabindex='0']")]
  .filter((node) => node.tabIndex >= 0 && !node.disabled && node.checkVisibility())
  .filter((node) => !window.stops.some((stop) => stop === node || (node.type === "radio" && stop.name === node.name)))
  .map((node) => node.outerHTML.slice(0, 100))"""


def stops(person: Person) -> Iterator[dict[str, str | bool]]:
    """Press Tab until the focus has left the page. Yields each stop while it has the focus."""
    person.page.evaluate("window.stops = []")
    for _ in range(MOST_STOPS):
        person.page.keyboard.press("Tab")
        stop = person.page.evaluate(STOP)
        if stop is None:
            return
        yield stop
    raise AssertionError(f"after {MOST_STOPS} stops the focus is still in {person.path}")


def tab_to(person: Person, name: str) -> None:
    """Press Tab until the focus is on the element with this id or text."""
    for stop in stops(person):
        if stop["name"] == name:
            return
    raise AssertionError(f"no stop “{name}” at {person.path}")


def press_enter(person: Person, status: int = 200) -> None:
    with person.page.expect_navigation() as navigation:
        person.page.keyboard.press("Enter")
    assert navigation.value.status == status
    person.look()


def type_in(person: Person, text: str) -> None:
    person.page.keyboard.press("Tab")
    person.page.keyboard.type(text)


@pytest.mark.parametrize(
    ("path", "role"),
    [("/", ""), ("/articles/", ""), (ARTICLE, ""), ("/book/", ""), ("/about/", ""), ("/admin/articles/", "owner")],
)
def test_the_skip_link_is_the_first_stop_and_leads_past_the_menu(arrive: MakePerson, path: str, role: str) -> None:
    person = arrive(role=role)
    person.open(path)
    first = next(stops(person))
    assert str(first["name"]).startswith("Skip to")
    assert first["isOnScreen"]
    person.page.keyboard.press("Enter")
    assert person.focused() == "main"
    person.page.keyboard.press("Tab")
    assert person.page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize(
    ("path", "role", "width"),
    [
        ("/", "", PHONE),
        ("/", "", DESKTOP),
        (ARTICLE, "", DESKTOP),
        ("/book/", "", PHONE),
        ("/login", "", DESKTOP),
        ("/admin/", "owner", DESKTOP),
        ("/admin/articles/new/", "owner", DESKTOP),
        ("/admin/comments/?tab=approved", "owner", PHONE),
        ("/admin/comments/?tab=approved", "owner", DESKTOP),
        ("/admin/leads/", "owner", DESKTOP),
        ("/admin/people/new/", "owner", DESKTOP),
    ],
)
def test_the_focus_comes_to_everything_is_seen_and_leaves_the_page(
    arrive: MakePerson, path: str, role: str, width: int
) -> None:
    person = arrive(width, role)
    person.is_staff = role != "" or path == "/login"
    person.open(path)
    bad = [stop for stop in stops(person) if stop["isHidden"] or not (stop["isOnScreen"] and stop["isMarked"])]
    assert bad == []
    assert person.page.evaluate(MISSED) == []


def test_a_trial_is_booked_by_keyboard(arrive: MakePerson) -> None:
    details = test_visitor_books.someone()
    visitor = arrive()
    visitor.open("/book/")
    tab_to(visitor, "trial-name")
    visitor.page.keyboard.type(details["Your_Name"])
    type_in(visitor, details["Your_Email"])
    type_in(visitor, details["Your_Mobile"])
    type_in(visitor, " ")
    visitor.page.keyboard.press("ArrowDown")
    assert visitor.page.get_by_label("Pilates 1-to-1").is_checked()
    type_in(visitor, " ")
    assert visitor.page.get_by_label("I agree").is_checked()
    tab_to(visitor, "Book my trial")
    press_enter(visitor)
    assert visitor.path == "/book/thanks/"


@pytest.mark.parametrize(
    ("path", "button", "role"),
    [
        ("/book/", "Book my trial", ""),
        (ARTICLE, "Post comment", ""),
        ("/admin/media/new/", "Save", "editor"),
        ("/admin/people/new/", "Save", "owner"),
    ],
)
def test_the_error_summary_has_the_focus_and_each_of_its_links_leads_to_a_field(
    arrive: MakePerson, path: str, button: str, role: str
) -> None:
    person = arrive(role=role)
    person.open(path)
    tab_to(person, button)
    press_enter(person, status=422)
    assert person.focused() == "alert"
    person.page.keyboard.press("Tab")
    assert person.page.evaluate("document.activeElement.closest('[role=alert]') !== null"), "Tab goes on in the summary"
    for link in person.page.get_by_role("alert").get_by_role("link").all():
        link.focus()
        person.page.keyboard.press("Enter")
        reached = person.page.evaluate("document.activeElement.matches('input, select, textarea')")
        assert reached, f"“{link.inner_text()}” leads to {person.focused()}"
        target = str(link.get_attribute("href")).removeprefix("#")
        assert person.focused() == target


def test_an_article_is_deleted_by_keyboard_after_a_question(arrive: MakePerson) -> None:
    editor = arrive(role="editor")
    test_editor_publishes.write(editor, f"Soon gone {next(test_editor_publishes.numbers)}")
    editor.press("Save")
    tab_to(editor, "Delete")
    press_enter(editor)
    tab_to(editor, "Delete")
    press_enter(editor)
    assert "Moved to the trash" in editor.status()


def test_a_comment_is_approved_by_keyboard(arrive: MakePerson) -> None:
    name = "Tabitha by keyboard"
    visitor, moderator = arrive(), arrive(role="moderator")
    visitor.open("/articles/walking-after-60/")
    visitor.fill(Your_comment="Tab, tab, tab.", Your_name=name, Your_email="tabitha@comments.example.org")
    visitor.press("Post comment")
    moderator.open("/admin/comments/")
    tab_to(moderator, f"Approve the comment of {name}")
    press_enter(moderator)
    assert f"the comment of {name}" in moderator.status()
