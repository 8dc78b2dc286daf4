"""The panel on a phone and on a desktop: menu, search, messages and undo."""

import pytest

from tests.journeys import test_visitor_comments
from tests.journeys.browser import PHONE, SMALLEST
from tests.journeys.conftest import MakePerson

pytestmark = pytest.mark.browser

PLAIN = {"java_script_enabled": False}
SMALL_TARGETS = """() => [...document.querySelectorAll(
    "header a, header button, header input, main .button, main .tabs a")]
  .filter((node) => node.checkVisibility())
  .map((node) => [node.getBoundingClientRect(), node])
  .filter(([box]) => box.height < 43.5 || box.width < 43.5)
  .map(([box, node]) => `${node.outerHTML.slice(0, 80)} ${Math.round(box.width)} by ${Math.round(box.height)}`)"""


@pytest.mark.parametrize("options", [{}, PLAIN], ids=["script", "plain"])
def test_on_a_phone_the_menu_opens_without_a_script_and_leads_on(arrive: MakePerson, options: dict[str, bool]) -> None:
    owner = arrive(PHONE, "owner", **options)
    bar = owner.page.locator("header").bounding_box()
    assert bar
    assert bar["height"] < 80
    people = owner.page.locator("header").get_by_role("link", name="People")
    assert not people.is_visible()
    owner.page.get_by_role("button", name="Menu").click()
    assert people.is_visible()
    assert owner.page.get_by_role("button", name="Sign out").is_visible()
    owner.page.keyboard.press("Escape")
    assert not people.is_visible()
    owner.follow("People", within="header")
    assert owner.heading() == "People"


@pytest.mark.parametrize("width", [SMALLEST, PHONE])
def test_a_thumb_meets_everything(arrive: MakePerson, width: int) -> None:
    owner = arrive(width, "owner")
    for path in ("/admin/", "/admin/comments/?tab=all", "/admin/leads/", "/admin/settings/"):
        owner.open(path)
        assert owner.page.evaluate(SMALL_TARGETS) == [], path
    owner.page.get_by_role("button", name="Menu").click()
    assert owner.page.evaluate(SMALL_TARGETS) == []


def test_a_key_leads_to_the_search_and_the_search_to_a_person_and_back(arrive: MakePerson) -> None:
    owner = arrive(role="owner")
    owner.page.keyboard.press("/")
    assert owner.focused() == "panel-search"
    owner.page.keyboard.type("haziq/")
    assert owner.page.get_by_label("Search the panel").input_value() == "haziq/"
    owner.page.get_by_label("Search the panel").fill("haziq")
    with owner.page.expect_navigation():
        owner.page.keyboard.press("Enter")
    owner.follow("Haziq", within="main")
    assert owner.heading() == "Edit person"
    owner.follow("Back to the list")
    assert owner.heading() == "Search the panel"


@pytest.mark.parametrize("options", [{}, PLAIN], ids=["script", "plain"])
def test_comments_ticked_by_mistake_are_put_back(arrive: MakePerson, width: int, options: dict[str, bool]) -> None:
    said = test_visitor_comments.remark()
    test_visitor_comments.write(arrive(width), said)
    moderator = arrive(width, "moderator", **options)
    moderator.open("/admin/comments/")
    moderator.row(said["Your_name"]).get_by_role("checkbox").check()
    assert moderator.page.get_by_role("button", name="Mark selected as Spam").is_visible()
    moderator.press("Mark selected as Spam")
    assert moderator.page.locator("tbody tr", has_text=said["Your_name"]).count() == 0
    moderator.press("Undo")
    assert "Undone: 1 comment restored." in moderator.status()
    assert "pending" in moderator.row(said["Your_name"]).inner_text()


def test_a_note_is_closed_by_its_button_and_stays_until_then(arrive: MakePerson) -> None:
    owner = arrive(role="owner")
    owner.open("/admin/settings/")
    owner.press("Save", within="main")
    assert "Saved" in owner.status()
    owner.page.get_by_role("button", name="Close").click()
    assert owner.page.get_by_role("status").count() == 0
    assert owner.focused() == "main"


def test_one_button_ticks_all_and_the_bar_stays_in_sight(arrive: MakePerson, width: int) -> None:
    moderator = arrive(width, "moderator")
    moderator.open("/admin/comments/?tab=all")
    moderator.page.get_by_role("button", name="Select all").click()
    boxes = moderator.page.get_by_role("checkbox")
    assert all(box.is_checked() for box in boxes.all())
    assert moderator.page.get_by_text(f"With {boxes.count()} selected:").is_visible()
    moderator.page.evaluate("scrollTo(0, 0)")
    bar = moderator.page.locator(".bulk").bounding_box()
    assert bar
    assert bar["y"] + bar["height"] <= 900
    moderator.page.get_by_role("button", name="Select none").click()
    assert not any(box.is_checked() for box in boxes.all())
