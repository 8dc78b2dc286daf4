"""Every table is either marked as seen by readers, so that writes change the content version, or listed here as
unseen."""

from clinic.core import content_version
from clinic.core.db import Base

# Rows of these tables are never part of a page that is the same for every reader.
UNSEEN = {
    "audit_line",
    "autosave",
    "block",
    "booking",
    "claim",
    "content_version",
    "failing_job",
    "heartbeat",
    "form_sent",
    "lead",
    "lead_event",
    "letter",
    "merge",
    "message",
    "passkey",
    "presence",
    "preview_link",
    "rate_count",
    "read_count",
    "read_day",
    "revision",
    "role",
    "index_state",
    "search_word",
    "spent_link",
    "staff_session",
    "therapist",
    "two_people",
    "user",
    "user_role",
    "visit",
    "visit_slot",
    "voucher",
    "wish",
}


def test_every_table_says_whether_readers_see_it() -> None:
    tables = set(Base.metadata.tables)
    seen = {name for name, table in Base.metadata.tables.items() if content_version.mark_of(table)}
    assert seen | UNSEEN == tables
    assert not seen & UNSEEN
