"""Tests of leads in the panel: board, plan, letters, merges, bulk moves with undo, comparing, blocking, files."""

import io
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.admin.desk.export import csv_lines, xlsx_file
from clinic.bookings.customers import know_customer
from clinic.bookings.models import BlockedGuest, Booking, BookingState, Claim
from clinic.bookings.operations import TrialRequest, book_trial, redeem_voucher
from clinic.bookings.sources import FormPlace, Source
from clinic.core.db import db
from clinic.demo.bulk import bulk_leads
from clinic.leads.models import Lead, Letter, Merge, Stage
from clinic.leads.operations import change_stage, save_letter, unsubscribe
from clinic.outbox.models import Message
from clinic.reading.reads import add_reads
from tests.accounts.test_identity import grow_stale
from tests.admin.statements import statements
from tests.browse import check, visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_booking, make_services, make_user

SignIn = Callable[..., FlaskClient]


def open_lead(client: FlaskClient, lead: Lead) -> str:
    del client
    return f"/admin/leads/details/?id={lead.id}"


def stage_of(lead: Lead) -> Stage:
    db.session.rollback()
    return db.session.get_one(Lead, lead.id).stage


# The board


def test_the_board_shows_each_stage_and_moves_with_undo(sign_in: SignIn) -> None:
    lead = make_booking(name="Board Bo").lead
    page = visit(sign_in("desk"), "/admin/leads/board/")
    assert page.texts(".board-stage h2") == [
        "New 1",
        "Contacted 0",
        "Booked 0",
        "Attended 0",
        "Joined 0",
        "Lost 0",
    ]
    assert "since today" in page.text
    moved = page.submit("Move", stage="contacted")
    assert stage_of(lead) == Stage.CONTACTED
    assert moved.path == "/admin/leads/board/"
    moved.submit("Undo")
    assert stage_of(lead) == Stage.NEW


def test_board_and_list_cost_the_same_whatever_the_number(sign_in: SignIn) -> None:
    desk = sign_in("desk")
    for path in ("/admin/leads/board/", "/admin/leads/"):
        make_booking()
        with statements() as few:
            desk.get(path)
        for _ in range(10):
            make_booking()
        with statements() as many:
            desk.get(path)
        assert len(many) == len(few), path
        assert len(many) < (25 if "board" in path else 10), path


# One lead


def test_plan_and_assignment_are_kept_and_a_wrong_date_is_refused(sign_in: SignIn) -> None:
    mei = make_user(name="Mei")
    lead = make_booking().lead
    desk = sign_in("desk")
    page = visit(desk, open_lead(desk, lead))
    assert page.submit("Save", assigned=str(mei.id), next_step="Call", next_on="2026-12-01").status_text() == "Saved."
    db.session.refresh(lead)
    assert (lead.assigned_id, lead.next_step, str(lead.next_on)) == (mei.id, "Call", "2026-12-01")
    refused = page.submit("Save", next_on="soon")
    assert refused.status == 422
    assert "Enter a date like 24/11/2026" in refused.alert()
    assert page.submit("Save", assigned="4711").status == 400
    assert visit(desk, "/admin/leads/?tab=mine").texts("tbody tr") == []
    assert len(visit(sign_in(user=mei), "/admin/leads/?tab=mine").texts("tbody tr")) == 1


def test_a_letter_is_filled_in_changed_and_sent(sign_in: SignIn) -> None:
    letter = save_letter(Letter(), name="After", subject="Dear {name}", body="Thank you, {name}. {clinic}")
    lead = make_booking(name="Tan Wei Ling").lead
    desk = sign_in("desk")
    page = visit(desk, open_lead(desk, lead)).submit("Use template", letter=str(letter.id))
    assert page.one("#subject").attributes["value"] == "Dear Tan Wei Ling"
    assert page.texts("#body") == ["Thank you, Tan Wei Ling. Move Therapy"]
    empty = page.submit("Send email", subject="", body="My words")
    assert empty.status == 422
    assert empty.texts("#body") == ["My words"]
    assert "will be sent" in page.submit("Send email").status_text()
    assert db.session.scalars(sa.select(Message.subject).where(Message.kind == "letter")).all() == ["Dear Tan Wei Ling"]
    unsubscribe(lead)
    assert "has unsubscribed" in page.submit("Send email").alert()
    assert "has unsubscribed" in visit(desk, open_lead(desk, lead)).text


# The fields of a lead's forms: button, what else is typed, the longest text, and the sentence for a longer one.
LONGEST: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "because": ("Change", {"stage": "lost"}, 200, "Shorten the reason to at most 200 characters"),
    "next_step": ("Save", {}, 200, "Shorten the next step to at most 200 characters"),
    "subject": ("Send email", {"body": "Hello"}, 200, "Shorten the subject to at most 200 characters"),
    "body": ("Send email", {"subject": "Hello"}, 10_000, "Shorten the text to at most 10,000 characters"),
    "note": ("Save note", {}, 5000, "Shorten the note to at most 5,000 characters"),
}


