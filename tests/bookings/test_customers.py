"""Imported customers and blocked guests, stored as digests only."""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
import xlsxwriter
from flask import Flask
from flask.testing import FlaskClient

from clinic.admin.desk.export import csv_lines, xlsx_file
from clinic.bookings.blocked_guests import block_guest, lift_block
from clinic.bookings.customers import Known, know_customer, read_customers, report_of
from clinic.bookings.errors import TrialAlreadyUsed
from clinic.bookings.models import BlockedGuest, Booking, BookingState, Claim
from clinic.core.audit import AuditLine
from clinic.core.db import db
from clinic.core.tables import Refusal, read_table
from clinic.outbox.models import Message
from tests.browse import Page, check, visit
from tests.conftest import MovableClock
from tests.factories import make_booking, make_services, make_user

EMAIL, MOBILE = "weiling@gmail.com", "+6591234567"
PERSON = {"name": "Jo", "email": EMAIL, "mobile": MOBILE, "service": "pilates-1-to-1", "consent": "y"}


def claims() -> int:
    return db.session.scalar(sa.select(sa.func.count(Claim.id))) or 0


def test_a_customer_from_before_has_had_the_trial(app: Flask, client: FlaskClient) -> None:
    make_services()
    assert know_customer("Wei.Ling+x@googlemail.com", MOBILE) == Known.ADDED
    answer = client.post("/book/", data=PERSON)
    assert answer.status_code == 422
    assert "already used" in answer.get_data(as_text=True)
    assert db.session.scalars(sa.select(Booking)).all() == []


def test_half_of_a_customer_from_before_is_held(app: Flask, client: FlaskClient) -> None:
    make_services()
    know_customer(EMAIL, MOBILE)
    assert client.post("/book/", data=PERSON | {"mobile": "98765432"}).headers["Location"] == "/book/thanks/"
    assert db.session.scalars(sa.select(Booking.state)).all() == [BookingState.HELD]


def test_two_customers_from_before_do_not_make_one_person(app: Flask) -> None:
    know_customer(EMAIL, "+6581112222")
    know_customer("else@example.org", MOBILE)
    assert make_booking(email=EMAIL, mobile=MOBILE).state == BookingState.HELD


def test_a_dry_run_keeps_nothing_and_a_second_run_adds_nothing(app: Flask) -> None:
    assert know_customer(EMAIL, MOBILE, is_trial=True) == Known.ADDED
    assert claims() == 0
    assert know_customer(EMAIL, MOBILE) == Known.ADDED
    assert know_customer(EMAIL, MOBILE) == Known.KNOWN
    assert know_customer(EMAIL, "") == Known.KNOWN
    assert know_customer(EMAIL, "+6581112222") == Known.PART
    assert claims() == 3


def test_only_digests_are_kept(app: Flask) -> None:
    know_customer(EMAIL, MOBILE)
    kept = str(db.session.execute(sa.select(Claim.__table__)).all())
    assert "weiling" not in kept
    assert "91234567" not in kept


FILE = """Name;E-Mail;Mobile
Tan Wei Ling;wei.ling@gmail.com;9123 4567

Ana Lee;ana@example.org;
Bad Mail;not-an-address;91112222
Bad Number;b@example.org;12
Nobody;;
Again;weiling@gmail.com;+65 9123 4567
"""


def test_a_file_is_reported_line_by_line(app: Flask) -> None:
    report = list(read_customers(FILE, "SG", is_trial=False))
    assert [(line.number, line.outcome, line.why) for line in report] == [
        (2, Known.ADDED, ""),
        (4, Known.ADDED, ""),
        (5, None, "this is not an email address"),
        (6, None, "this is not a valid phone number"),
        (7, None, "no email and no mobile"),
        (8, Known.KNOWN, ""),
    ]
    assert claims() == 3


def test_a_file_without_headings_has_email_and_mobile_in_front(app: Flask) -> None:
    assert [line.outcome for line in read_customers("a@example.org,91234567\n", "SG", is_trial=True)] == [Known.ADDED]
    assert list(read_customers("", "SG", is_trial=True)) == []


