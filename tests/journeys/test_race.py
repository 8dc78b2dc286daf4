"""Simultaneous requests: the one-time rule, vouchers and decisions of the desk hold."""

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from clinic.accounts.access import RoleName
from clinic.accounts.models import User
from clinic.accounts.operations import create_user
from clinic.bookings.errors import NotHeld, VoucherRedeemed
from clinic.bookings.models import Booking, BookingState, Voucher, VoucherState
from clinic.bookings.operations import allow_booking, decline_booking, redeem_voucher
from clinic.core import clock
from clinic.core.db import db
from clinic.core.text import canonical_email
from clinic.leads.models import LeadEvent
from clinic.outbox.models import Message
from clinic.visits.models import Visit
from clinic.visits.therapists import add_therapist
from tests.factories import PASSWORD, make_booking, make_user
from tests.journeys.site import PLACES, Site, ask, at_once, site_on
from tests.journeys.smtp import MailServer
from tests.services import wait_for

pytestmark = pytest.mark.alone

EMAILS = (
    "weiling@gmail.com",
    "Wei.Ling@Gmail.com",
    "w.e.i.l.i.n.g+trial@googlemail.com",
    "WEILING+A+B@GOOGLEMAIL.COM",
    " wei.ling@gmail.com ",
)
MOBILES = (
    "91234567",
    "9123 4567",
    "9123-4567",
    "+6591234567",
    "+65 9123 4567",
    "+65-9123-4567",
    "006591234567",
    "0065 9123 4567",
    "0065-9123-4567",
    "  +65 (9123) 4567 ",
)
SPELLINGS = list(itertools.product(EMAILS, MOBILES))


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture(scope="module", params=PLACES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, mails: MailServer) -> Iterator[Site]:
    """The web processes on each database; a test that needs mail starts workers."""
    # A long lease, so that a slow worker on a busy machine does not lose it.
    settings = {"MAIL_URL": mails.url, "OUTBOX_LEASE_SECONDS": "60"}
    with site_on(request.param, request, tmp_path_factory.mktemp("race"), **settings) as site:
        mails.letters.clear()
        site.start_web()
        yield site


def book_at_once(site: Site, people: list[tuple[str, str]]) -> Counter[int]:
    def asking(email: str, mobile: str) -> Callable[[], int]:
        return lambda: site.book(email=email, mobile=mobile)

    return Counter(at_once([asking(*person) for person in people]))


def test_one_person_in_fifty_spellings_at_once_gets_one_trial_and_one_mail(site: Site, mails: MailServer) -> None:
    before = site.rows()
    statuses = book_at_once(site, SPELLINGS)
    assert statuses == {303: 1, 422: 49}
    made = {"booking booked": 1, "voucher": 1, "lead": 1, "claim": 2, "refusal": 49}
    assert site.rows() - before == made | {"message trial_confirmed": 1, "message lead_arrived": 1}
    send_by_two_workers(site)
    booking = next(booking for email, booking in site.booked().items() if is_wei_ling(email))
    sent = [letter for letter in mails.letters if is_wei_ling(letter.to) and booking.voucher.code in letter.text]
    assert len(sent) == 1


def send_by_two_workers(site: Site) -> None:
    site.start("worker one")
    site.start("worker two")
    try:
        wait_for(site.is_drained, "the outbox to be drained", seconds=60)
    finally:
        site.kill("worker one")
        site.kill("worker two")


def is_wei_ling(address: str) -> bool:
    return canonical_email(address) == "weiling@gmail.com"


@pytest.mark.parametrize("known", ["email", "mobile"])
def test_fifty_requests_of_a_half_known_person_are_one_held_booking(site: Site, known: str) -> None:
    first = {"email": f"halim.by.{known}@example.org", "mobile": f"+65 9222 0{len(known):03}"}
    assert site.book(**first) == 303
    other = {"email": f"other.by.{known}@example.org", "mobile": f"+65 9333 0{len(known):03}"}
    person = other | {known: first[known]}
    before = site.rows()
    assert book_at_once(site, [(person["email"], person["mobile"])] * 50) == {303: 50}
    made = {"booking held": 1, "lead": 1, "message trial_held": 1, "message lead_arrived": 1}
    assert site.rows() - before == made


def test_of_two_people_who_share_an_address_one_is_booked_and_one_is_held(site: Site) -> None:
    before = site.rows()
    pairs = [("sharing@example.org", "+65 9444 0001"), ("sharing@example.org", "+65 9444 0002")]
    # The pair that comes first is booked once and refused afterwards; the other is held, and thanked each time.
    assert book_at_once(site, pairs * 20) == {303: 21, 422: 19}
    made = site.rows() - before
    assert (made["booking booked"], made["booking held"], made["voucher"], made["claim"]) == (1, 1, 1, 2)
    assert made["refusal"] == 19
    assert (made["message trial_confirmed"], made["message trial_held"], made["lead"]) == (1, 1, 2)


def test_sixty_four_different_people_at_once_are_all_booked_and_told_once(site: Site, mails: MailServer) -> None:
    before = site.rows()
    people = [(f"person{number}@example.org", f"+65 9555 {number:04}") for number in range(64)]
    assert book_at_once(site, people) == {303: 64}
    made = site.rows() - before
    assert (made["booking booked"], made["voucher"], made["lead"], made["claim"]) == (64, 64, 64, 128)
    assert made["message trial_confirmed"] == 64
    send_by_two_workers(site)
    assert {len(mails.letters_to(email)) for email, _mobile in people} == {1}


