"""Writes about leads."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta

import sqlalchemy as sa

from clinic.core import audit, clock
from clinic.core.db import Base, atomic, claim_unique, db, insert_or_skip
from clinic.core.jobs import for_each
from clinic.core.text import canonical_email, clean_line, clean_text
from clinic.core.text_index import refold
from clinic.leads import emails, lead_index
from clinic.leads.errors import CannotMerge, CannotSplit, LetterTaken, Unsubscribed
from clinic.leads.models import Lead, LeadEvent, Letter, Merge, Stage, TwoPeople
from clinic.leads.queries import in_sight, overdue_leads
from clinic.leads.same_person import ends_of
from clinic.outbox.models import Message
from clinic.preferences import preferences

SPLIT_WITHIN = timedelta(days=30)
# Tables whose rows move to the kept lead in a merge. Their features lie above this one, so they are referred to by
# name.
FOLLOWING = ("lead_event", "booking", "claim")
Settle = Callable[[Merge, audit.Actor], None]
_settlers: list[tuple[Settle, Settle]] = []


def settle_merges(merged: Settle, split: Settle) -> None:
    """Register callbacks by which a feature above this one adjusts its rows after a merge and a split, in the same
    transaction."""
    _settlers.append((merged, split))


@atomic()
def record_lead(*, name: str, email: str, mobile: str, article_id: int | None, source: str = "") -> Lead:
    """Create a lead. `mobile` is E.164."""
    now, name = clock.now(), clean_line(name)
    lead = Lead(name=name, email=email, mobile=mobile, article_id=article_id, source=source, stage=Stage.NEW)
    lead.created_at = lead.stage_since = now
    lead.email_key = canonical_email(email)
    lead.name_head, lead.name_tail = ends_of(name)
    db.session.add(lead)
    db.session.flush()
    lead_index.put(lead)
    return lead


def refold_leads(most: int = 500) -> bool:
    """Rebuild the index and the name ends of the next leads after a change of the folding. Returns whether there was
    work.

    Only names and emails with non-ASCII characters can be folded differently, so the others are skipped.
    """

    def portion(begin: int) -> int | None:
        following = sa.select(Lead.id, Lead.name, Lead.email).where(Lead.id > begin).order_by(Lead.id).limit(most * 20)
        rows = db.session.execute(following).all()
        db.session.rollback()
        foreign = [row.id for row in rows if not (row.name + row.email).isascii()]
        for start in range(0, len(foreign), most):
            _refold(foreign[start : start + most])
        return rows[-1].id if rows else None

    return refold("leads", portion)


@atomic()
def _refold(ids: list[int]) -> None:
    for lead in db.session.scalars(sa.select(Lead).where(Lead.id.in_(ids)).order_by(Lead.id)).all():
        lead.name_head, lead.name_tail = ends_of(lead.name)
        if lead.merged_into_id is None:
            lead_index.put(lead, *_merged_into(lead))


_ADD_EVENT = sa.insert(LeadEvent.__table__)  # type: ignore[arg-type]


@atomic()
def add_event(
    lead_id: int,
    text: str,
    *,
    by: audit.Actor | None = None,
    once_a_day: bool = False,
    booking_id: int | None = None,
) -> None:
    """Add a line to a lead's history. With `once_a_day`, skip it if the same line was added within a day.

    A line with a booking moves with the booking when leads are split.
    """
    if once_a_day:
        since = clock.now() - timedelta(days=1)
        same = (LeadEvent.lead_id == lead_id, LeadEvent.text == text, LeadEvent.at > since)
        if db.session.scalar(sa.select(LeadEvent.id).where(*same).limit(1)):
            return
    values = {"lead_id": lead_id, "at": clock.now(), "by_id": by.id if by else None, "text": text}
    values["booking_id"] = booking_id
    db.session.flush()  # the lead may be new
    db.session.execute(_ADD_EVENT, values)


@atomic()
def add_note(lead: Lead, text: str, *, by: audit.Actor) -> None:
    """Add a note by staff to a lead's history."""
    db.session.add(LeadEvent(lead_id=lead.id, at=clock.now(), by_id=by.id, text=clean_text(text), is_note=True))
    audit.record("noted", lead, by=by)


@atomic()
def change_stage(lead: Lead, stage: Stage, *, because: str = "", by: audit.Actor | None = None) -> bool:
    """Set the stage of a lead; `because` is the reason if it is lost. Returns False if it already has that stage."""
    changed = _move(lead, stage, because, Lead.stage != stage)
    if changed:
        add_event(lead.id, f"Stage changed to {stage}{f': {because}' if because else ''}", by=by)
        audit.record("changed stage", lead, by=by, detail=stage)
    return changed


@atomic()
def undo_stage(lead: Lead, before: Stage, *, of: Stage, by: audit.Actor) -> bool:
    """Undo a change of stage. Returns False if the lead is no longer in stage `of`."""
    if not _move(lead, before, "", Lead.stage == of):
        return False
    add_event(lead.id, f"Stage changed back to {before}", by=by)
    audit.record("put back", lead, by=by, detail=before)
    return True


