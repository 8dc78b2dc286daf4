"""The desk follows a lead, redeems a voucher once, and decides on held bookings."""

import itertools

import pytest

from clinic.accounts.access import RoleName
from clinic.demo.load import STAFF
from tests.journeys.browser import Person, Site
from tests.journeys.conftest import MakePerson

pytestmark = pytest.mark.browser

numbers = itertools.count(1)
WORKER = next(name for _email, name, role in STAFF if role == RoleName.DESK)


def ask(visitor: Person, *, email: str, mobile: str, name: str) -> None:
    """Send the trial form."""
    visitor.open("/book/")
    visitor.fill(Your_Name=name, Your_Email=email, Your_Mobile=mobile)
    visitor.choose("Move Therapy 1-to-1")
    visitor.choose("I agree")
    visitor.press("Book my trial")


def booked(visitor: Person) -> str:
    """Make a new booking. Returns the person's name."""
    number = next(numbers)
    name = f"Devi Nair no. {number}."
    ask(visitor, name=name, email=f"devi{number}@desk.example.org", mobile=f"9600 {number:04d}")
    return name


def held(visitor: Person) -> tuple[str, str]:
    """Make a booking that is held because its mobile is known. Returns the person's name and email."""
    first, second = next(numbers), next(numbers)
    name, email = f"Devi Nair no. {second}.", f"devi{second}@desk.example.org"
    ask(visitor, name=f"Devi Nair no. {first}.", email=f"devi{first}@desk.example.org", mobile=f"9600 {first:04d}")
    ask(visitor, name=name, email=email, mobile=f"9600 {first:04d}")
    return name, email


def open_lead(desk: Person, name: str) -> None:
    desk.follow("Leads", within="header")
    desk.search(name)
    desk.follow(name, within="tbody")
    assert desk.heading() == name


def test_a_lead_is_followed_from_stage_to_stage_with_notes(arrive: MakePerson, width: int) -> None:
    name = booked(arrive(width))
    desk = arrive(width, "desk")
    open_lead(desk, name)
    desk.page.get_by_role("combobox", name="Stage").select_option("Contacted")
    desk.press("Change")
    assert desk.status() == "Stage changed to contacted."
    desk.fill(Note="Rang <at noon>.\nComes on Friday.")
    desk.press("Save note")
    history = desk.page.locator(".history").inner_text()
    assert "Rang <at noon>." in history
    assert WORKER in history
    desk.open("/admin/leads/?tab=contacted")
    assert desk.row(name).is_visible()


def test_an_empty_note_is_not_kept(arrive: MakePerson) -> None:
    name = booked(arrive())
    desk = arrive(role="desk")
    open_lead(desk, name)
    before = desk.page.locator(".history li").count()
    desk.press("Save note", status=422)
    assert "The note is empty" in desk.alert()
    assert desk.page.locator(".history li").count() == before


def test_a_voucher_is_redeemed_once(arrive: MakePerson, width: int) -> None:
    name = booked(arrive(width))
    desk, colleague = arrive(width, "desk"), arrive(width, "owner")
    for person in (desk, colleague):
        open_lead(person, name)
    desk.press("Redeem")
    assert "Redeemed: voucher" in desk.status()
    assert "redeemed on" in desk.page.locator(".card").inner_text()
    assert desk.page.get_by_role("button", name="Redeem").count() == 0
    colleague.press("Redeem")
    assert "Already redeemed on" in colleague.alert()
    assert f"by {WORKER}. Nothing was changed." in colleague.alert()


def test_a_held_booking_is_allowed_and_the_voucher_goes_out(arrive: MakePerson, site: Site, width: int) -> None:
    name, email = held(arrive(width))
    assert len(site.wait_for_mail(email)) == 1
    desk = arrive(width, "desk")
    desk.follow("Held bookings")
    assert "held" in desk.row(name).inner_text()
    desk.press_in_row(name, "Allow")
    assert "Allowed: voucher" in desk.status()
    desk.follow("Booked", within="main")
    assert "issued" in desk.row(name).inner_text()
    site.wait_for_mail(email, number=2)


def test_a_held_booking_is_declined_once(arrive: MakePerson, site: Site) -> None:
    name, email = held(arrive())
    desk, colleague = arrive(role="desk"), arrive(role="owner")
    colleague.open("/admin/bookings/?tab=held")
    open_lead(desk, name)
    desk.press("Decline")
    assert "Declined" in desk.status()
    colleague.press_in_row(name, "Allow")
    assert "was decided before" in colleague.alert()
    open_lead(desk, name)
    assert "declined" in desk.page.locator(".card").inner_text()
    assert desk.page.locator(".voucher").count() == 0
    site.wait_for_mail(email, number=2)


def test_the_outbox_shows_the_letter(arrive: MakePerson) -> None:
    name = booked(arrive())
    desk = arrive(role="desk")
    open_lead(desk, name)
    code = desk.page.locator(".voucher").inner_text()
    email = desk.page.locator("a[href^='mailto:']").inner_text()
    desk.follow("Outbox", within="header")
    desk.search(email)
    desk.follow("", within="tbody tr:first-child")
    assert code in desk.page.locator(".letter").inner_text()


def test_the_leads_are_exported(arrive: MakePerson) -> None:
    name = booked(arrive())
    desk = arrive(role="desk")
    desk.open("/admin/leads/")
    with desk.page.expect_download() as download:
        desk.page.get_by_role("link", name="Export CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    assert name in download.value.path().read_text(encoding="utf-8-sig")


def test_after_signing_out_the_copied_cookie_is_dead(arrive: MakePerson) -> None:
    desk = arrive()
    desk.sign_in("desk")
    cookies = desk.context.cookies()
    desk.press("Sign out")
    assert desk.path == "/login"
    desk.context.clear_cookies()
    desk.context.add_cookies(cookies)  # type: ignore[arg-type]
    desk.open("/admin/leads/")
    assert desk.path == "/login"


def test_a_page_asked_for_is_shown_after_the_sign_in(arrive: MakePerson) -> None:
    desk = arrive()
    desk.is_staff = True
    desk.open("/admin/leads/?tab=new")
    assert desk.path == "/login"
    desk.sign_in("desk", password="not the password")
    assert desk.alert()
    assert desk.path == "/login"
    desk.sign_in("desk")
    assert desk.path == "/admin/leads/"
