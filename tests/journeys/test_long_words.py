"""A word of three hundred letters in every text widens no page: not at 320 pixels, nor the panel at 375."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from tests.journeys.browser import PHONE, SMALLEST, Person, Site, running_site
from tests.journeys.pages import PANEL, PUBLIC

pytestmark = pytest.mark.browser

LONG = "Musculus" * 38  # longer than any line, without a break opportunity
ADDRESS = f"https://example.org/{'a' * 300}"
BODY = (
    f"<h2>{LONG}</h2><p>{LONG} <a href='{ADDRESS}'>{ADDRESS}</a></p><ul><li>{LONG}</li></ul>"
    f"<blockquote>{LONG}</blockquote><aside class='callout'>{LONG}</aside>"
    f"<table><caption>{LONG}</caption><tr><th>{LONG}</th><td>{LONG}</td></tr></table>"
    f"<dl><dt>{LONG}</dt><dd>{LONG}</dd></dl><section class='sources'><ol><li>{ADDRESS}</li></ol></section>"
)
# Text columns; those with a * are unique, and get the row's number.
COLUMNS = {
    "article": ("title", "summary", "image_alt", "image_credit", "image_licence", "retired_because"),
    "author": ("name", "title", "bio"),
    "category": ("name*",),
    "tag": ("name*",),
    "service": ("name*", "summary"),
    "comment": ("name", "body"),
    "lead": ("name", "source", "next_step", "lost_because"),
    "lead_event": ("text",),
    "booking": ("held_because",),
    "wish": ("note",),
    "therapist": ("name*",),
    "image": ("alt", "credit", "filename", "licence"),
    "message": ("subject", "last_error"),
    "menu_item": ("label",),
    "letter": ("name*", "subject", "body"),
    "block": ("label", "because"),
    "audit_line": ("actor", "detail"),
    '"user"': ("name",),
}
PREFERENCES = ("name", "tagline", "address", "phone", "whatsapp", "email", "how_to_get_here", "what_to_wear")


@pytest.fixture(scope="module")
def long_site(browser: Browser) -> Iterator[tuple[Person, Person]]:
    """A demo site with long words in all texts; a visitor and the owner, with phones."""
    with running_site() as site:
        visitor, owner = Person(browser, site, width=SMALLEST), Person(browser, site, width=PHONE)
        owner.sign_in("owner")
        _fill(site)
        yield visitor, owner
        visitor.leave()
        owner.leave()


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def _fill(site: Site) -> None:
    engine = sa.create_engine(site.database_url)
    with engine.begin() as connection:
        for table, columns in COLUMNS.items():
            sets = ", ".join(
                f"{name[:-1]} = :long || id" if name.endswith("*") else f"{name} = :long" for name in columns
            )
            connection.execute(sa.text(f"UPDATE {table} SET {sets}"), {"long": LONG})
        for table in ("article", "service"):
            connection.execute(sa.text(f"UPDATE {table} SET body = body || :body"), {"body": BODY})
        address = "substr(:long, 1, 60) || id || '@' || substr(:long, 1, 60) || '.' || substr(:long, 1, 60) || '.org'"
        connection.execute(sa.text(f"UPDATE lead SET email = {address}"), {"long": LONG})
        heading = "UPDATE home_section SET heading = :long WHERE heading <> 'What people ask'"
        connection.execute(sa.text(heading), {"long": LONG})
        connection.execute(sa.text("UPDATE redirect SET path = '/' || :long || id || '/'"), {"long": LONG})
        connection.execute(sa.text("DELETE FROM preference"))
        rows = [{"name": name, "value": LONG} for name in PREFERENCES]
        rows.append({"name": "special_days", "value": f"2099-12-25 closed {LONG}\n{today()} 9:00-13:00 {LONG}"})
        rows.append({"name": "socials", "value": f"{ADDRESS}\nhttps://{LONG}.example.org/"})
        connection.execute(sa.text("INSERT INTO preference (name, value) VALUES (:name, :value)"), rows)
        connection.execute(sa.text("UPDATE content_version SET token = 'long words'"))
    engine.dispose()


@pytest.mark.parametrize("name", PUBLIC)
def test_no_page_for_visitors_grows_wider_than_320_pixels(long_site: tuple[Person, Person], name: str) -> None:
    visitor, _ = long_site
    PUBLIC[name](visitor)  # opening a page checks its width


@pytest.mark.parametrize("name", PANEL)
def test_no_page_of_the_panel_grows_wider_than_a_phone(long_site: tuple[Person, Person], name: str) -> None:
    _, owner = long_site
    PANEL[name](owner)
