"""The emailed link by which a person unsubscribes from letters."""

from datetime import timedelta

from flask import abort, render_template

from clinic.core.db import db
from clinic.leads.emails import UNSUBSCRIBE
from clinic.leads.models import Lead
from clinic.leads.operations import unsubscribe
from clinic.web.links import MailLink


class UnsubscribeLink(MailLink):
    """Unsubscribes a person from letters. Mail programs may send the POST themselves (RFC 8058)."""

    purpose = UNSUBSCRIBE
    lives = timedelta(days=730)

    def show(self, value: str) -> str:
        """Show the button, or that the person has already unsubscribed."""
        lead = _lead(value)
        return render_template("leads/unsubscribe.html", is_done=bool(lead.unsubscribed_at))

    def act(self, value: str) -> str:
        """Unsubscribe the person."""
        unsubscribe(_lead(value))
        return render_template("leads/unsubscribe.html", is_done=True)


def _lead(value: str) -> Lead:
    """Return the lead, or the one it was merged into."""
    lead = db.session.get(Lead, int(value)) or abort(404)
    return db.session.get_one(Lead, lead.merged_into_id) if lead.merged_into_id else lead