@atomic()
def undo_stages(before: Mapping[Stage, Iterable[int]], *, of: Stage, by: audit.Actor) -> int:
    """Put leads back into the stages that they had. Returns the number of those that were still in stage `of`."""
    leads = ((stage, db.session.get(Lead, id_)) for stage, ids in before.items() for id_ in ids)
    return sum(undo_stage(lead, stage, of=of, by=by) for stage, lead in leads if lead)


def _move(lead: Lead, stage: Stage, because: str, where: sa.ColumnElement[bool]) -> bool:
    values = {"stage": stage, "stage_since": clock.now(), "lost_because": because if stage == Stage.LOST else ""}
    changed = db.session.execute(sa.update(Lead).where(Lead.id == lead.id, where).values(**values))
    return bool(changed.rowcount)  # type: ignore[attr-defined]


@atomic()
def assign_lead(lead: Lead, user_id: int | None, name: str, *, by: audit.Actor) -> None:
    """Assign a lead to a user, or to nobody. Does nothing if that is already so."""
    if lead.assigned_id != user_id:
        lead.assigned_id = user_id
        add_event(lead.id, f"Assigned to {name}" if user_id else "No longer assigned", by=by)
        audit.record("assigned", lead, by=by, detail=name)


@atomic()
def assign_leads(ids: Iterable[int], user_id: int, name: str, *, by: audit.Actor) -> None:
    """Assign leads to a user. Leads that were merged into another are left out."""
    for lead in db.session.scalars(sa.select(Lead).where(Lead.id.in_(ids), in_sight())).all():
        assign_lead(lead, user_id, name, by=by)


@atomic()
def plan_lead(lead: Lead, assigned: tuple[int | None, str], step: str, on: date | None, *, by: audit.Actor) -> None:
    """Assign a lead to a user (id and name; id None for nobody), and set its next step."""
    assign_lead(lead, *assigned, by=by)
    plan_next_step(lead, step, on, by=by)


@atomic()
def plan_next_step(lead: Lead, step: str, on: date | None, *, by: audit.Actor) -> None:
    """Set the next step of a lead and its due date. Does nothing if they are already so."""
    step = clean_line(step)
    if (lead.next_step, lead.next_on) != (step, on):
        lead.next_step, lead.next_on = step, on
        when = f" on {on.day} {on:%B %Y}" if on else ""
        add_event(lead.id, f"Next step: {step or 'follow up'}{when}" if step or on else "Next step cleared", by=by)


@atomic()
def write_letter(lead: Lead, subject: str, body: str, *, by: audit.Actor) -> None:
    """Send a letter through the outbox and add its text to the history. Raises Unsubscribed."""
    if lead.unsubscribed_at:
        raise Unsubscribed
    subject, body = clean_line(subject), clean_text(body)
    emails.letter(lead, subject, body)
    add_event(lead.id, f"Email: {subject}\n\n{body}", by=by)
    audit.record("wrote to", lead, by=by)


@atomic()
def unsubscribe(lead: Lead) -> bool:
    """Stop letters to a person; emails about visits are still sent. Returns False if the person had already
    unsubscribed."""
    changed = db.session.execute(
        sa.update(Lead).where(Lead.id == lead.id, Lead.unsubscribed_at.is_(None)).values(unsubscribed_at=clock.now())
    )
    if changed.rowcount:  # type: ignore[attr-defined]
        add_event(lead.id, "Unsubscribed from letters")
    return bool(changed.rowcount)  # type: ignore[attr-defined]


@atomic()
def merge_leads(kept: Lead, other: Lead, *, by: audit.Actor) -> Merge:
    """Merge `other` into `kept`: its bookings, claims and history move over, and `other` is hidden.

    Registered callbacks then close what the merge answers, such as a held request of somebody who has had a trial, or a
    second voucher. A split restores exactly the earlier state. Raises CannotMerge.
    """
    if kept.id == other.id:
        raise CannotMerge("These are already the same lead.")
    _lock_bookings(kept.id, other.id)
    for lead in sorted((kept, other), key=lambda one: one.id):  # in id order, so that two merges cannot deadlock
        db.session.refresh(lead, with_for_update={"of": Lead})
    if kept.merged_into_id or other.merged_into_id:
        raise CannotMerge("One of these leads is already merged into another. Reload the list.")
    moved = {}
    for name in FOLLOWING:
        table = Base.metadata.tables[name]
        ids = list(db.session.scalars(sa.select(table.c.id).where(table.c.lead_id == other.id).order_by(table.c.id)))
        db.session.execute(sa.update(table).where(table.c.id.in_(ids)).values(lead_id=kept.id))
        moved[name] = ids
    other.merged_into_id = kept.id
    merge = Merge(kept_id=kept.id, merged_id=other.id, moved=moved, settled={}, at=clock.now(), by_id=by.id)
    db.session.add(merge)
    db.session.flush()
    for merged, _ in _settlers:
        merged(merge, by)
    lead_index.drop(other)
    lead_index.put(kept, *_merged_into(kept))
    audit.record("merged", kept, by=by, detail=f"lead {other.id}")
    db.session.flush()
    db.session.expire_all()
    return merge


