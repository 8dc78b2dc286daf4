"""The desk's work with a lead: stages, notes, and a history that nobody can rewrite."""

import sqlalchemy as sa
from flask import Flask

from clinic.articles.addresses import article_id_with_slug
from clinic.articles.lifecycle import delete_article
from clinic.core.audit import AuditLine
from clinic.core.db import atomic, db
from clinic.leads.models import Lead, LeadEvent, Stage
from clinic.leads.operations import add_note, change_stage
from clinic.leads.queries import count_in_stage, lead_with_history, leads_for_export
from tests.conftest import MovableClock
from tests.factories import make_article, make_booking, make_user


def test_a_stage_is_changed_once_and_the_history_says_by_whom(app: Flask) -> None:
    lead, desk = make_booking().lead, make_user(name="Haziq")
    for _ in range(2):
        change_stage(lead, Stage.CONTACTED, by=desk)
    assert db.session.get_one(Lead, lead.id).stage == Stage.CONTACTED
    events = db.session.scalars(sa.select(LeadEvent).where(LeadEvent.by_id == desk.id)).all()
    assert [(event.text, event.is_note) for event in events] == [("Stage changed to contacted", False)]
    assert db.session.scalars(sa.select(AuditLine.detail).where(AuditLine.verb == "changed stage")).all() == [
        "contacted"
    ]


def test_every_stage_can_follow_every_other(app: Flask) -> None:
    lead = make_booking().lead
    for stage in [*Stage, *reversed(Stage)]:
        change_stage(lead, stage)
        assert db.session.get_one(Lead, lead.id).stage == stage


def test_notes_and_events_stand_newest_first_with_their_writer(app: Flask, clock: MovableClock) -> None:
    lead, desk = make_booking().lead, make_user(name="Haziq")
    add_note(lead, "Prefers mornings", by=desk)
    clock.move(minutes=1)
    add_note(lead, "Called back", by=desk)
    shown = lead_with_history(lead.id)
    assert shown
    assert [event.text for event in shown.events] == [
        "Called back",
        "Prefers mornings",
        "Asked for a trial: Move Therapy 1-to-1",
    ]
    assert [event.is_note for event in shown.events] == [True, True, False]
    assert shown.events[0].by.name == "Haziq"


def test_a_note_stays_when_its_writer_is_gone(app: Flask) -> None:
    lead, desk = make_booking().lead, make_user()
    add_note(lead, "Prefers mornings", by=desk)
    with atomic():
        db.session.delete(desk)
    shown = lead_with_history(lead.id)
    assert shown
    assert (shown.events[0].text, shown.events[0].by) == ("Prefers mornings", None)


def test_a_lead_outlives_the_article_it_came_from(app: Flask) -> None:
    article = make_article()
    lead = make_booking(article=article).lead
    assert article_id_with_slug(article.slug) == article.id
    delete_article(article)
    shown = lead_with_history(lead.id)
    assert shown
    assert shown.article is None


def test_the_number_in_a_stage_and_the_export_know_every_lead(app: Flask) -> None:
    leads = [make_booking(name=f"Person {number}").lead for number in range(3)]
    change_stage(leads[1], Stage.LOST)
    assert (count_in_stage(Stage.NEW), count_in_stage(Stage.LOST)) == (2, 1)
    assert [lead.name for lead in leads_for_export()] == ["Person 0", "Person 1", "Person 2"]
