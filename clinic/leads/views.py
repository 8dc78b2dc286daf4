"""The link by which a person ends the desk's letters."""

from datetime import timedelta

from flask import abort, render_template

from clinic.core.db import db
from clinic.leads.emails import UNSUBSCRIBE
from clinic.leads.models import Lead
from clinic.leads.operations import unsubscribe
from clinic.web.links import Link


class UnsubscribeLink(Link):
    """No more letters. Mail programs press the button by themselves when somebody says so there (RFC 8058)."""

    purpose = UNSUBSCRIBE
    lives = timedelta(days=730)

    def show(self, value: str) -> str:
        """The button, or that it is done."""
        lead = _lead(value)
        return render_template("leads/unsubscribe.html", is_done=bool(lead.unsubscribed_at))

    def act(self, value: str) -> str:
        """End them."""
        unsubscribe(_lead(value))
        return render_template("leads/unsubscribe.html", is_done=True)


def _lead(value: str) -> Lead:
    """The person, also when that lead was merged into another one since."""
    lead = db.session.get(Lead, int(value)) or abort(404)
    return db.session.get_one(Lead, lead.merged_into_id) if lead.merged_into_id else lead