def texts(name: str, value: str) -> dict[str, Any]:
    """Return one field with its value."""
    return {name: value}


def stored(lead: Lead) -> list[object]:
    db.session.rollback()
    db.session.expire_all()
    texts = [event.text for event in db.session.get_one(Lead, lead.id).events]
    sent = db.session.scalars(sa.select(Message).where(Message.kind == "letter")).all()
    return [lead.stage, lead.lost_because, lead.next_step, texts, len(sent)]


@pytest.mark.parametrize("name", LONGEST)
def test_a_text_that_is_too_long_is_refused_beside_its_field_and_kept_in_it(sign_in: SignIn, name: str) -> None:
    button, fields, most, sentence = LONGEST[name]
    lead = make_booking().lead
    desk = sign_in("desk")
    page = visit(desk, open_lead(desk, lead))
    before = stored(lead)
    typed = "Too long. " + "x" * most
    refused = page.submit(button, **(fields | {name: typed}))
    check(refused)
    assert refused.status == 422
    assert sentence in refused.alert()
    assert refused.texts(f"#{name}-error") == [sentence]
    box = refused.one(f"#{name}")
    assert box.attributes["aria-invalid"] == "true"
    assert f"{name}-error" in (box.attributes["aria-describedby"] or "")
    values = refused.values(button)
    assert values[name] == typed
    assert {one: values[one] for one in fields} == fields
    assert stored(lead) == before
    shortened = refused.submit(button, **({name: "y" * most} | fields))
    assert shortened.path == open_lead(desk, lead)
    assert "y" * most in str(stored(lead))


@pytest.mark.parametrize(
    ("button", "name", "sentence"),
    [
        ("Send email", "subject", "Enter a subject"),
        ("Send email", "body", "Enter a text"),
        ("Save note", "note", "The note is empty. Write something first"),
    ],
)
def test_an_empty_form_of_a_lead_says_beside_each_field_what_is_missing(
    sign_in: SignIn, button: str, name: str, sentence: str
) -> None:
    lead = make_booking().lead
    desk = sign_in("desk")
    before = stored(lead)
    refused = visit(desk, open_lead(desk, lead)).submit(button, **dict[str, Any]({name: " \n "}))
    check(refused)
    assert refused.status == 422
    assert refused.texts(f"#{name}-error") == [sentence]
    assert stored(lead) == before


def test_a_plan_and_a_reason_may_be_emptied(sign_in: SignIn) -> None:
    lead = make_booking().lead
    desk = sign_in("desk")
    page = visit(desk, open_lead(desk, lead))
    page = page.submit("Save", next_step="Call", next_on="2026-12-01")
    page = page.submit("Change", stage="lost", because="Too far")
    assert page.values("Change")["because"] == "Too far"
    page.submit("Save", next_step="", next_on="").submit("Change", stage="new", because="")
    db.session.refresh(lead)
    assert (lead.next_step, lead.next_on, lead.lost_because, lead.stage) == ("", None, "", Stage.NEW)


def test_a_refused_letter_is_sent_once_when_it_is_put_right_and_sent_twice(sign_in: SignIn) -> None:
    lead = make_booking().lead
    desk = sign_in("desk")
    refused = visit(desk, open_lead(desk, lead)).submit("Send email", subject="Hello")
    for _ in range(2):
        sent = refused.submit("Send email", body="How are you?")
        assert (sent.status, sent.path) == (200, open_lead(desk, lead))
    assert stored(lead)[-1] == 1


def test_one_person_is_merged_and_split_on_the_page(sign_in: SignIn) -> None:
    kept = make_booking(name="Tan Wei Ling", email="a@example.org").lead
    other = make_booking(name="Tan Wei Lin", email="b@example.org").lead
    desk = sign_in("desk")
    page = visit(desk, open_lead(desk, kept)).submit("Same person: merge")
    assert "Merged" in page.status_text()
    assert len(page.texts(".card")) == 2
    assert visit(desk, f"/admin/leads/details/?id={other.id}").texts("h1") == ["Tan Wei Ling"]
    assert page.submit("Undo merge").status_text().startswith("Merge undone. Tan Wei Lin")
    assert db.session.scalars(sa.select(Merge)).all() == []
    apart = visit(desk, open_lead(desk, kept)).submit("Different people")
    assert "a different person" in apart.status_text()
    assert apart.texts(".likely") == []


