"""Personal data: each text column is declared, and personal data are found in no other."""

import logging
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.accounts.models import User
from clinic.articles.lifecycle import retire_article
from clinic.comments.models import CommentState
from clinic.core.audit import AuditLine
from clinic.core.db import Base, UtcDateTime, atomic, db
from clinic.leads.models import Lead
from clinic.leads.operations import add_note
from tests.conftest import make_app
from tests.factories import make_article, make_booking, make_comment, make_services, make_user

# Columns that hold what people have told us about themselves, or what was written to or about them.
PERSONAL = {
    "lead": {"name", "email", "mobile", "email_key", "name_head", "name_tail", "next_step", "lost_because"},
    "lead_event": {"text"},
    "comment": {"name", "email", "body"},
    "message": {"to", "subject", "text", "html", "attachments", "last_error"},
    "wish": {"note"},
    "block": {"label"},
    "user": {"email", "name"},
    "audit_line": {"actor", "detail"},  # names of staff, never of visitors
}
# Keyed digests, which recognise a returning person and name nobody.
DIGESTS = {
    "booking": {"contact_digest"},
    "claim": {"digest"},
    "block": {"digest"},
    "comment": {"digest"},
    "rate_count": {"key"},
    "spent_link": {"digest"},
    "form_sent": {"key", "content"},
}
SECRETS = {
    "user": {
        "password",
        "fs_uniquifier",
        "tf_primary_method",
        "tf_totp_secret",
        "tf_phone_number",
        "mf_recovery_codes",
        "fs_webauthn_user_handle",
    },
    "passkey": {"transports", "device_type", "extensions", "name", "usage", "credential_id", "public_key"},
    "staff_session": {"key", "device"},
    "message": {"secrets"},
    "voucher": {"code", "redeemed_device"},
    "therapist": {"feed_digest"},
}
# Texts by the clinic about itself and its work.
OWN_WORDS = {
    "article": {
        "slug",
        "title",
        "summary",
        "body",
        "image_alt",
        "image_credit",
        "image_source",
        "image_licence",
        "retired_because",
        "signed_off",
    },
    "author": {"slug", "name", "title", "bio"},
    "category": {"slug", "name"},
    "tag": {"slug", "name"},
    "index_state": {"name"},
    "search_word": {"word"},
    "redirect": {"path", "target"},
    "revision": {"fields"},
    "autosave": {"place", "fields"},
    "preview_link": {"digest"},
    "content_version": {"token"},
    "image": {
        "key",
        "filename",
        "extension",
        "colour",
        "rendition_widths",
        "alt",
        "credit",
        "source_url",
        "licence",
        "render_error",
    },
    "service": {"slug", "name", "summary", "body"},
    "menu_item": {"label", "address"},
    "home_section": {"heading", "body"},
    "preference": {"name", "value"},
    "role": {"name"},
    "failing_job": {"name", "error"},
    "heartbeat": {"name"},
    "booking": {"held_because"},
    "audit_line": {"verb", "thing"},
    "message": {"uid", "kind", "once_key", "owner", "unsubscribe_url"},
    "therapist": {"name"},
    "visit": {"uid"},
    "claim": {"known_as"},
    "merge": {"moved", "settled"},
    "voucher": {"stage_before"},
    "letter": {"name", "subject", "body"},
    "lead": {"source"},
    "block": {"because"},
    "wish": {"times"},
}
MARKS = ("Xanthippe", "xanthippe", "91234567", "9123 4567")


def text_columns() -> dict[str, set[str]]:
    """Return every column that may hold text, unlike numbers, times, booleans or states."""
    other = (sa.Integer, sa.Float, sa.DateTime, sa.Date, sa.Boolean, sa.Enum, UtcDateTime)
    return {
        table.name: columns
        for table in Base.metadata.sorted_tables
        if (columns := {column.name for column in table.columns if not isinstance(column.type, other)})
    }


def declared() -> dict[str, set[str]]:
    merged: dict[str, set[str]] = {}
    for kind in (PERSONAL, DIGESTS, SECRETS, OWN_WORDS):
        for table, columns in kind.items():
            assert not merged.get(table, set()) & columns, f"{table} declares {columns} twice"
            merged[table] = merged.get(table, set()) | columns
    return merged


def found(*marks: str) -> set[tuple[str, str]]:
    """Return table and column of each place that contains one of these words."""
    db.session.rollback()
    places = set()
    for table in Base.metadata.sorted_tables:
        for row in db.session.execute(sa.select(table)).mappings():
            for name, value in row.items():
                if value is not None and any(mark in str(value) for mark in marks):
                    places.add((table.name, str(name)))
    return places


