"""The full-text index of leads, by which the desk finds one among a million (core/text_index.py).

Words are folded as those of articles are (core/folding.py): those of the name, the parts of the e-mail, and the number
with and without what stands before it. What is typed is found at the beginning of words. Rows are written in the
transaction of the lead that they describe.
"""

from typing import Any

from clinic.core.folding import query_tokens, tokens_of, words_of
from clinic.core.text import mobile_digits
from clinic.core.text_index import TextIndex, dialect
from clinic.preferences import preferences

SHORTEST_NUMBER, LONGEST_NUMBER = 4, 15  # digits; E.164 knows no longer ones
MOST_WORDS = 8
MOST_FOUND = 100  # two pages: more is a reason to type another word
# Of a million leads 5,000 have the same two common names, and fetching them all for the newest hundred costs more than
# the rest of the page. So names are first looked for by walking the latest leads until the answer is full.
INDEX = TextIndex(
    fts="lead_fts",
    vector="lead_vector",
    columns=("words",),
    vectors={"words": "to_tsvector('simple', :words)"},
    language="simple",
    latest=50_000,
)


def put(lead: Any, *also: Any) -> None:
    """Index a lead, or index it anew; it is found by the words of those merged into it too."""
    INDEX.drop(lead.id)
    INDEX.put(lead.id, words=" ".join(words_for(one.name, one.email, one.mobile) for one in (lead, *also)))


def drop(lead: Any) -> None:
    """Forget a lead; harmless when it is not there."""
    INDEX.drop(lead.id)


def words_for(name: str, email: str, mobile: str) -> str:
    """What a lead is found by. Of the number each end of it, because people remember the last digits."""
    digits = mobile.removeprefix("+")
    ends = [digits[start:] for start in range(max(0, len(digits) - LONGEST_NUMBER), len(digits) - SHORTEST_NUMBER + 1)]
    return " ".join([tokens_of(name), tokens_of(email), *ends])


def find(text: str, most: int = MOST_FOUND) -> list[int]:
    """The ids of the leads that have all words, or words that begin with them, the newest first."""
    words = _words(text)
    if not words:
        return []
    begun = [token for word in words for token in query_tokens(word)]
    if dialect() == "sqlite":
        return INDEX.find(begun, most)
    whole = [(token, False) for token, _ in begun]
    ways = [(INDEX.find, whole), (INDEX.find, begun)]  # whole words cost a third
    if not words[0].isdecimal():
        ways.insert(0, (INDEX.find_among_latest, begun))
    for find_by, tokens in ways:  # the first that fills the answer
        ids = find_by(tokens, most)
        if len(ids) == most:
            break
    return ids


def _words(text: str) -> list[str]:
    digits = mobile_digits(text, preferences().phone_region)  # a number is one word, however it is grouped
    return [digits] if digits else words_of(text)[:MOST_WORDS]
