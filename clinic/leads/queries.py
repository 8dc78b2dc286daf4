"""Reads about leads."""

from collections.abc import Iterator
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from clinic.core import clock
from clinic.core.bounded import Found
from clinic.core.db import db
from clinic.leads import lead_index
from clinic.leads.models import Lead, LeadEvent, Letter, Merge, Stage, TwoPeople
from clinic.leads.same_person import evidence

MOST_COUNTED = 1000
MOST_EVENTS = 200  # events of one lead that a page shows
OPEN_STAGES = (Stage.NEW, Stage.CONTACTED, Stage.BOOKED, Stage.ATTENDED)


def in_sight() -> sa.ColumnElement[bool]:
    """Return a condition: the lead was not merged into another one.

    coalesce() keeps the query planner from using the column's index, as nearly all leads match.
    """
    return sa.func.coalesce(Lead.merged_into_id, 0) == 0


def lead_with_history(lead_id: int) -> Lead | None:
    """Return a lead with article, assignee and bookings, and its latest MOST_EVENTS events, or None."""
    lead = db.session.scalar(
        sa.select(Lead)
        .where(Lead.id == lead_id)
        .options(joinedload(Lead.article), joinedload(Lead.assigned), selectinload(Lead.bookings))
    )
    if lead:
        set_committed_value(lead, "events", latest_events(LeadEvent.lead_id == lead.id))
    return lead


def latest_events(*where: sa.ColumnElement[bool]) -> list[LeadEvent]:
    """Return the latest MOST_EVENTS events that match the conditions, latest first."""
    rows = sa.select(LeadEvent).where(*where).order_by(LeadEvent.id.desc()).limit(MOST_EVENTS)
    return list(db.session.scalars(rows.options(joinedload(LeadEvent.by))))


def merge_of(lead: Lead) -> Merge | None:
    """Return the merge by which this lead became a part of another one, or None."""
    return db.session.scalar(sa.select(Merge).where(Merge.merged_id == lead.id))


def rows_of_others(lead: Lead, table: str) -> set[int]:
    """Return the ids of rows of a table that came to this lead by merges."""
    merges = db.session.scalars(sa.select(Merge).where(Merge.kept_id == lead.id).limit(MOST_COUNTED))
    return {id_ for merge in merges for id_ in merge.moved.get(table, ())}


def count_in_stage(stage: Stage) -> int:
    """Return the number of leads in a stage, at most a thousand.

    The count includes merged leads, which are then subtracted. Both numbers come from indexes, so no lead row is
    fetched. The outer join keeps SQLite from reading the whole stage.
    """
    some = sa.select(sa.literal(1)).where(Lead.stage == stage).limit(MOST_COUNTED).subquery()
    is_merged = (Lead.id == Merge.merged_id) & (Lead.stage == stage)
    merged = sa.select(sa.func.count(Lead.id)).select_from(Merge).outerjoin(Lead, is_merged).scalar_subquery()
    count, less = db.session.execute(sa.select(sa.func.count(), merged).select_from(some)).one()
    return MOST_COUNTED if count == MOST_COUNTED else max(0, count - less)


def leads_on_board(stage: Stage, most: int = 25) -> list[Lead]:
    """Return the leads of a stage for the board, newest first."""
    rows = sa.select(Lead).where(Lead.stage == stage, in_sight()).order_by(Lead.created_at.desc())
    options = (joinedload(Lead.assigned), selectinload(Lead.bookings))
    return list(db.session.scalars(rows.limit(most).options(*options)).unique())


def find_leads(text: str, *, most: int) -> Found[Lead]:
    """Return leads whose name, email or mobile matches the text, newest first; at most 100 are counted."""
    ids = lead_index.find(text)
    rows = db.session.scalars(sa.select(Lead).where(Lead.id.in_(ids[:most]), in_sight()).order_by(Lead.id.desc()))
    return Found(rows=list(rows), total=len(ids))


def leads_for_export() -> Iterator[Lead]:
    """Yield all leads, oldest first, in batches so that memory use stays constant."""
    statement = sa.select(Lead).where(in_sight()).options(joinedload(Lead.article)).order_by(Lead.id)
    for lead in db.session.scalars(statement.execution_options(yield_per=500)):
        yield lead
        db.session.expunge(lead)


def count_leads_about() -> int:
    """Return the approximate number of leads, without counting: the highest id."""
    return db.session.scalar(sa.select(sa.func.max(Lead.id))) or 0


def overdue_leads(today: date, most: int = 500) -> list[Lead]:
    """Return open leads whose next step is due, oldest due date first."""
    rows = sa.select(Lead).where(Lead.next_on <= today, Lead.stage.in_(OPEN_STAGES), in_sight())
    return list(db.session.scalars(rows.order_by(Lead.next_on, Lead.id).limit(most).options(joinedload(Lead.assigned))))


def likely_same(lead: Lead, most: int = 10) -> list[tuple[Lead, list[str]]]:
    """Return other leads that may be the same person, with the evidence. Pairs that staff have kept apart are
    excluded."""
    apart = sa.union_all(
        sa.select(TwoPeople.other_id).where(TwoPeople.one_id == lead.id),
        sa.select(TwoPeople.one_id).where(TwoPeople.other_id == lead.id),
    )
    near: dict[int, Lead] = {}
    for same in (
        Lead.email_key == lead.email_key,
        Lead.mobile == lead.mobile,
        Lead.name_head == lead.name_head,
        Lead.name_tail == lead.name_tail,
    ):
        rows = sa.select(Lead).where(same, Lead.id != lead.id, in_sight(), Lead.id.not_in(apart))
        near |= {one.id: one for one in db.session.scalars(rows.limit(200))}
    found = [(one, why) for one in near.values() if (why := evidence(lead, one))]
    return sorted(found, key=lambda pair: (-len(pair[1]), -pair[0].id))[:most]


def merges_into(lead: Lead) -> list[Merge]:
    """Return the merges into this lead that can still be undone, latest first."""
    rows = sa.select(Merge).where(Merge.kept_id == lead.id, Merge.at > clock.now() - timedelta(days=30))
    return list(db.session.scalars(rows.order_by(Merge.id.desc()).options(joinedload(Merge.merged))))


def letters() -> list[Letter]:
    """Return the desk's letters in their order."""
    return list(db.session.scalars(sa.select(Letter).order_by(Letter.position, Letter.id).limit(100)))
