"""Every write about leads."""

import sqlalchemy as sa

from clinic.core import audit, clock
from clinic.core.db import atomic, db
from clinic.leads.models import Lead, LeadEvent, Stage


@atomic()
def record_lead(*, name: str, email: str, mobile: str, article_id: int | None) -> Lead:
    """A new person who asked for us. `mobile` is E.164."""
    lead = Lead(name=name, email=email, mobile=mobile, article_id=article_id, stage=Stage.NEW, created_at=clock.now())
    db.session.add(lead)
    db.session.flush()
    return lead


@atomic()
def add_event(lead_id: int, text: str, *, by: audit.Actor | None = None) -> None:
    """A line in the lead's history."""
    db.session.add(LeadEvent(lead_id=lead_id, at=clock.now(), by_id=by.id if by else None, text=text))


@atomic()
def add_note(lead: Lead, text: str, *, by: audit.Actor) -> None:
    """What staff remark on a lead."""
    db.session.add(LeadEvent(lead_id=lead.id, at=clock.now(), by_id=by.id, text=text, is_note=True))
    audit.record("noted", lead, by=by)


@atomic()
def change_stage(lead: Lead, stage: Stage, *, by: audit.Actor | None = None) -> None:
    """Move a lead to another stage. The same stage again changes nothing."""
    changed = db.session.execute(sa.update(Lead).where(Lead.id == lead.id, Lead.stage != stage).values(stage=stage))
    if changed.rowcount:  # type: ignore[attr-defined]
        add_event(lead.id, f"Stage is now {stage}", by=by)
        audit.record("changed stage", lead, by=by, detail=stage)


@atomic()
def undo_stage(lead: Lead, before: Stage, *, of: Stage, by: audit.Actor) -> bool:
    """Move a lead back, if it is still where it was moved to. False when it is somewhere else by now."""
    changed = db.session.execute(sa.update(Lead).where(Lead.id == lead.id, Lead.stage == of).values(stage=before))
    if not changed.rowcount:  # type: ignore[attr-defined]
        return False
    add_event(lead.id, f"Stage is {before} again", by=by)
    audit.record("put back", lead, by=by, detail=before)
    return True
