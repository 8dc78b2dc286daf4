"""A visitor comments, a moderator decides, and the next reader sees the result."""

import itertools

import pytest
from playwright.sync_api import expect

from tests.journeys.browser import Person
from tests.journeys.conftest import MakePerson

pytestmark = pytest.mark.browser

ARTICLE = "/articles/walking-after-60/"
numbers = itertools.count(1)


def remark() -> dict[str, str]:
    """Return a comment with new text."""
    number = next(numbers)
    return {
        "Your_comment": f"I walk up to the reservoir, remark {number}.\n\nAnd back <b>again</b>.",
        "Your_name": f"Kamala {number} the walker",
        "Your_email": f"kamala{number}@comments.example.org",
    }


def write(visitor: Person, said: dict[str, str]) -> None:
    visitor.open(ARTICLE)
    visitor.fill(**said)
    visitor.press("Post comment")
    assert visitor.path == ARTICLE
    assert "awaits moderation" in visitor.status()


def first_line(said: dict[str, str]) -> str:
    return said["Your_comment"].splitlines()[0]


def is_shown(reader: Person, said: dict[str, str]) -> bool:
    """Return whether the article shows the comment after a reload."""
    reader.open(ARTICLE)
    assert said["Your_email"] not in reader.page.content()
    return first_line(said) in reader.page.locator("#comments").inner_text()


def test_a_comment_is_seen_by_the_next_reader_once_it_is_approved(arrive: MakePerson, width: int) -> None:
    said = remark()
    visitor, reader = arrive(width), arrive(width)
    write(visitor, said)
    assert first_line(said) not in visitor.page.locator("#comments").inner_text()
    assert not is_shown(reader, said)
    assert visitor.site.wait_for_mail("moderator@example.org")

    moderator = arrive(width, "moderator")
    moderator.follow("Comments to moderate")
    assert said["Your_email"] in moderator.row(said["Your_name"]).inner_text()
    moderator.press_in_row(said["Your_name"], "Approve")
    assert "Approved" in moderator.status()
    assert said["Your_name"] not in moderator.page.locator("main table, main .empty").inner_text()

    assert is_shown(reader, said)
    assert "And back <b>again</b>." in reader.page.locator("#comments").inner_text()
    assert is_shown(arrive(), said)


@pytest.mark.parametrize("button", ["Reject", "Spam"])
def test_an_approved_comment_that_is_taken_back_is_gone_for_the_next_reader(arrive: MakePerson, button: str) -> None:
    said = remark()
    reader = arrive()
    write(reader, said)
    moderator = arrive(role="moderator")
    moderator.open("/admin/comments/")
    moderator.press_in_row(said["Your_name"], "Approve")
    assert is_shown(reader, said)
    moderator.follow("Approved", within="main")
    moderator.press_in_row(said["Your_name"], button)
    assert not is_shown(reader, said)


def test_many_comments_are_approved_at_once(arrive: MakePerson, width: int) -> None:
    both = [remark(), remark()]
    reader = arrive(width)
    for said in both:
        write(reader, said)
    moderator = arrive(width, "moderator")
    moderator.open("/admin/comments/")
    for said in both:
        moderator.row(said["Your_name"]).get_by_role("checkbox").check()
    moderator.press("Approve selected")
    assert "Approved: 2 comments." in moderator.status()
    assert all(is_shown(reader, said) for said in both)


def test_the_buttons_of_a_row_are_seen_on_a_desktop_without_scrolling(arrive: MakePerson) -> None:
    moderator = arrive(role="moderator")
    moderator.open("/admin/comments/?tab=all")
    buttons = moderator.page.locator("tbody tr").first.get_by_role("button").all()
    assert len(buttons) >= 2
    for button in buttons:
        expect(button).to_be_in_viewport(ratio=1)


def test_bulk_approval_without_a_tick_says_what_to_do(arrive: MakePerson) -> None:
    write(arrive(), remark())
    moderator = arrive(role="moderator")
    moderator.open("/admin/comments/")
    moderator.press("Approve selected")
    assert "Select at least one comment first." in moderator.alert()


def test_a_comment_with_errors_comes_back_with_what_was_typed(arrive: MakePerson) -> None:
    said = remark()
    visitor = arrive()
    visitor.open(ARTICLE)
    visitor.fill(**said | {"Your_email": "not an address"})
    visitor.press("Post comment", status=422)
    assert visitor.focused() == "alert"
    visitor.page.get_by_role("alert").get_by_role("link").click()
    assert visitor.focused() == "comment-email"
    assert visitor.page.get_by_label("Your comment").input_value() == said["Your_comment"]
    visitor.fill(Your_email=said["Your_email"])
    visitor.press("Post comment")
    assert "awaits moderation" in visitor.status()


def test_a_moderator_opens_the_comments_and_nothing_else(arrive: MakePerson) -> None:
    moderator = arrive(role="moderator")
    menu = moderator.page.locator(".panel-menu a").all_inner_texts()
    assert menu == ["Dashboard", "Comments"]
    for closed in ("articles", "media", "leads", "bookings", "outbox", "settings", "people", "activity"):
        moderator.open(f"/admin/{closed}/", status=403)