def test_sixty_four_clients_that_write_on_and_on_never_find_the_database_locked(site: Site) -> None:
    def writing(client: int) -> Callable[[], list[int]]:
        def write() -> list[int]:
            comment = {"body": f"Helpful, says {client}.", "name": "Jo", "email": f"jo{client}@example.org"}
            return [
                site.book(email=f"writer{client}.{turn}@example.org", mobile=f"+65 9{client + 100} {turn:04}")
                if turn % 2
                else ask(site.port, f"{site.article}comments", comment | {"body": f"{comment['body']} {turn}"}).status
                for turn in range(6)
            ]

        return write

    statuses = Counter(status for each in at_once([writing(client) for client in range(64)]) for status in each)
    assert statuses == {303: 64 * 6}
    logs = list(site.folder.glob("web*.log"))  # a cluster has several
    assert logs
    assert not [log for log in logs if "locked" in log.read_text()]


def test_two_hundred_requests_of_twenty_people_make_twenty_trials(site: Site) -> None:
    before = site.rows()
    people = [(f"twenty{number}@example.org", f"+65 9666 {number:04}") for number in range(20)]
    answers = book_at_once(site, people * 10)
    assert answers == {303: 20, 422: 180}
    made = site.rows() - before
    assert (made["booking booked"], made["voucher"], made["lead"], made["claim"]) == (20, 20, 20, 40)
    assert (made["message trial_confirmed"], made["message lead_arrived"], made["refusal"]) == (20, 20, 180)


def test_a_hundred_times_set_at_once_over_ten_slots(site: Site) -> None:
    with site.app.app_context():
        therapist = add_therapist("Anna Koh").id
        bookings = [make_booking(mobile=f"+659777{number:04}").id for number in range(100)]
        create_user(email="race@example.org", name="Desk", roles=[RoleName.DESK], password=PASSWORD)
        db.session.rollback()
        start = clock.now().astimezone(ZoneInfo("Asia/Singapore")).replace(minute=0, second=0, microsecond=0)
    cookie, token = signed_in(site, "race@example.org")
    before = site.rows()

    def setting(number: int) -> Callable[[], int]:
        slot = start + timedelta(days=3, hours=number % 10)
        fields = {"csrf_token": token, "id": str(bookings[number]), "slot": f"{therapist} {slot.isoformat()}"}
        return lambda: ask(site.port, "/admin/calendar/set/", fields, cookie=cookie).status

    assert Counter(at_once([setting(number) for number in range(100)])) == {303: 10, 409: 90}
    assert (site.rows() - before)["message visit_set"] == 10
    with site.app.app_context():
        starts = db.session.scalars(sa.select(Visit.starts_at).where(Visit.therapist_id == therapist)).all()
        assert len(set(starts)) == len(starts) == 10


def signed_in(site: Site, email: str) -> tuple[str, str]:
    """Return the cookie of a sign-in, and the token of its forms."""
    page = ask(site.port, "/login")
    cookie = page.headers["set-cookie"].partition(";")[0]
    fields = {"email": email, "password": PASSWORD, "csrf_token": token_in(page.text)}
    done = ask(site.port, "/login", fields, cookie=cookie)
    assert done.status == 302, done.text
    cookie = done.headers["set-cookie"].partition(";")[0]
    return cookie, token_in(ask(site.port, "/admin/account/", cookie=cookie).text)


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def outcome(app: Flask, act: Callable[[], object]) -> str:
    """Return the name of the error that the function raised, or "done". Runs in a context of its own, like a
    request."""
    with app.app_context():
        try:
            act()
        except (NotHeld, VoucherRedeemed) as error:
            return type(error).__name__
        return "done"


def test_of_twenty_redemptions_at_once_one_succeeds(app: Flask) -> None:
    voucher_id = make_booking().voucher.id
    staff = [make_user(name=f"Desk {number}").id for number in range(20)]
    db.session.rollback()

    def redeeming(by: int) -> Callable[[], str]:
        def redeem() -> None:
            redeem_voucher(db.session.get_one(Voucher, voucher_id), by=db.session.get_one(User, by))

        return lambda: outcome(app, redeem)

    outcomes = at_once([redeeming(by) for by in staff])
    assert Counter(outcomes) == {"done": 1, "VoucherRedeemed": 19}
    voucher = db.session.get_one(Voucher, voucher_id)
    assert voucher.state == VoucherState.REDEEMED
    assert voucher.redeemed_by_id == staff[outcomes.index("done")]
    history = db.session.scalars(sa.select(LeadEvent.text).where(LeadEvent.lead_id == voucher.booking.lead_id)).all()
    assert sum("redeemed" in text for text in history) == 1


def test_of_twenty_decisions_at_once_one_counts(app: Flask) -> None:
    first = make_booking()
    held_id = make_booking(email=first.lead.email).id
    staff_id = make_user().id
    assert db.session.get_one(Booking, held_id).state == BookingState.HELD
    db.session.rollback()

    def deciding(decide: Callable[..., object]) -> Callable[[], str]:
        def act() -> None:
            decide(db.session.get_one(Booking, held_id), by=db.session.get_one(User, staff_id))

        return lambda: outcome(app, act)

    decisions: list[Callable[..., object]] = [allow_booking, decline_booking] * 10
    outcomes = at_once([deciding(decide) for decide in decisions])
    assert Counter(outcomes) == {"done": 1, "NotHeld": 19}
    booking = db.session.get_one(Booking, held_id)
    was_allowed = decisions[outcomes.index("done")] is allow_booking
    assert booking.state == (BookingState.BOOKED if was_allowed else BookingState.DECLINED)
    assert (booking.voucher is not None) == was_allowed
    keys = [f"trial_confirmed:{held_id}", f"trial_declined:{held_id}"]
    mailed = db.session.scalars(sa.select(Message.kind).where(Message.once_key.in_(keys))).all()
    assert mailed == ["trial_confirmed" if was_allowed else "trial_declined"]
