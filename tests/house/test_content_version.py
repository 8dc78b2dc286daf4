"""Every table is either seen by readers, so that a write to it changes the content version, or known not to be."""

from clinic.core import content_version
from clinic.core.db import Base

# A row here is never part of a page that is the same for every reader.
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
