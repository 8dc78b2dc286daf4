"""Machine-readable output is well-formed whatever is stored: feed, sitemap, JSON-LD, calendar, email, CSV, XLSX,
JSON."""

import csv
import io
import json
import re
import secrets
import zipfile
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from xml.etree import ElementTree as ET

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from selectolax.lexbor import LexborHTMLParser

from clinic.articles.models import Article
from clinic.bookings.models import Booking
from clinic.comments.models import CommentState
from clinic.core import content_version
from clinic.core.characters import storable
from clinic.core.db import atomic, db
from clinic.outbox.letter import Letter
from clinic.outbox.models import Message
from clinic.visits.calendar_file import CANCEL, REQUEST, visit_file
from clinic.visits.models import Visit
from clinic.visits.therapists import make_feed
from tests.conftest import MovableClock
from tests.factories import make_article, make_booking, make_comment, make_image, make_therapist, make_user, make_visit
from tests.faults import fault

SignIn = Callable[..., FlaskClient]

# Characters that break formats beside all of Unicode. No database stores a surrogate, and PostgreSQL no NUL.
BREAKING = (
    "\x01\x02\x03\x08\x0b\x0c\x0e\x1b\x1f\x7f\x80\x85\x9f\u2028\u2029\ufdd0\ufffe\uffff\U0001ffff\u202e\u200b"
    "<>&\"'\r\n\t,;:\\=@+-]"
)
PIECES = ("]]>", "&#11;", "&#xFFFE;", "</script>", "<!--", "\r\nBcc: x@y.org", "END:VEVENT", "👩\u200d⚕\ufe0f")
ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
TEXT = st.lists(st.sampled_from([*BREAKING, *PIECES]) | ANY, max_size=12).map("".join)

# Table and columns that staff and visitors write. The rows are changed past all operations and types.
COLUMNS = {
    "article": ("title", "summary", "body", "image_alt", "image_credit"),
    "author": ("name", "title", "bio"),
    "category": ("name",),
    "tag": ("name",),
    "service": ("name", "summary"),
    "comment": ("name", "body"),
    "lead": ("name", "email", "source"),
    "therapist": ("name",),
    "image": ("alt", "credit", "filename"),
    "message": ("subject", "text", "html"),
}
PREFERENCES = ("name", "tagline", "address", "phone", "whatsapp", "email", "what_to_wear", "how_to_get_here")
XML = "application/atom+xml", "application/xml"


@pytest.fixture
def filled(app: Flask, clock: MovableClock) -> Visit:
    """A clinic with a row of every kind."""
    image = make_image()
    article = make_article(
        tags=["hips"], image_id=image.id, body=f'<p>One</p><figure data-image="{image.id}"></figure>'
    )
    make_comment(article, state=CommentState.APPROVED)
    return make_visit(make_booking(article=article), therapist=make_therapist())


def store(text: str) -> None:
    """Store a text in every text column, past all operations."""
    for table, columns in COLUMNS.items():
        sets = ", ".join(f"{column} = :text" for column in columns)
        one = f'(SELECT min(id) FROM "{table}")'  # names of services are unique
        db.session.execute(sa.text(f'UPDATE "{table}" SET {sets} WHERE id = {one}'), {"text": text})
    db.session.execute(sa.text("DELETE FROM preference"))
    rows = [{"name": name, "text": text} for name in PREFERENCES]
    db.session.execute(sa.text("INSERT INTO preference (name, value) VALUES (:name, :text)"), rows)
    db.session.execute(content_version.ContentVersion.__table__.update().values(token=secrets.token_hex(8)))  # type: ignore[attr-defined]
    db.session.commit()


def article_of(visit: Visit) -> str:
    article = db.session.get(Article, visit.booking.article_id)
    assert article
    return article.address


def xml_of(client: FlaskClient, path: str) -> ET.Element:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return ET.fromstring(answer.data)


def json_lds(client: FlaskClient, path: str) -> Iterator[dict[str, object]]:
    answer = client.get(path)
    assert answer.status_code == 200, path
    for block in LexborHTMLParser(answer.get_data(as_text=True)).css("script[type='application/ld+json']"):
        yield json.loads(block.text())


def check_calendar(content: bytes) -> None:
    text = content.decode()
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)
    assert text.count("\r\n") == text.count("\n") == text.count("\r")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    Calendar.from_ical(content)
    assert text.count("\r\nEND:VEVENT\r\n") == len(Calendar.from_ical(content).walk("VEVENT"))


