"""Emails about leads, one function per message."""

import hashlib
from datetime import date

from clinic.core import signing
from clinic.core.settings import settings
from clinic.leads.models import Lead
from clinic.outbox import operations as outbox
from clinic.preferences import preferences

UNSUBSCRIBE = "unsubscribe"


def letter(lead: Lead, subject: str, body: str) -> None:
    """Send a person a letter written by the desk, with a link that unsubscribes from such letters."""
    url = signing.link_url(UNSUBSCRIBE, str(lead.id))
    outbox.enqueue("letter", to=lead.email, unsubscribe_url=url, title=subject, words=body, end_url=url)


def overdue(reader: str, leads: list[Lead], today: date) -> None:
    """Send the assignee, or the desk, the daily list of leads whose next step is due."""
    outbox.enqueue(
        "leads_overdue",
        to=reader,
        once_key=f"leads_overdue:{today}:{hashlib.sha256(reader.encode()).hexdigest()[:16]}",
        leads=leads,
        today=today,
        desk=f"{settings().site_url}/admin/leads/",
        clinic_name=preferences().name,
    )
