"""The words of leads, so that the desk finds one among a million: SQLite's FTS5 and PostgreSQL's tsvector.

Words are folded as those of articles are (core/folding.py): those of the name, the parts of the e-mail, and the number
with and without what stands before it. What is typed is found at the beginning of words. Rows are written in the
transaction of the lead that they describe.
"""

from typing import Any

import sqlalchemy as sa

from clinic.core.db import db
from clinic.core.folding import query_tokens, tokens_of, words_of
from clinic.core.text import mobile_digits
from clinic.preferences import preferences

SHORTEST_NUMBER, LONGEST_NUMBER = 4, 15  # digits; E.164 knows no longer ones
MOST_WORDS = 8
MOST_FOUND = 100  # two pages: more is a reason to type another word
# Of a million leads 5,000 have the same two common names, and fetching them all for the newest hundred costs more than
# the rest of the page. So names are first looked for by walking the latest leads until the answer is full.
_AMONG_LATEST = """
    SELECT ref FROM (SELECT ref, words FROM lead_vector ORDER BY ref DESC LIMIT 50000) AS latest
    WHERE words @@ to_tsquery('simple', :query) ORDER BY ref DESC LIMIT :most
"""
# MATERIALIZED: the index of words is asked, where the planner would walk all leads, newest first.
_AMONG_ALL = """
    WITH found AS MATERIALIZED (SELECT ref FROM lead_vector WHERE words @@ to_tsquery('simple', :query))
    SELECT ref FROM found ORDER BY ref DESC LIMIT :most
"""
_TABLE = {"sqlite": "lead_fts", "postgresql": "lead_vector"}
_KEY = {"sqlite": "rowid", "postgresql": "ref"}


def put(lead: Any, *also: Any) -> None:
    """Index a lead, or index it anew; it is found by the words of those merged into it too."""
    drop(lead)
    words = " ".join(words_for(one.name, one.email, one.mobile) for one in (lead, *also))
    db.session.execute(sa.text(INSERT[_dialect()]), {"ref": lead.id, "words": words})


def drop(lead: Any) -> None:
    """Forget a lead; harmless when it is not there."""
    db.session.execute(sa.text(f"DELETE FROM {_TABLE[_dialect()]} WHERE {_KEY[_dialect()]} = :ref"), {"ref": lead.id})  # noqa: S608


def words_for(name: str, email: str, mobile: str) -> str:
    """What a lead is found by. Of the number each end of it, because people remember the last digits."""
    digits = mobile.removeprefix("+")
    ends = [digits[start:] for start in range(max(0, len(digits) - LONGEST_NUMBER), len(digits) - SHORTEST_NUMBER + 1)]
    return " ".join([tokens_of(name), tokens_of(email), *ends])


def find(text: str, most: int = MOST_FOUND) -> list[int]:
    """The ids of the leads that have all words, or words that begin with them, the newest first.

    Asked by itself and not within a bigger statement: then no planner walks a million leads to look each one up.
    """
    words = _words(text)
    if not words:
        return []
    tokens = [token for word in words for token in query_tokens(word)]
    if _dialect() == "sqlite":
        found = "SELECT rowid FROM lead_fts WHERE lead_fts MATCH :query ORDER BY rowid DESC LIMIT :most"
        query = " AND ".join(f'"{token}"*' if begins else f'"{token}"' for token, begins in tokens)
        return list(db.session.scalars(sa.text(found), {"query": query, "most": most}))
    whole = " & ".join(token for token, _ in tokens)
    begun = " & ".join(f"{token}:*" if begins else token for token, begins in tokens)
    ways = [(_AMONG_ALL, whole), (_AMONG_ALL, begun)]  # whole words cost a third
    if not words[0].isdecimal():
        ways.insert(0, (_AMONG_LATEST, begun))
    for found, query in ways:  # the first that fills the answer
        ids = list(db.session.scalars(sa.text(found), {"query": query, "most": most}))
        if len(ids) == most:
            break
    return ids


def _words(text: str) -> list[str]:
    digits = mobile_digits(text, preferences().phone_region)  # a number is one word, however it is grouped
    return [digits] if digits else words_of(text)[:MOST_WORDS]


def _dialect() -> str:
    return str(db.session.get_bind().dialect.name)


INSERT = {
    "sqlite": "INSERT INTO lead_fts (rowid, words) VALUES (:ref, :words)",
    "postgresql": "INSERT INTO lead_vector (ref, words) VALUES (:ref, to_tsvector('simple', :words))",
}