def test_a_blocked_guest_is_held_and_answered_like_any_other(app: Flask, client: FlaskClient) -> None:
    make_services()
    block_guest(email="Wei.Ling@gmail.com", mobile="", because="Was rude", until=None, by=make_user())
    answer = client.post("/book/", data=PERSON)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/book/thanks/")
    booking = db.session.scalars(sa.select(Booking)).one()
    assert (booking.state, booking.held_because) == (
        BookingState.HELD,
        "This email or mobile is blocked. See Blocked guests.",
    )
    assert db.session.scalars(sa.select(Message.kind).order_by(Message.id)).all() == ["trial_held", "lead_arrived"]
    assert claims() == 0  # no claim was used
    kept = str(db.session.execute(sa.select(BlockedGuest.__table__)).all())
    assert "weiling" not in kept


def test_a_block_ends_with_its_day_and_when_it_is_lifted(app: Flask, clock: MovableClock) -> None:
    by = make_user()
    (block,) = block_guest(email="", mobile=MOBILE, because="x", until=date(2026, 11, 21), by=by)
    clock.move(days=1)
    assert make_booking(mobile=MOBILE, email="a@example.org").state == BookingState.HELD
    clock.move(days=1)
    assert make_booking(mobile=MOBILE, email="b@example.org").state == BookingState.BOOKED
    (block,) = block_guest(email="c@example.org", mobile="", because="x", until=None, by=by)
    lift_block(block, by=by)
    assert make_booking(email="c@example.org").state == BookingState.BOOKED


def test_blocking_again_changes_reason_and_day(app: Flask) -> None:
    by = make_user()
    for because in ("first", "second"):
        block_guest(email=EMAIL, mobile=MOBILE, because=because, until=None, by=by)
    assert db.session.scalars(sa.select(BlockedGuest.because)).all() == ["second", "second"]


def test_who_is_known_is_refused_even_when_blocked(app: Flask) -> None:
    make_booking(email=EMAIL, mobile=MOBILE)
    block_guest(email=EMAIL, mobile="", because="x", until=None, by=make_user())
    with pytest.raises(TrialAlreadyUsed):
        make_booking(email=EMAIL, mobile=MOBILE)


PERSON_ROW = ["Tan Wei Ling", "wei.ling@gmail.com", "9123 4567"]


@pytest.mark.parametrize(
    "heads",
    [
        ["Name", "E-mail Address", "Mobile No."],
        ["Full name", "EMAIL", "Phone"],
        ["Name", "Email 1 - Value", "Phone 1 - Value"],
        ["Nom", "Courriel", "Téléphone"],
        ["姓名", "电子邮件", "手机号码"],
        ["Customer", "Contact e-mail", "H/P No"],
        ["?", "??", "???"],
    ],
)
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_columns_are_found_by_any_usual_heading_or_by_what_stands_in_them(
    app: Flask, heads: list[str], mark: str
) -> None:
    report = list(read_customers(f"{mark.join(heads)}\n{mark.join(PERSON_ROW)}\n", "SG", is_trial=False))
    assert [(line.number, line.outcome, line.why) for line in report] == [(2, Known.ADDED, "")]
    assert know_customer("weiling@gmail.com", "+6591234567") == Known.KNOWN


def test_columns_about_an_address_are_no_address_and_a_second_number_stands_in(app: Flask) -> None:
    text = (
        "Email opt-in,Phone type,Phone,Email,Mobile\n"
        "yes,home,61234567,a@example.org,\n"
        "no,home,61234567,b@example.org,91234567\n"
    )
    report = list(read_customers(text, "SG", is_trial=False))
    assert [line.outcome for line in report] == [Known.ADDED, Known.ADDED]
    assert know_customer("a@example.org", "+6561234567") == Known.KNOWN
    assert know_customer("b@example.org", "+6591234567") == Known.KNOWN