def xanthippe() -> Lead:
    """A person who has done everything that a visitor can do."""
    article = make_article()
    booking = make_booking(name="Xanthippe Tan", email="xanthippe@example.org", mobile="+6591234567", article=article)
    make_booking(name="Xanthippe Tan", email="xanthippe@example.org", mobile="+6581234567")
    comment = make_comment(article, state=CommentState.APPROVED, name="Xanthippe", body="Xanthippe was here")
    comment.email = "xanthippe@example.org"
    db.session.commit()
    add_note(booking.lead, "Xanthippe prefers mornings", by=make_user())
    retire_article(article)
    return booking.lead


def test_every_column_of_words_is_declared() -> None:
    columns = {(table, name) for table, names in text_columns().items() for name in names}
    known = {(table, name) for table, names in declared().items() for name in names}
    assert columns - known == set(), "say in this module what these hold"
    assert known - columns == set()


def test_what_a_visitor_tells_us_is_found_in_declared_places_only(app: Flask) -> None:
    xanthippe()
    allowed = {(table, column) for table, columns in PERSONAL.items() for column in columns}
    places = found(*MARKS)
    assert places
    assert places - allowed == set()
    assert not any(table == "audit_line" for table, _ in places), "the log outlives people and must not name visitors"


def test_a_removed_lead_takes_bookings_vouchers_and_history_with_it(app: Flask) -> None:
    lead = xanthippe()
    ids = db.session.scalars(sa.select(Lead.id).where(Lead.name.startswith("Xanthippe"))).all()
    assert lead.id in ids
    with atomic():
        db.session.execute(sa.delete(Lead).where(Lead.id.in_(ids)))
    assert {table for table, _ in found(*MARKS)} == {"message", "comment"}
    for table in ("booking", "voucher", "lead_event"):
        count = sa.select(sa.func.count()).select_from(Base.metadata.tables[table])
        assert db.session.scalar(count) == 0, table


def test_removed_staff_leave_their_name_in_the_log_alone(app: Flask) -> None:
    user = make_user(name="Xanthippe Rao", email="xanthippe@example.org")
    make_comment(make_article(), state=CommentState.APPROVED, by=user)
    with atomic():
        db.session.delete(db.session.get_one(User, user.id))
    assert found(*MARKS) == {("audit_line", "actor")}
    assert db.session.scalars(sa.select(AuditLine.actor).where(AuditLine.verb == "approved")).all() == ["Xanthippe Rao"]


def test_a_visitors_network_address_is_stored_nowhere(tmp_path: Path) -> None:
    limited = make_app(tmp_path, RATE_LIMITS="on")
    with limited.app_context():
        make_services()
        article = make_article()
        visitor: FlaskClient = limited.test_client()
        address = {"REMOTE_ADDR": "203.0.113.77", "HTTP_USER_AGENT": "Xanthippe/1.0"}
        remark = {"body": "Thank you", "name": "Jo", "email": "jo@example.org"}
        person = {"name": "Jo", "email": "jo@example.org", "mobile": "91234567", "consent": "y"}
        trial = person | {"service": "pilates-1-to-1"}
        answers = [
            visitor.post(f"{article.address}comments", data=remark, environ_base=address),
            visitor.post("/book/", data=trial, environ_base=address),
        ]
        assert [answer.status_code for answer in answers] == [303, 303]
        assert found("203.0.113.77", "Xanthippe") == set()
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Base.metadata.tables["rate_count"]))


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_log_has_neither_what_was_typed_nor_the_query_nor_the_address(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    make_services()
    caplog.set_level(logging.INFO, logger="clinic")
    client.get("/articles/?q=xanthippe&page=1", environ_base={"REMOTE_ADDR": "203.0.113.77"})
    data = {"name": "Xanthippe", "email": "xanthippe@example.org", "mobile": "91234567", "consent": "y"}
    client.post("/book/", data=data | {"service": "pilates-1-to-1"}, environ_base={"REMOTE_ADDR": "203.0.113.77"})
    assert [record.__dict__["path"] for record in caplog.records if record.name == "clinic.request"] == [
        "/articles/",
        "/book/",
    ]
    for record in caplog.records:
        assert not any(mark in str(vars(record)) for mark in (*MARKS, "203.0.113.77"))
