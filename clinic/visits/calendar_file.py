"""Calendar files (iCalendar, RFC 5545; by email, RFC 6047): one visit for a person, or a therapist's feed."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import parseaddr

from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from clinic.core import clock
from clinic.core.characters import first_letter, storable
from clinic.core.settings import settings
from clinic.core.text import LINE_END, clean_line
from clinic.core.zone_rules import years_of, zone_component
from clinic.preferences import preferences
from clinic.visits.models import Therapist, Visit, VisitState

REQUEST, CANCEL, PUBLISH = "REQUEST", "CANCEL", "PUBLISH"
PRODUCT = "-//Move Therapy//Clinic site//EN"


def visit_file(visit: Visit, method: str) -> bytes:
    """Return the file that adds or moves a visit in a person's calendar (REQUEST), or removes it (CANCEL)."""
    clinic = preferences()
    event = _event(visit)
    event.add("summary", _said(f"{visit.booking.service.name} at {clinic.name}"))
    event.add("description", _said(f"With {visit.therapist.name}.\n{clinic.what_to_wear}\n{clinic.how_to_get_here}"))
    event.add("status", "CANCELLED" if method == CANCEL else "CONFIRMED")
    sender = vCalAddress(f"mailto:{parseaddr(settings().mail_sender)[1]}")
    sender.params["CN"] = _parameter(clinic.name)
    event["organizer"] = sender
    guest = vCalAddress(f"mailto:{clean_line(visit.booking.lead.email)}")
    guest.params["CN"] = _parameter(visit.booking.lead.name)
    guest.params["PARTSTAT"] = vText("ACCEPTED")
    event.add("attendee", guest, encode=False)
    if method == REQUEST:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", "Your trial session")
        alarm.add("trigger", timedelta(hours=-2))
        event.add_component(alarm)
    return _calendar([event], method)


def feed_file(therapist: Therapist, visits: Iterable[Visit]) -> bytes:
    """Return the feed of a therapist's visits. People appear by initials, or by name if the clinic prefers that."""
    clinic = preferences()
    events = []
    for visit in visits:
        event = _event(visit)
        name = visit.booking.lead.name
        event.add("summary", _said(f"{name if clinic.feed_names else initials(name)}: {visit.booking.service.name}"))
        event.add("status", "CONFIRMED" if visit.state == VisitState.SET else "CANCELLED")
        events.append(event)
    return _calendar(events, PUBLISH, name=clean_line(f"{therapist.name}, {clinic.name}"))


def initials(name: str) -> str:
    """Return the initials of a name: "T. W. L." for Tan Wei Ling."""
    return " ".join(f"{first_letter(word).upper()}." for word in name.split()) or "–"


def _said(text: str) -> str:
    """Return a text that the file may contain: without control characters except line feeds (RFC 5545 § 3.1)."""
    return storable(LINE_END.sub("\n", text)).replace("\t", " ")


def _parameter(text: str) -> vText:
    """Return a name as a parameter, which may hold no quotation mark or line end (RFC 5545 § 3.2)."""
    return vText(clean_line(text).replace('"', "'"))


def _event(visit: Visit) -> Event:
    zone = preferences().zone
    event = Event()
    event.add("uid", f"{visit.uid}@{settings().site_host}")
    event.add("sequence", visit.sequence)
    event.add("dtstamp", clock.now())
    event.add("dtstart", visit.starts_at.astimezone(zone))
    event.add("dtend", visit.ends_at.astimezone(zone))
    event.add("location", _said(preferences().address))
    return event


def _calendar(events: list[Event], method: str, name: str = "") -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    if name:
        calendar.add("x-wr-calname", name)
    zone = settings().time_zone
    starts = [event.start for event in events if isinstance(event.start, datetime)]
    calendar.add_component(zone_component(zone, *years_of(starts, zone)))
    for event in events:
        calendar.add_component(event)
    return bytes(calendar.to_ical())
