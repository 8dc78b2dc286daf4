"""Words that health advertising should avoid, as rules of the clinic, and the search for them in texts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from clinic.core.readability import sentences
from clinic.core.text import words_between_commas

# For orientation, not legal advice: Singapore's Healthcare Services (Advertisement) Regulations 2021, regulations 5, 14
# and 15 (sso.agc.gov.sg/SL/HSA2020-S1033-2021); Ahpra's guidelines for advertising a regulated health service; and the
# CAP Code, section 12 (asa.org.uk). Single words that careful articles need ("free", "best", "leading", "offer") appear
# only in the phrases that advertise.
DEFAULT_CLAIMS = """\
cure, cures, cured, curing, cure-all | Say what may help and for whom; nobody can promise a cure.
guarantee*, we promise, promise you | Leave the promise out; results differ from person to person.
miracle*, miraculous*, breakthrough*, revolutionary | Describe what is done, in plain words.
the best clinic*, best clinic*, best physio*, best therap*, best treatment*, best care in, best results, the best in \
| Leave the praise out; tell readers what they can check, such as training and experience.
number one, number 1, no. 1, #1, leading clinic*, leading provider*, leading expert*, leading physio*, \
leading therap*, world-class, top-rated, award-winning, second to none, unrivalled, unmatched, cutting-edge \
| Leave the praise out; tell readers what they can check, such as training and experience.
better than other, better than any other, unlike other clinics, unlike other physio*, unlike other therap* \
| Do not compare yourselves with others; say what you do.
100 %, 100%, 100 per cent, 100 percent | Give the figure from a named study, or leave it out.
painless*, without any pain, completely pain-free | Say that it may be uncomfortable, and what you do about it.
permanently, permanent relief, permanent result*, permanent solution*, permanent fix*, lasting cure \
| Say how long the effect lasted in studies; nobody can promise that it stays.
risk-free, without risk, without any risk, there is no risk, no side effects, without side effects \
| Name the usual risks; every treatment has some.
safe for everyone, safe for everybody, safe for all, completely safe, totally safe, perfectly safe, 100% safe \
| Say for whom it is suitable and who should ask a doctor first.
instantly, instant relief, instant result*, immediate relief, immediate result*, overnight results \
| Say how long it usually takes.
proven | Name the study and what it found.
before and after | Do not show people before and after a treatment, nor speak of it as proof.
discount*, special offer*, limited offer*, introductory offer*, limited-time offer*, special promotion*, \
free session*, free trial*, free consultation*, free assessment*, free class*, free of charge, for free, today only, \
while stocks last | Price offers for health care are restricted; check the rules, and link to the full terms.
testimonial*, success stor*, our patients say, our clients say, our customers say \
| Leave testimonials out; facts about a treatment need a source.
"""

# A text with one of these phrases already has a disclaimer.
DISCLAIMER_WORDS = ("does not replace", "do not replace", "not a substitute", "general information", "see a doctor")


@dataclass(frozen=True)
class AdvertisingRule:
    """Rule of a profile: the words to find, and the advice."""

    pattern: re.Pattern[str]
    advice: str


@dataclass(frozen=True)
class Profile:
    """Advertising rules of a clinic. With no `needs_disclaimer_words`, no page needs a disclaimer."""

    claims: tuple[AdvertisingRule, ...] = ()
    reading_ease_floor: float = 50
    needs_disclaimer_words: tuple[str, ...] = DISCLAIMER_WORDS


def read_profile(text: str) -> Profile:
    """Parse a profile from lines such as "cure, cure-all, heal* | Say what may help": words, "|", advice.

    A `*` stands for any ending of a word. Raises ValueError with a sentence that names the wrong line.
    """
    claims = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            claims.append(_read_line(number, line))
    return Profile(tuple(claims))


def _read_line(number: int, line: str) -> AdvertisingRule:
    words, bar, advice = line.partition("|")
    phrases = words_between_commas(words)
    if not bar:
        raise ValueError(f"Line {number}: enter the words, then |, then the advice.")
    if not phrases:
        raise ValueError(f"Line {number}: enter the words to find before the |.")
    if not advice.strip():
        raise ValueError(f"Line {number}: enter the advice after the |.")
    for phrase in phrases:
        if not re.fullmatch(r"(?:[^\s*]+\*?)(?:\s+[^\s*]+\*?)*", phrase) or not re.search(r"\w", phrase):
            raise ValueError(f"Line {number}: “{phrase}” will not work. Use * only at the end of a word.")
    longest_first = sorted(phrases, key=len, reverse=True)
    pattern = r"(?<!\w)(?:" + "|".join(map(_pattern, longest_first)) + r")(?!\w)"
    return AdvertisingRule(re.compile(pattern, re.IGNORECASE), advice.strip())


def _pattern(phrase: str) -> str:
    """Compile words to a pattern in which hyphens and spaces match each other ("risk-free" finds "risk free")."""
    parts = re.split(r"[\s-]+", _even(phrase))
    return r"[\s-]+".join(re.escape(part).replace(r"\*", r"\w*") for part in parts)


def _even(text: str) -> str:
    """Replace typographic apostrophes and hyphens by plain ones, keeping every position."""
    return re.sub(r"[\u2010-\u2015]", "-", text.replace("’", "'"))


def claims_in(text: str, profile: Profile) -> Iterator[tuple[str, str, str]]:
    """Return the claims of a paragraph: the words, the advice and the sentence; each advice once per sentence."""
    for sentence in sentences(text):
        even = _even(sentence)
        for claim in profile.claims:
            found = next((one for one in claim.pattern.finditer(even) if not _is_denied(even[: one.start()])), None)
            if found:
                yield sentence[found.start() : found.end()], claim.advice, _around(sentence, found.start(), found.end())


_DENIALS = frozenset(
    ["no", "not", "never", "none", "nobody", "nothing", "neither", "nor", "cannot", "without", "hardly"]
)
_SKIPPED = frozenset(["a", "an", "the", "any"])
# "Not only a cure" and "no doubt a cure" deny nothing.
_AFFIRMING = frozenset(["only", "just", "merely", "doubt", "question", "wonder", "but"])
DENIAL_WINDOW = 3


def _is_denied(before: str) -> bool:
    """Return True if one of the three words before a claim denies it: "is not a cure", "nobody can promise a cure"."""
    words = [word.lower().strip("\"'“”‘()") for word in before.split()]
    near = [word for word in words if word not in _SKIPPED][-DENIAL_WINDOW:]
    return any(
        (word in _DENIALS or word.endswith("n't")) and "".join(near[place + 1 : place + 2]) not in _AFFIRMING
        for place, word in enumerate(near)
    )


MOST_LETTERS = 240


def _around(sentence: str, start: int, end: int) -> str:
    """Return the sentence or, if it is long, the words around the claim."""
    if len(sentence) <= MOST_LETTERS:
        return sentence
    first, last = max(0, start - 100), min(len(sentence), end + 100)
    cut = sentence[first:last]
    if first:
        cut = "… " + cut.partition(" ")[2]
    return cut.rpartition(" ")[0] + " …" if last < len(sentence) else cut


DEFAULT_PROFILE = read_profile(DEFAULT_CLAIMS)
