"""Every read about leads."""

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
MOST_EVENTS = 200  # of one lead's history that a page shows
OPEN_STAGES = (Stage.NEW, Stage.CONTACTED, Stage.BOOKED, Stage.ATTENDED)


def in_sight() -> sa.ColumnElement[bool]:
    """Leads that were not merged into another one.

    Within coalesce(), so that no planner takes that column's index to find them: nearly all are.
    """
    return sa.func.coalesce(Lead.merged_into_id, 0) == 0


def lead_with_history(lead_id: int) -> Lead | None:
    """One lead with its article, its bookings with service and voucher, and its latest MOST_EVENTS events."""
    lead = db.session.scalar(
        sa.select(Lead)
        .where(Lead.id == lead_id)
        .options(joinedload(Lead.article), joinedload(Lead.assigned), selectinload(Lead.bookings))
    )
    if lead:
        set_committed_value(lead, "events", latest_events(LeadEvent.lead_id == lead.id))
    return lead


def latest_events(*where: sa.ColumnElement[bool]) -> list[LeadEvent]:
    """The latest MOST_EVENTS lines of histories that meet these conditions, the latest first."""
    rows = sa.select(LeadEvent).where(*where).order_by(LeadEvent.id.desc()).limit(MOST_EVENTS)
    return list(db.session.scalars(rows.options(joinedload(LeadEvent.by))))


def merge_of(lead: Lead) -> Merge | None:
    """How this lead was merged into another one, if it was."""
    return db.session.scalar(sa.select(Merge).where(Merge.merged_id == lead.id))


def rows_of_others(lead: Lead, table: str) -> set[int]:
    """The ids of rows of a table that have come to this lead by merging."""
    merges = db.session.scalars(sa.select(Merge).where(Merge.kept_id == lead.id).limit(MOST_COUNTED))
    return {id_ for merge in merges for id_ in merge.moved.get(table, ())}


def count_in_stage(stage: Stage) -> int:
    """How many leads are in this stage, counted up to a thousand: a queue is never read to its end.

    All of the stage less the merged ones: the first number comes from an index alone, and no lead is fetched to see
    whether it was merged. The outer join keeps SQLite from reading all of the stage to find the few.
    """
    some = sa.select(sa.literal(1)).where(Lead.stage == stage).limit(MOST_COUNTED).subquery()
    is_merged = (Lead.id == Merge.merged_id) & (Lead.stage == stage)
    merged = sa.select(sa.func.count(Lead.id)).select_from(Merge).outerjoin(Lead, is_merged).scalar_subquery()
    count, less = db.session.execute(sa.select(sa.func.count(), merged).select_from(some)).one()
    return MOST_COUNTED if count == MOST_COUNTED else max(0, count - less)


def leads_on_board(stage: Stage, most: int = 25) -> list[Lead]:
    """The leads of a stage as the board shows them, the newest first."""
    rows = sa.select(Lead).where(Lead.stage == stage, in_sight()).order_by(Lead.created_at.desc())
    options = (joinedload(Lead.assigned), selectinload(Lead.bookings))
    return list(db.session.scalars(rows.limit(most).options(*options)).unique())


def find_leads(text: str, *, most: int) -> Found[Lead]:
    """Leads by name, e-mail, or mobile as it is dialled or written anywhere, newest first; counted up to 100."""
    ids = lead_index.find(text)
    rows = db.session.scalars(sa.select(Lead).where(Lead.id.in_(ids[:most]), in_sight()).order_by(Lead.id.desc()))
    return Found(rows=list(rows), total=len(ids))


def leads_for_export() -> Iterator[Lead]:
    """All leads, oldest first, read in portions so that memory stays flat."""
    statement = sa.select(Lead).where(in_sight()).options(joinedload(Lead.article)).order_by(Lead.id)
    for lead in db.session.scalars(statement.execution_options(yield_per=500)):
        yield lead
        db.session.expunge(lead)


def count_leads_about() -> int:
    """About how many leads there are, without counting them: the last id."""
    return db.session.scalar(sa.select(sa.func.max(Lead.id))) or 0


def overdue_leads(today: date, most: int = 500) -> list[Lead]:
    """Leads that are still open and whose next step was to be done by today, the oldest first."""
    rows = sa.select(Lead).where(Lead.next_on <= today, Lead.stage.in_(OPEN_STAGES), in_sight())
    return list(db.session.scalars(rows.order_by(Lead.next_on, Lead.id).limit(most).options(joinedload(Lead.assigned))))


def likely_same(lead: Lead, most: int = 10) -> list[tuple[Lead, list[str]]]:
    """Other leads that may be this person, each with the evidence; not those that staff said are somebody else."""
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
    """What was merged into this lead and can still be split again, the latest first."""
    rows = sa.select(Merge).where(Merge.kept_id == lead.id, Merge.at > clock.now() - timedelta(days=30))
    return list(db.session.scalars(rows.order_by(Merge.id.desc()).options(joinedload(Merge.merged))))


def letters() -> list[Letter]:
    """The desk's letters in their order."""
    return list(db.session.scalars(sa.select(Letter).order_by(Letter.position, Letter.id).limit(100)))