def check_mail(message: Message) -> None:
    letter = message_from_bytes(Letter(message).as_bytes(), policy=policy.default)
    assert not [part for part in letter.walk() if part.defects]
    assert letter["Bcc"] is None
    for part in letter.walk():
        if part.get_content_maintype() == "text" and part.get_content_subtype() in ("plain", "html"):
            assert storable(part.get_content()) == part.get_content()


def check_sheet(content: bytes, rows: int) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        trees = {name: ET.fromstring(book.read(name)) for name in book.namelist() if name.endswith((".xml", ".rels"))}
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert len(list(trees["xl/worksheets/sheet1.xml"].iter(f"{space}row"))) == rows


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXT)
def test_every_format_is_well_formed_whatever_is_stored(
    filled: Visit, sign_in: SignIn, client: FlaskClient, app: Flask, text: str
) -> None:
    owner = app.extensions.setdefault("test.owner", {})
    if owner.get("of") is not filled:
        owner |= {"of": filled, "client": sign_in("owner"), "feed": make_feed(filled.therapist, by=make_user())}
    db.session.rollback()
    store(text)
    kept = " ".join(storable(text).split())
    feed = xml_of(client, "/feed.xml")
    titles = [" ".join((node.text or "").split()) for node in feed.iter("{http://www.w3.org/2005/Atom}title")]
    assert titles == [kept] * 2
    assert len(xml_of(client, "/sitemap.xml")) > 5
    for path in ("/", article_of(filled), "/services/move-therapy-1-to-1/"):
        assert list(json_lds(client, path)), path
    manifest = json.loads(client.get("/site.webmanifest").data)
    assert manifest["name"] == storable(text)
    assert len(client.get("/.well-known/security.txt").get_data(as_text=True).splitlines()) == 4
    answer = client.get(f"/calendar/{owner['feed']}.ics")
    assert answer.mimetype == "text/calendar"
    check_calendar(answer.data)
    db.session.expire_all()
    visit = db.session.scalars(sa.select(Visit)).one()
    for method in (REQUEST, CANCEL):
        check_calendar(visit_file(visit, method))
    for message in db.session.scalars(sa.select(Message)):
        check_mail(message)
    rows = list(csv.reader(io.StringIO(owner["client"].get("/admin/leads/export.csv").get_data(as_text=True))))
    assert [len(row) for row in rows] == [6, 6]
    assert not [cell for cell in rows[1] if cell.startswith(("=", "+", "-", "@")) or storable(cell) != cell]
    check_sheet(owner["client"].get("/admin/leads/export.xlsx").data, rows=2)
    for path in ("/admin/media/pick.json", "/admin/articles/pick.json?q="):
        assert storable(str(json.loads(owner["client"].get(path).data)))
    assert list(csv.reader(io.StringIO(owner["client"].get("/admin/report/report.csv").get_data(as_text=True))))


def test_the_reported_body_leaves_the_feed_readable_for_every_subscriber(app: Flask, client: FlaskClient) -> None:
    make_article(body=fault("feed-vertical-tab.html").decode())
    feed = xml_of(client, "/feed.xml")
    (content,) = feed.iter("{http://www.w3.org/2005/Atom}content")
    assert "First line\nsecond line" in (content.text or "")


@pytest.mark.parametrize("sign", ["\x01", "\x0b", "\x1f", "\x7f", "\x90", "\ufffe", "\U0010ffff"])
def test_what_no_format_holds_leaves_every_text_when_it_is_saved(app: Flask, sign: str) -> None:
    article = make_article(
        title=f"Strong{sign} hips", summary=f"{sign}Why.", body=f"<p>a{sign}b&#{ord(sign)};</p>", image_alt=sign
    )
    booking = make_booking(name=f"Jo{sign} Lim")
    db.session.rollback()
    with atomic():  # past the operations, by the model alone
        article.title, article.body = f"Hips{sign}", f"<p>{sign}</p>"
        db.session.execute(sa.update(Booking).values(held_because=f"So{sign}"))
    db.session.expire_all()
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(sa.select(table)).mappings():
            for column, value in row.items():
                words = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
                assert not isinstance(words, str) or (sign not in words and json.dumps(sign)[1:-1] not in words), column
    assert booking.lead.name == "Jo Lim"