def test_many_are_moved_and_put_back(sign_in: SignIn) -> None:
    leads = [make_booking().lead for _ in range(3)]
    change_stage(leads[2], Stage.BOOKED)
    desk = sign_in("desk")
    page = visit(desk, "/admin/leads/")
    page.submit("Mark selected as contacted", rowid=[str(lead.id) for lead in leads])
    done = visit(desk, "/admin/leads/")
    assert {stage_of(lead) for lead in leads} == {Stage.CONTACTED}
    assert "3 leads restored" in done.submit("Undo").status_text()
    assert [stage_of(lead) for lead in leads] == [Stage.NEW, Stage.NEW, Stage.BOOKED]
    page.submit("Mark selected as lost")
    assert "Select at least one lead" in visit(desk, "/admin/leads/").alert()
    page.submit("Assign selected to me", rowid=[str(leads[0].id)])
    assert "1 lead assigned to you" in visit(desk, "/admin/leads/").status_text()


# Held, blocked, known


def test_a_held_request_stands_beside_who_used_the_contact(sign_in: SignIn) -> None:
    make_booking(name="Tan Wei Ling", email="a@example.org", mobile="+6591234567")
    know_customer("old@example.org", "+6581234567")
    held = make_booking(name="Tan Wei Lin", email="a@example.org", mobile="+6581234567")
    desk = sign_in("desk")
    page = visit(desk, "/admin/bookings/?tab=held")
    assert f"/admin/bookings/compare/?id={held.id}" in page.html
    page = visit(desk, f"/admin/bookings/compare/?id={held.id}")
    for words in ("Used this email", "Tan Wei Ling", "Same name except for one letter", "A customer from before"):
        assert words in page.text, words
    page.submit("Allow: first-time customer")
    db.session.rollback()
    assert db.session.get_one(Booking, held.id).state == BookingState.BOOKED
    assert "Already decided: booked" in visit(desk, f"/admin/bookings/compare/?id={held.id}").text


def test_a_guest_is_blocked_and_the_block_lifted(sign_in: SignIn) -> None:
    desk = sign_in("desk")
    page = visit(desk, "/admin/blocked-guests/new/")
    assert "Enter an email address or a mobile number" in page.submit("Save", because="x").alert()
    assert "like 9123 4567" in page.submit("Save", because="x", mobile="12").alert()
    page.submit("Save", because="Was rude", email="Rude@example.org", mobile="9123 4567")
    assert set(db.session.scalars(sa.select(BlockedGuest.label))) == {"r…@example.org", "+659… 567"}
    held = make_booking(email="rude@example.org")
    assert "Was rude" in visit(desk, f"/admin/bookings/compare/?id={held.id}").text
    block = db.session.scalars(sa.select(BlockedGuest).order_by(BlockedGuest.id)).first()
    assert block
    visit(desk, f"/admin/blocked-guests/delete/?id={block.id}").submit("Delete")
    assert len(db.session.scalars(sa.select(BlockedGuest)).all()) == 1


def test_customers_from_before_are_tried_first_and_then_kept(sign_in: SignIn) -> None:
    desk = sign_in("desk")
    page = visit(desk, "/admin/known-customers/")
    lines = "a@example.org,91234567\nnonsense,1\n"
    tried = page.submit("Import", lines=lines)
    assert "Test run, nothing was saved: 1 added" in tried.status_text()
    assert db.session.scalars(sa.select(Claim)).all() == []
    done = page.submit("Import", lines=lines, is_trial=None)
    assert "1 added" in done.status_text()
    assert done.texts("tbody tr") == ["1 added", "2 not imported: this is not an email address"]
    assert "Choose a file or paste" in page.submit("Import", lines=" ").alert()
    assert "more than 5,000 lines" in page.submit("Import", lines="a\n" * 5002).alert()


# Sources


def test_the_form_on_an_article_says_where_it_stood(app: Flask, client: FlaskClient) -> None:
    make_services()
    end = make_article()
    text = make_article(body='<p>Text.</p><section data-part="trial-form"></section><p>More.</p>')
    person: dict[str, Any] = {"name": "Jo", "consent": "y", "service": "pilates-1-to-1"}
    for number, (path, where) in enumerate(
        [
            (end.address, FormPlace.END),
            (text.address, FormPlace.TEXT),
            (f"/book/?from={end.slug}", FormPlace.LINK),
            ("/services/pilates-1-to-1/", FormPlace.SERVICE),
            ("/book/", FormPlace.BOOK),
        ]
    ):
        who = {"email": f"jo{number}@example.org", "mobile": f"9123 400{number}"}
        page = visit(client, path.partition("?")[0], query={"from": end.slug} if "?" in path else None)
        page.submit("Book my trial", **person | who)
        lead = db.session.scalars(sa.select(Lead).order_by(Lead.id.desc())).first()
        assert lead
        assert lead.source == where, path
        assert (lead.article_id is not None) == (where in (FormPlace.END, FormPlace.TEXT, FormPlace.LINK)), path