def _lock_bookings(*lead_ids: int) -> None:
    """Lock bookings and vouchers before leads, in the same order as decisions of the desk, to avoid deadlocks."""
    booking, voucher = (Base.metadata.tables[name] for name in ("booking", "voucher"))
    ids = sa.select(booking.c.id).where(booking.c.lead_id.in_(lead_ids)).order_by(booking.c.id).with_for_update()
    bookings = list(db.session.scalars(ids))
    vouchers = sa.select(voucher.c.id).where(voucher.c.booking_id.in_(bookings)).order_by(voucher.c.id)
    db.session.execute(vouchers.with_for_update()).all()


@atomic()
def split_leads(merge: Merge, *, by: audit.Actor) -> None:
    """Undo a merge: every row that moved goes back. Raises CannotSplit."""
    db.session.refresh(merge, with_for_update={"of": Merge})
    if clock.now() > merge.at + SPLIT_WITHIN:
        raise CannotSplit
    _lock_bookings(merge.kept_id)
    for name, ids in merge.moved.items():
        table = Base.metadata.tables[name]
        db.session.execute(
            sa.update(table)
            .where(table.c.id.in_(ids), table.c.lead_id == merge.kept_id)
            .values(lead_id=merge.merged_id)
        )
    about_theirs = sa.and_(LeadEvent.lead_id == merge.kept_id, LeadEvent.booking_id.in_(merge.moved.get("booking", ())))
    db.session.execute(sa.update(LeadEvent).where(about_theirs).values(lead_id=merge.merged_id))
    merge.merged.merged_into_id = None
    db.session.flush()
    db.session.expire_all()
    for _, split in _settlers:
        split(merge, by)
    kept = db.session.get_one(Lead, merge.kept_id)
    audit.record("split", kept, by=by, detail=f"lead {merge.merged_id}")
    db.session.delete(merge)
    db.session.flush()
    lead_index.put(merge.merged)
    lead_index.put(kept, *_merged_into(kept))
    db.session.expire_all()


def _merged_into(lead: Lead) -> list[Lead]:
    db.session.flush()
    return list(db.session.scalars(sa.select(Lead).where(Lead.merged_into_id == lead.id)))


@atomic()
def keep_apart(one: Lead, other: Lead, *, by: audit.Actor) -> None:
    """Record that two similar leads are different people, such as a family with one address. They are not suggested
    again."""
    low, high = sorted((one.id, other.id))
    if insert_or_skip(TwoPeople, one_id=low, other_id=high):
        audit.record("kept apart", one, by=by, detail=f"lead {other.id}")


@atomic()
def note_refused_mailbox(message: Message, words: str) -> None:
    """Add a line to the history of each lead with this address: an email was refused permanently."""
    for id_ in db.session.scalars(sa.select(Lead.id).where(Lead.email == message.to).limit(20)).all():
        add_event(id_, f"The email “{message.subject}” was rejected: {words}")


def remind_of_leads(today: date) -> None:
    """Send the daily email about leads whose next step is due: one to each assignee, or to the desk."""
    by_reader: dict[str, list[Lead]] = {}
    for lead in overdue_leads(today):
        reader = lead.assigned.email if lead.assigned and lead.assigned.active else preferences().desk_email
        by_reader.setdefault(reader, []).append(lead)
    for_each(by_reader.items(), lambda mail: emails.overdue(*mail, today))


@atomic()
def save_letter(letter: Letter, *, name: str, subject: str, body: str, by: audit.Actor | None = None) -> Letter:
    """Create or change a letter. Raises LetterTaken."""
    name, subject, body = clean_line(name), clean_line(subject), clean_text(body)
    letter.subject, letter.body = subject, body
    claim_unique(letter, lambda _: LetterTaken(), name=name)
    audit.record("saved", letter, by=by, detail=name)
    return letter


@atomic()
def delete_letter(letter: Letter, *, by: audit.Actor | None = None) -> None:
    """Delete a letter. Histories keep what was sent."""
    audit.record("deleted", letter, by=by, detail=letter.name)
    db.session.delete(letter)


@atomic()
def move_leads(ids: Iterable[int], stage: Stage, *, by: audit.Actor) -> dict[int, Stage]:
    """Set the stage of many leads. Returns the former stage of each lead that changed."""
    before: dict[int, Stage] = {}
    for lead in db.session.scalars(sa.select(Lead).where(Lead.id.in_(list(ids))).order_by(Lead.id)).all():
        was = lead.stage
        if change_stage(lead, stage, by=by):
            before[lead.id] = was
    return before
