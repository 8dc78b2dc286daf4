"""The desk's work on a lead: next step, assignee, letters, the daily email."""

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask

from clinic.core.db import db
from clinic.leads.errors import LetterTaken, Unsubscribed
from clinic.leads.models import LeadEvent, Letter, Stage
from clinic.leads.operations import (
    assign_lead,
    change_stage,
    move_leads,
    plan_next_step,
    remind_of_leads,
    save_letter,
    undo_stage,
    unsubscribe,
    write_letter,
)
from clinic.outbox.letter import Letter as SentLetter
from clinic.outbox.models import Message
from tests.conftest import MovableClock
from tests.factories import make_booking, make_user

TODAY = date(2026, 11, 20)


def history(lead_id: int) -> list[str]:
    return list(
        db.session.scalars(sa.select(LeadEvent.text).where(LeadEvent.lead_id == lead_id).order_by(LeadEvent.id))
    )


def mails(kind: str) -> list[Message]:
    return list(db.session.scalars(sa.select(Message).where(Message.kind == kind).order_by(Message.id)))


def test_time_in_a_stage_begins_with_each_move(app: Flask, clock: MovableClock) -> None:
    lead = make_booking().lead
    clock.move(days=3)
    change_stage(lead, Stage.CONTACTED)
    db.session.refresh(lead)
    assert lead.stage_since == clock.now
    clock.move(days=1)
    change_stage(lead, Stage.CONTACTED)
    db.session.refresh(lead)
    assert (clock.now - lead.stage_since).days == 1


def test_a_lost_lead_keeps_its_reason_until_it_is_found_again(app: Flask) -> None:
    lead, by = make_booking().lead, make_user()
    change_stage(lead, Stage.LOST, because="Too far", by=by)
    db.session.refresh(lead)
    assert lead.lost_because == "Too far"
    assert "Stage changed to lost: Too far" in history(lead.id)
    undo_stage(lead, Stage.NEW, of=Stage.LOST, by=by)
    db.session.refresh(lead)
    assert (lead.stage, lead.lost_because) == (Stage.NEW, "")


def test_many_move_at_once_and_what_they_were_is_known(app: Flask) -> None:
    one, two = make_booking().lead, make_booking().lead
    change_stage(two, Stage.CONTACTED)
    assert move_leads([one.id, two.id, 4711], Stage.CONTACTED, by=make_user()) == {one.id: Stage.NEW}


def test_who_and_what_next_are_written_down_once(app: Flask) -> None:
    lead, mei = make_booking().lead, make_user(name="Mei")
    for _ in range(2):
        assign_lead(lead, mei.id, "Mei", by=mei)
        plan_next_step(lead, "Call about Tuesday", TODAY, by=mei)
    assert history(lead.id)[1:] == ["Assigned to Mei", "Next step: Call about Tuesday on 20 November 2026"]


def test_a_letter_goes_out_is_kept_and_can_be_ended(app: Flask) -> None:
    lead, by = make_booking().lead, make_user()
    write_letter(lead, "How was it?", "Dear Wei Ling\n\nWas it good?", by=by)
    (message,) = mails("letter")
    assert message.to == lead.email
    assert "Was it good?" in message.text
    db.session.expunge(message)
    message.put_in_secrets()
    letter = SentLetter(message)._message()
    assert letter["List-Unsubscribe"] == f"<{message.unsubscribe_url}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/link/unsubscribe/" in message.unsubscribe_url
    assert history(lead.id)[-1] == "Email: How was it?\n\nDear Wei Ling\n\nWas it good?"
    assert unsubscribe(lead)
    assert not unsubscribe(lead)
    db.session.refresh(lead)
    with pytest.raises(Unsubscribed):
        write_letter(lead, "Again", "Again", by=by)
    assert len(mails("letter")) == 1


def test_the_morning_mail_names_what_is_due_once_a_day_to_each_reader(app: Flask, clock: MovableClock) -> None:
    mei = make_user(name="Mei")
    due, mine, later, lost = (make_booking(name=name).lead for name in ("Due Do", "Mine Mo", "Later La", "Lost Lo"))
    for lead, day in ((due, 19), (mine, 20), (later, 21), (lost, 18)):
        plan_next_step(lead, "Call", date(2026, 11, day), by=mei)
    assign_lead(mine, mei.id, "Mei", by=mei)
    change_stage(lost, Stage.LOST, by=mei)
    for _ in range(3):
        remind_of_leads(TODAY)
    assert {mail.to: mail.subject for mail in mails("leads_overdue")} == {
        "desk@example.org": "1 lead to follow up today",
        mei.email: "1 lead to follow up today",
    }
    assert "Due Do: Call (19 November)" in mails("leads_overdue")[0].text + mails("leads_overdue")[1].text
    remind_of_leads(date(2026, 11, 21))
    assert len(mails("leads_overdue")) == 4


def test_letters_have_names_of_their_own(app: Flask) -> None:
    letter = save_letter(Letter(), name="After the trial", subject="Dear {name}", body="From {clinic}, {name}")
    assert letter.filled(name="Jo", clinic="Move") == ("Dear Jo", "From Move, Jo")
    with pytest.raises(LetterTaken):
        save_letter(Letter(), name="After the trial", subject="x", body="y")
    save_letter(letter, name="After the trial", subject="x", body="y")
