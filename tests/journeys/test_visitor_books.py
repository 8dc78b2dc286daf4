"""A visitor books a trial, from the first page to the letter in their mailbox."""

import itertools

import pytest

from tests.journeys.browser import ARTICLE, Person
from tests.journeys.conftest import MakePerson

pytestmark = pytest.mark.browser

numbers = itertools.count(1)


def someone() -> dict[str, str]:
    """Return the details of a new person."""
    number = next(numbers)
    return {
        "Your_Name": f"Ong Li Hua {number}",
        "Your_Email": f"lihua{number}@books.example.org",
        "Your_Mobile": f"9700 {number:04d}",
    }


def ask(visitor: Person, details: dict[str, str], service: str = "Pilates 1-to-1", status: int = 200) -> None:
    visitor.fill(**details)
    visitor.choose(service)
    visitor.choose("I agree")
    visitor.press("Book my trial", status=status)


def test_a_visitor_reads_an_article_and_books_a_trial_under_it(arrive: MakePerson, width: int) -> None:
    details = someone()
    visitor = arrive(width)
    visitor.open("/")
    visitor.follow("Articles", within="header")
    visitor.follow("Long days in a chair")
    assert visitor.path == ARTICLE
    ask(visitor, details)
    assert visitor.path == "/book/thanks/"
    assert "you will receive an email shortly" in visitor.status().lower()
    assert len(visitor.site.wait_for_mail(details["Your_Email"])) == 1

    desk = arrive(width, "desk")
    desk.follow("Leads", within="header")
    desk.search(details["Your_Name"])
    desk.follow(details["Your_Name"], within="tbody")
    assert "Long days in a chair" in desk.text()
    assert "valid until" in desk.text()


def test_a_form_with_errors_keeps_what_was_typed_and_can_be_mended(arrive: MakePerson, width: int) -> None:
    details = someone()
    visitor = arrive(width)
    visitor.open("/")
    visitor.follow("Book a trial session")
    visitor.fill(**details | {"Your_Mobile": "123"})
    visitor.press("Book my trial", status=422)
    assert visitor.focused() == "alert"
    assert visitor.page.get_by_label("Your Name").input_value() == details["Your_Name"]
    visitor.page.get_by_role("alert").get_by_role("link", name="Enter a mobile number").click()
    assert visitor.focused() == "trial-mobile"
    ask(visitor, {"Your_Mobile": details["Your_Mobile"]})
    assert visitor.path == "/book/thanks/"


def test_the_same_person_is_refused_the_second_time(arrive: MakePerson) -> None:
    details = someone()
    visitor = arrive()
    visitor.open("/book/")
    ask(visitor, details)
    visitor.open("/book/")
    ask(visitor, details | {"Your_Email": details["Your_Email"].upper()}, "Move Therapy 1-to-1", status=422)
    assert "already used" in visitor.alert()
    assert visitor.page.get_by_label("Your Name").input_value() == details["Your_Name"]
    assert visitor.page.get_by_label("Move Therapy 1-to-1").is_checked()
    assert visitor.focused() == "alert"


def test_a_stranger_with_a_known_address_sees_what_everybody_sees(arrive: MakePerson) -> None:
    details = someone()
    visitor = arrive()
    visitor.open("/book/")
    ask(visitor, details)
    thanks = visitor.text()
    stranger = arrive()
    stranger.open("/book/")
    ask(stranger, details | {"Your_Mobile": someone()["Your_Mobile"]})
    assert (stranger.path, stranger.text()) == ("/book/thanks/", thanks)


def test_a_button_pressed_twice_makes_one_booking(arrive: MakePerson) -> None:
    details = someone()
    visitor = arrive()
    visitor.open("/book/")
    visitor.fill(**details)
    visitor.choose("Pilates 1-to-1")
    visitor.choose("I agree")
    visitor.page.get_by_role("button", name="Book my trial").dblclick(no_wait_after=True)
    visitor.page.wait_for_load_state()
    desk = arrive(role="desk")
    desk.open("/admin/bookings/")
    desk.search(details["Your_Email"])
    assert "booked" in desk.row(details["Your_Name"]).inner_text()
