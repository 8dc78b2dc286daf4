"""Template filters: how times, numbers and plain text are shown."""

from datetime import date, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Flask, has_request_context
from markupsafe import Markup, escape

from clinic.core import clock
from clinic.core.text import readable_mobile
from clinic.preferences import preferences
from clinic.web.pages.memory import facts


def day(value: datetime | date) -> str:
    """9 November 2026, in the clinic's time zone."""
    local = _local(value) if isinstance(value, datetime) else value
    return f"{local.day} {local:%B %Y}"


def moment(value: datetime) -> str:
    """9 Nov 2026, 14:05, in the clinic's time zone."""
    local = _local(value)
    return f"{local.day} {local:%b %Y, %H:%M}"


def clock_time(value: datetime) -> str:
    """14:05, in the clinic's time zone."""
    return f"{_local(value):%H:%M}"


def machine_time(value: datetime | date) -> str:
    """For <time datetime=…>: ISO 8601 in the clinic's time zone."""
    return _local(value).isoformat(timespec="seconds") if isinstance(value, datetime) else value.isoformat()


def paragraphs(text: str) -> Markup:
    """Plain text as paragraphs and line breaks, each of its own direction; everything in it is escaped."""
    html = str(escape(text)).replace("\n\n", '</p><p dir="auto">').replace("\n", "<br>")
    return Markup(f'<p dir="auto">{html}</p>')  # noqa: S704 - escaped above; the tags are ours


def dial(number: str) -> str:
    """A phone number for a tel: link."""
    return "".join(char for char in number if char.isdigit() or char == "+")


def host(url: str) -> str:
    """The host of an address, as people say it: instagram.com."""
    return (urlsplit(url).hostname or url).removeprefix("www.")


def local_now() -> datetime:
    """The present moment in the clinic's time zone."""
    return _local(clock.now())


def local_day(value: datetime) -> date:
    """The day of a moment in the clinic's calendar."""
    return _local(value).date()


def _local(value: datetime) -> datetime:
    return value.astimezone(zone())


def zone() -> ZoneInfo:
    """The clinic's time zone: as the page's other facts in a request, else as it is now."""
    return (facts() if has_request_context() else preferences()).zone


def init_filters(app: Flask) -> None:
    """Register all filters under their own names."""
    app.jinja_env.globals["today"] = lambda: local_now().date()
    for function in (day, moment, clock_time, machine_time, paragraphs, dial, host, readable_mobile):
        app.template_filter(function.__name__)(function)
