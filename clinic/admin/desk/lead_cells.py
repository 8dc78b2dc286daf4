"""Cells of the list of leads, and words about a lead."""

from typing import Any

from markupsafe import Markup

from clinic.accounts.access import Permission
from clinic.accounts.queries import users_who_can
from clinic.admin.kit.cells import state_cell
from clinic.admin.kit.counts import count_of
from clinic.bookings.one_trial import CANCELLED, DECLINED
from clinic.core import clock
from clinic.leads.forms import PlanForm
from clinic.leads.models import Lead, Merge
from clinic.web.filters import day, local_now


def services_cell(_view: Any, _context: Any, row: Lead, _name: str) -> str:
    """Format the services that a lead asked for."""
    return ", ".join(booking.service.name for booking in row.bookings) or "–"


def bookings_cell(_view: Any, _context: Any, row: Lead, _name: str) -> Markup:
    """Format the states of a lead's bookings."""
    return Markup(" ").join(
        Markup('<span class="state state-{0}">{0}</span>').format(booking.state) for booking in row.bookings
    )


def source_cell(_view: Any, _context: Any, row: Lead, _name: str) -> Any:
    """Link the article that a lead came from, or name another source."""
    if row.article is None:
        return row.source or "–"
    return Markup('<a href="{}">{}</a>').format(row.article.address, row.article.title)


def stage_cell(view: Any, context: Any, row: Lead, name: str) -> Markup:
    """Format the stage of a lead, and for how long it has had it."""
    return Markup('{} <span class="quiet">{}</span>').format(state_cell(view, context, row, name), since(row))


def next_cell(_view: Any, _context: Any, row: Lead, _name: str) -> Markup:
    """Format the next step, its date and the person it is assigned to."""
    due = " state-held" if row.next_on and row.next_on <= local_now().date() else ""
    parts = [
        Markup("{}").format(row.next_step) if row.next_step else "",
        Markup('<span class="state{}">{}</span>').format(due, day(row.next_on)) if row.next_on else "",
        Markup('<span class="quiet">{}</span>').format(row.assigned.name) if row.assigned else "",
    ]
    return Markup(" ").join(part for part in parts if part) or Markup("–")


def closed_words(merge: Merge) -> str:
    """Return sentences about the requests and vouchers that a merge has closed."""
    declined, cancelled = (len(merge.settled.get(name, ())) for name in (DECLINED, CANCELLED))
    words = (
        f"Declined {count_of(declined, 'held request')}, because this person already had a trial. " if declined else ""
    )
    return words + (
        f"Cancelled {count_of(cancelled, 'voucher')}, because a person has only one trial. " if cancelled else ""
    )


def since(lead: Lead) -> str:
    """Return the time that a lead has spent in its stage: "since today", "for 12 days"."""
    days = (clock.now() - lead.stage_since).days
    return "since today" if days < 1 else f"for {count_of(days, 'day')}"


def staff_choices() -> list[tuple[str, str]]:
    """Those who can look after a lead: id and name."""
    return [(str(one.id), one.name) for one in users_who_can(Permission.LEAD_WORK)]


def plan_form_of(lead: Lead) -> PlanForm:
    """Return the form of the next step, filled in with the values of the lead."""
    assigned = str(lead.assigned_id or "")
    return PlanForm(staff=staff_choices(), assigned=assigned, next_step=lead.next_step, next_on=lead.next_on)
