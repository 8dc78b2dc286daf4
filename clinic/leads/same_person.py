"""Similarity of two leads, with the evidence. Staff decide; nothing is merged automatically."""

from rapidfuzz.distance import OSA

from clinic.core.folding import words_of
from clinic.leads.models import Lead

END = 4  # letters
SHORTEST = 2 * END  # shorter names often differ by one letter, so a typo is no evidence


def letters_of(name: str) -> str:
    """Return the words of a name in alphabetical order, without accents: "Tan Wei-Ling" equals "wei ling TAN"."""
    return " ".join(sorted(words_of(name)))


def ends_of(name: str) -> tuple[str, str]:
    """Return the first and last letters of a name. A single typo changes at most one of them, so one is equal in names
    a typo apart."""
    letters = letters_of(name)
    return letters[:END], letters[-END:]


def evidence(one: Lead, other: Lead) -> list[str]:
    """Return what two leads have in common, the strongest evidence first; empty if they look like two people."""
    found = []
    if one.email_key == other.email_key:
        found.append("Same email" if one.email == other.email else "Same mailbox, different spelling")
    if one.mobile == other.mobile:
        found.append("Same mobile")
    ours, theirs = letters_of(one.name), letters_of(other.name)
    if ours == theirs:
        found.append("Same name")
    elif min(len(ours), len(theirs)) >= SHORTEST and OSA.distance(ours, theirs, score_cutoff=1) <= 1:
        found.append("Same name except for one letter")
    return found
