"""Template filters that format times, numbers and plain text."""

from datetime import date, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Flask, has_request_context
from markupsafe import Markup, escape

from clinic.core import clock
from clinic.core.text import readable_mobile
from clinic.preferences import preferences
from clinic.web.pages.memory import cached_preferences


def day(value: datetime | date) -> str:
    """Return a date such as 9 November 2026, in the clinic's time zone."""
    local = _local(value) if isinstance(value, datetime) else value
    return f"{local.day} {local:%B %Y}"


def moment(value: datetime) -> str:
    """Return a date and time such as 9 Nov 2026, 14:05, in the clinic's time zone."""
    local = _local(value)
    return f"{local.day} {local:%b %Y, %H:%M}"


def clock_time(value: datetime) -> str:
    """Return a time such as 14:05, in the clinic's time zone."""
    return f"{_local(value):%H:%M}"


def machine_time(value: datetime | date) -> str:
    """Return ISO 8601 in the clinic's time zone, for <time datetime=…>."""
    return _local(value).isoformat(timespec="seconds") if isinstance(value, datetime) else value.isoformat()


def paragraphs(text: str) -> Markup:
    """Return plain text as escaped HTML paragraphs and line breaks, each with its own text direction."""
    html = str(escape(text)).replace("\n\n", '</p><p dir="auto">').replace("\n", "<br>")
    return Markup(f'<p dir="auto">{html}</p>')  # noqa: S704 - escaped above; the tags are ours


def dial(number: str) -> str:
    """Return a phone number for a tel: link."""
    return "".join(char for char in number if char.isdigit() or char == "+")


def host(url: str) -> str:
    """Return the host of an address without "www.", such as instagram.com."""
    return (urlsplit(url).hostname or url).removeprefix("www.")


def local_now() -> datetime:
    """Return the current time in the clinic's time zone."""
    return _local(clock.now())


def local_day(value: datetime) -> date:
    """Return the date of a moment in the clinic's time zone."""
    return _local(value).date()


def _local(value: datetime) -> datetime:
    return value.astimezone(zone())


def zone() -> ZoneInfo:
    """Return the clinic's time zone. In a request it comes from the cached facts of the page."""
    return (cached_preferences() if has_request_context() else preferences()).zone


def init_filters(app: Flask) -> None:
    """Register the filters under the names of their functions."""
    app.jinja_env.globals["today"] = lambda: local_now().date()
    for function in (day, moment, clock_time, machine_time, paragraphs, dial, host, readable_mobile):
        app.template_filter(function.__name__)(function)
