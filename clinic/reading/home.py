"""The home page."""

from datetime import timedelta

from flask import (
    render_template,
)

from clinic.articles.lists import most_read, newest_articles
from clinic.articles.queries import team
from clinic.bookings.queries import active_services
from clinic.frame.queries import shown_sections
from clinic.frame.texts import blocks
from clinic.reading.blueprint import bp
from clinic.reading.structured_data import clinic_data, json_ld
from clinic.web.filters import local_now
from clinic.web.pages.memory import cached_preferences
from clinic.web.pages.store import stored

MOST_READ_WITHIN = timedelta(days=28)


@bp.get("/")
@stored(seconds=60)  # the page shows if the clinic is open
def home() -> str:
    """Show the home page."""
    now = local_now()
    newest = newest_articles(3)
    return render_template(
        "articles/home.html",
        newest=newest,
        most_read=most_read(now.date() - MOST_READ_WITHIN, now.date(), without=newest),
        services=active_services(),
        team=team(),
        sections=shown_sections(),
        blocks=blocks,
        now=now,
        data=json_ld(clinic_data(cached_preferences(), local_now().date())),
    )