def test_a_source_that_was_changed_credits_nobody(app: Flask, client: FlaskClient) -> None:
    make_services()
    article = make_article()
    sealed = Source(FormPlace.END, article.slug).sealed()
    for number, value in enumerate((article.slug, sealed[:-2] + "xx", "x" * 300, sealed.replace(".", ""))):
        person = {"name": "Jo", "email": f"j{number}@example.org", "mobile": f"9123 400{number}", "consent": "y"}
        answer = client.post("/book/", data=person | {"service": "pilates-1-to-1", "source": value})
        assert answer.status_code == 303, value
    assert set(db.session.scalars(sa.select(Lead.article_id))) == {None}


def test_the_articles_own_links_to_the_trial_page_say_which(app: Flask, client: FlaskClient) -> None:
    article = make_article()
    assert f'href="/book/?from={article.slug}"' in client.get(article.address).get_data(as_text=True)
    assert 'href="/book/"' in client.get("/articles/").get_data(as_text=True)


# The report


def ask(article_id: int | None, service_id: int, number: int) -> Booking:
    contact = {"email": f"r{number}@example.org", "mobile": f"+6591235{number:03}"}
    return book_trial(TrialRequest(name="R", **contact, service_id=service_id, article_id=article_id))


def test_the_report_counts_readers_trials_visits_and_members(sign_in: SignIn, clock: MovableClock) -> None:
    services = make_services()
    hips, backs = make_article(title="Hips"), make_article(title="Backs")
    today = clock.now.date()
    add_reads({(hips.slug, today): 40, (backs.slug, today): 10, (hips.slug, today - timedelta(days=200)): 7})
    desk_user = make_user()
    bookings = [ask(hips.id, services[0].id, number) for number in range(3)] + [ask(None, services[1].id, 9)]
    for booking in bookings[:2]:
        assert booking.voucher
        redeem_voucher(booking.voucher, by=desk_user)
    change_stage(bookings[0].lead, Stage.JOINED, by=desk_user)
    desk = sign_in("desk")

    def rows(query: str) -> list[str]:
        return visit(desk, "/admin/report/", query=dict(part.split("=") for part in query.split("&"))).texts("tbody tr")

    table = rows("by=article")[:3]
    assert table == ["Hips 40 3 2 1", "Backs 10 0 0 0", "Not from an article – 1 0 0"]
    assert rows("by=service")[:2] == ["Move Therapy 1-to-1 – 3 2 1", "Pilates 1-to-1 – 1 0 0"]
    assert rows("by=week")[:1] == ["2026-11-16 50 4 2 1"]
    assert rows("by=article&from=2026-01-01&to=2026-06-30")[:1] == ["Hips 7 0 0 0"]
    assert (
        "no reads or requests" in visit(desk, "/admin/report/", query={"from": "2020-01-01", "to": "2020-02-01"}).text
    )
    for odd in ("by=nonsense", "from=x&to=y", "from=2026-12-01&to=2026-01-01"):
        rows(odd)
    lines = desk.get("/admin/report/report.csv?by=article").data.decode("utf-8-sig").splitlines()
    assert lines[:2] == ["Article,Reads,Trials,Attended,Joined", "Hips,40,3,2,1"]


# Files


def test_the_sheet_holds_every_lead_as_text(sign_in: SignIn) -> None:
    make_booking(name="=1+1 <b>")
    answer = sign_in("desk").get("/admin/leads/export.xlsx")
    assert int(answer.headers["X-Rows"]) >= 1  # about: the last id
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "=1+1 &lt;b&gt;" in sheet
    assert "<f>" not in sheet


def test_an_export_wants_a_fresh_proof_of_identity(sign_in: SignIn) -> None:
    desk = sign_in("desk")
    for kind in ("csv", "xlsx"):
        assert desk.get(f"/admin/leads/export.{kind}").status_code == 200
    grow_stale(desk)
    for kind in ("csv", "xlsx"):
        answer = desk.get(f"/admin/leads/export.{kind}")
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/verify?next=")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("file", [csv_lines, xlsx_file])
def test_an_export_of_ten_times_the_leads_needs_no_more_memory(
    app: Flask, file: Callable[[], Iterator[object]]
) -> None:
    def peak() -> int:
        db.session.remove()
        tracemalloc.start()
        for _ in file():
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    make_services()
    for _ in bulk_leads(1000):
        pass
    peak()  # what is made once
    few = peak()
    for _ in bulk_leads(9000):
        pass
    assert peak() < 1.25 * few
