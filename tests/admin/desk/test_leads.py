"""Leads at the desk: stage, note, history, export."""

import csv
import io
from collections.abc import Callable

import sqlalchemy as sa
from flask.testing import FlaskClient

from clinic.admin.desk.export import safe_cell
from clinic.core import clock
from clinic.core.audit import AuditLine
from clinic.core.db import atomic, db
from clinic.leads.models import Lead, LeadEvent, Stage
from clinic.leads.operations import change_stage
from tests.browse import visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_booking, make_user

SignIn = Callable[..., FlaskClient]


def make_leads(names: list[str]) -> None:
    now = clock.now()
    same = {"email": "a@example.org", "mobile": "+6591234567", "created_at": now, "stage_since": now}
    with atomic():
        db.session.execute(sa.insert(Lead), [{"name": name, **same} for name in names])


def exported(client: FlaskClient) -> list[list[str]]:
    answer = client.get("/admin/leads/export.csv")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=leads-")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_the_list_shows_newest_first_with_session_booking_and_source(sign_in: SignIn, clock: MovableClock) -> None:
    article = make_article(title="Strong hips")
    make_booking(name="Old Person", article=article)
    clock.move(days=1)
    make_booking(name="New Person", mobile="+6591234567")
    desk = sign_in("desk")
    page = visit(desk, "/admin/leads/")
    assert page.texts("td[data-label=Name]") == ["New Person", "Old Person"]
    assert page.texts("td[data-label=Source]") == ["–", "Strong hips"]
    assert page.texts("td[data-label=Mobile]")[0] == "+65 9123 4567"
    assert page.texts("td[data-label=Session]") == ["Move Therapy 1-to-1"] * 2
    assert page.texts("td[data-label=Booking]") == ["booked"] * 2


def test_the_desk_changes_a_stage_and_the_tabs_follow(sign_in: SignIn) -> None:
    desk = sign_in(user=make_user(name="Haziq Rahman"))
    lead = make_booking(name="Wei Ling").lead
    page = visit(desk, f"/admin/leads/details/?id={lead.id}").submit("Change", stage="contacted")
    assert page.status_text() == "Stage changed to contacted."
    assert page.texts(".history li")[0].endswith("Haziq Rahman Stage changed to contacted")
    assert visit(desk, "/admin/leads/?tab=contacted").texts("td[data-label=Name]") == ["Wei Ling"]
    assert visit(desk, "/admin/leads/?tab=new").texts("td[data-label=Name]") == []


def test_a_note_is_kept_with_its_writer_and_an_empty_one_is_not(sign_in: SignIn) -> None:
    desk, lead = sign_in(user=make_user(name="Haziq")), make_booking().lead
    page = visit(desk, f"/admin/leads/details/?id={lead.id}")
    after = page.submit("Save note", note="Prefers <b>mornings</b>\nand calls")
    assert after.status_text() == "Note saved."
    assert "Prefers <b>mornings</b> and calls" in after.texts(".history li.note")[0]
    assert "Haziq" in after.texts(".history li.note")[0]
    for empty in ("", "  \n ", "\u200b"):
        assert "Write something first" in page.submit("Save note", note=empty).alert()
    assert len(db.session.scalars(sa.select(LeadEvent).where(LeadEvent.is_note)).all()) == 1


def test_unknown_leads_and_stages_change_nothing(sign_in: SignIn) -> None:
    desk, lead = sign_in("desk"), make_booking().lead
    page = visit(desk, f"/admin/leads/details/?id={lead.id}")
    assert page.submit("Change", stage="married").status == 400
    assert page.submit("Change", id="987654", stage="lost").status == 404
    assert page.submit("Save note", id="x", note="x").status == 404
    visit(desk, "/admin/leads/details/?id=987654", status=404)
    assert db.session.get_one(Lead, lead.id).stage == Stage.NEW


def test_search_finds_by_name_email_and_mobile(sign_in: SignIn) -> None:
    desk = sign_in("desk")
    make_booking(name="Tan Wei Ling", email="weiling@example.org", mobile="+6591234567")
    make_booking(name="Ana Lee", email="ana@example.org", mobile="+6581234567")
    page = visit(desk, "/admin/leads/")
    for words in ("wei ling", "WEILING@", "+6591234567"):
        assert page.submit("Search", search=words).texts("td[data-label=Name]") == ["Tan Wei Ling"]
    assert "No results for “<b>”" in page.submit("Search", search="<b>").text


def test_the_export_holds_every_lead_as_utf_8_and_leaves_a_line_in_the_log(sign_in: SignIn) -> None:
    desk, article = sign_in("desk"), make_article(title="Hips, “knees” & more")
    lead = make_booking(name="Zoë Müller 李", email="zoe@example.org", mobile="+6591234567", article=article).lead
    change_stage(lead, Stage.CONTACTED)
    make_leads([f"Person {number}" for number in range(600)])
    assert desk.get("/admin/leads/export.csv").data.startswith("\ufeff".encode())
    head, first, *rest = exported(desk)
    assert head == ["Name", "Email", "Mobile", "Stage", "Source article", "Requested on"]
    assert first[:5] == ["Zoë Müller 李", "zoe@example.org", "'+6591234567", "contacted", "Hips, “knees” & more"]
    assert [row[0] for row in rest] == [f"Person {number}" for number in range(600)]
    assert "exported" in db.session.scalars(sa.select(AuditLine.verb).where(AuditLine.actor_id.is_not(None))).all()


def test_no_cell_of_the_export_acts_as_a_formula(sign_in: SignIn) -> None:
    evil = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://evil.example","x")', "\t=1", "\r=1"]
    make_leads(evil)
    names = [row[0] for row in exported(sign_in("desk"))[1:]]
    assert len(names) == len(evil)
    assert all(name.startswith("'") for name in names)
    assert [safe_cell(text) for text in ("", "Tan", "a=1")] == ["", "Tan", "a=1"]
