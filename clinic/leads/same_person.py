"""Whether two leads may be one person, with the evidence. People decide; nothing is merged by itself."""

from rapidfuzz.distance import OSA

from clinic.core.folding import words_of
from clinic.leads.models import Lead

END = 4  # letters
SHORTEST = 2 * END  # of shorter names a typo is no evidence, because many real names are that near


def letters_of(name: str) -> str:
    """The words of a name in order of the alphabet, without accents: "Tan Wei-Ling" and "wei ling TAN" are the same."""
    return " ".join(sorted(words_of(name)))


def ends_of(name: str) -> tuple[str, str]:
    """The first and the last letters. One typo cannot be in both, so one of them is equal in names a typo apart."""
    letters = letters_of(name)
    return letters[:END], letters[-END:]


def evidence(one: Lead, other: Lead) -> list[str]:
    """What two leads have in common, in words; the strongest first. Empty: they look like two people."""
    found = []
    if one.email_key == other.email_key:
        found.append("Same e-mail" if one.email == other.email else "Same mailbox, spelt in another way")
    if one.mobile == other.mobile:
        found.append("Same mobile")
    ours, theirs = letters_of(one.name), letters_of(other.name)
    if ours == theirs:
        found.append("Same name")
    elif min(len(ours), len(theirs)) >= SHORTEST and OSA.distance(ours, theirs, score_cutoff=1) <= 1:
        found.append("Same name but for one letter")
    return found
