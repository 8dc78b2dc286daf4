"""Everything works in a browser without JavaScript."""

import pytest

from tests.journeys import test_desk_works, test_editor_publishes, test_visitor_books, test_visitor_comments
from tests.journeys.browser import PHONE
from tests.journeys.conftest import MakePerson

pytestmark = pytest.mark.browser

PLAIN = {"java_script_enabled": False}


def test_a_trial_is_booked(arrive: MakePerson) -> None:
    visitor = arrive(PHONE, **PLAIN)
    visitor.open("/book/")
    visitor.press("Book my trial", status=422)
    assert visitor.page.get_by_role("alert").get_by_role("link").count() == 5
    test_visitor_books.ask(visitor, test_visitor_books.someone())
    assert "you will receive an email shortly" in visitor.status().lower()


def test_a_comment_is_written_and_approved_on_its_row(arrive: MakePerson) -> None:
    said = test_visitor_comments.remark()
    reader, moderator = arrive(PHONE, **PLAIN), arrive(PHONE, **PLAIN)
    test_visitor_comments.write(reader, said)
    moderator.sign_in("moderator")
    moderator.follow("Comments", within="header")
    moderator.press_in_row(said["Your_name"], "Approve")
    assert test_visitor_comments.is_shown(reader, said)


def test_many_comments_are_moderated_at_once(arrive: MakePerson) -> None:
    both = [test_visitor_comments.remark(), test_visitor_comments.remark()]
    reader, moderator = arrive(**PLAIN), arrive(role="moderator", **PLAIN)
    for said in both:
        test_visitor_comments.write(reader, said)
    moderator.follow("Comments", within="header")
    for said in both:
        moderator.row(said["Your_name"]).get_by_role("checkbox").check()
    moderator.press("Mark selected as Spam")
    assert "Marked as spam: 2 comments." in moderator.status()


def test_an_article_is_written_changed_and_deleted(arrive: MakePerson) -> None:
    editor, reader = arrive(role="editor", **PLAIN), arrive(**PLAIN)
    number = test_editor_publishes.upload(editor, f"A bench {next(test_editor_publishes.numbers)}")
    test_editor_publishes.write(editor, f"On benches {number}", number)
    editor.press("Publish")
    here = test_editor_publishes.address(editor)
    editor.fill(Title=f"On long benches {number}")
    editor.press("Save")
    reader.open(here)
    assert reader.heading() == f"On long benches {number}"
    editor.follow("Delete")
    editor.press("Delete")
    reader.open(here, status=404)


def test_a_voucher_is_redeemed_and_a_stage_changed(arrive: MakePerson) -> None:
    name = test_desk_works.booked(arrive(**PLAIN))
    desk = arrive(role="desk", **PLAIN)
    test_desk_works.open_lead(desk, name)
    desk.press("Redeem")
    assert "Redeemed: voucher" in desk.status()
    desk.page.get_by_role("combobox", name="Stage").select_option("Lost")
    desk.press("Change")
    assert "Stage changed to lost." in desk.status()


def test_a_sign_in_is_refused_accepted_and_ended(arrive: MakePerson) -> None:
    owner = arrive(PHONE, **PLAIN)
    owner.sign_in("owner", password="not the password")
    assert owner.alert()
    owner.sign_in("owner")
    assert owner.path == "/admin/"
    owner.press("Sign out")
    assert owner.path == "/login"
    owner.open("/admin/")
    assert owner.path == "/login"