def test_a_title_above_the_headings_is_no_customer_and_is_named(app: Flask) -> None:
    report = list(read_customers("Customers 2025\n\nEmail;Mobile\na@example.org;91234567\n", "SG", is_trial=True))
    assert [(line.number, line.outcome, line.why) for line in report] == [
        (1, None, "this line is above the headings"),
        (4, Known.ADDED, ""),
    ]


@pytest.mark.parametrize("number", ["6.59123E+09", "6,59123E+09", "9.1E+7"])
def test_a_number_that_the_spreadsheet_has_shortened_is_named_and_not_guessed(app: Flask, number: str) -> None:
    (line,) = read_customers(f"Email;Mobile\na@example.org;{number}\n", "SG", is_trial=True)
    assert "the spreadsheet shortened this number" in line.why


def test_a_line_with_a_broken_quotation_mark_is_named_and_the_others_are_taken(app: Flask) -> None:
    text = 'Email,Mobile\na@example.org,91234567\n"b@example.org,91234568\nc@example.org,"91234569"\n'
    report = report_of(read_customers(text, "SG", is_trial=True))
    assert (report.read, report.outcomes[Known.ADDED]) == (3, 2)
    assert report.refused == [Refusal(3, '"b@example.org,91234568', "Its quotation marks do not match.")]


def test_our_own_export_can_be_read_as_csv_and_as_excel(app: Flask) -> None:
    make_services()
    make_booking(email="a@example.org", mobile="+6591234567")
    make_booking(email="b@example.org", mobile="+6598765432")
    for data in ("".join(csv_lines()).encode(), b"".join(xlsx_file())):
        table = read_table(data)
        assert [line.outcome for line in read_customers(table, "SG", is_trial=True)] == [Known.KNOWN, Known.KNOWN]


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"Email;Mobile\rz@example.org;91234567\ry;\r", 0, "line 3: this is not an email address"),
        ("sep=,\r\nEmail,Mobile\r\nz@example.org,91234567\r\n".encode("utf-16-le"), 0, "1 added"),
        (b"", 0, "No lines."),
        (b"%PDF-1.7", 1, "Error: This is a PDF and no table."),
        (b"PK\x03\x04", 1, "Error: This file cannot be read as a spreadsheet"),
    ],
)
def test_the_command_line_reads_the_same_files_and_never_falls_over(
    app: Flask, tmp_path: Path, data: bytes, status: int, words: str
) -> None:
    file = tmp_path / "customers.csv"
    file.write_bytes(data)
    done = app.test_cli_runner().invoke(args=["clinic", "import-customers", str(file), "--dry-run"])
    assert (done.exit_code, words in done.output) == (status, True), done.output
    assert "Traceback" not in done.output


def test_a_workbook_where_a_csv_was_asked_is_read_in_the_panel(sign_in: Callable[..., FlaskClient]) -> None:
    desk = sign_in("desk")
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        for name in ("Now", "Before"):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["Name", "E-mail Address", "Mobile No."])
            sheet.write_row(1, 0, ["Ana", "ana@example.org", 91234567])
    for data, status, words in (
        (file.getvalue(), 200, "1 row was read. Only the sheet “Now” was read, not “Before”."),
        (b"\x89PNG\r\n\x1a\n", 422, "This is a picture and no table."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 422, "This file cannot be read as a spreadsheet"),
    ):
        token = visit(desk, "/admin/known-customers/").values("Import")["csrf_token"]
        form = {"csrf_token": token, "file": (io.BytesIO(data), "customers.csv"), "is_trial": "y"}
        page = Page(desk, desk.post("/admin/known-customers/", data=form), "/admin/known-customers/")
        assert page.status == status
        assert words in page.text
        check(page)


def test_the_log_says_who_blocked_and_not_why(app: Flask) -> None:
    block_guest(email="hidden@example.org", mobile="", because="Tan Hidden shouted", until=None, by=make_user())
    lines = db.session.scalars(sa.select(AuditLine).where(AuditLine.verb == "blocked")).all()
    assert [line.detail for line in lines] == [""]
