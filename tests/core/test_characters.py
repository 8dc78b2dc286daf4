"""Characters: those that are part of a spelling stay, harmful ones are removed, and invisible text counts as empty."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.core.characters import first_letter, harmless_html, is_visible, spelled_line, spelled_text, storable
from clinic.core.html import sanitise
from clinic.core.text import clean_line, clean_text
from tests.faults import fault

SPELLED = [
    "ශ්\u200dරී",  # Sinhala: Sri
    "ක්\u200dෂ",
    "می\u200cخواهم",  # Persian: I want
    "سوء\u200cاستفاده",  # a letter that joins nothing before the joiner
    "PDF\u200cها",  # a Latin word with a Persian ending
    "ه\u200d",  # the first form of a letter at the end of a word
    "र्\u200dय",  # Marathi: eyelash ra
    "क्\u200cष",
    "র\u200d্য",  # Bengali: the joiner before the virama
    "ന്\u200d",  # Malayalam, as it was written before 2008
    "ಕ್\u200cಕ",
    "۝",
    "שלום\u200f!",
    "ᠠ\u180eᠡ",
    "葛\U000e0100城市",  # a Japanese name with the form of its first letter
    "ᅟᅡ",  # a Hangul syllable without its first letter
    "ខ្ញុំ\u200bទៅ",  # Khmer, where words end
    "👩\u200d⚕\ufe0f",
    "👩🏽\u200d🦰",
    "👨\u200d👩\u200d👧\u200d👦",
    "🧑🏿\u200d🤝\u200d🧑🏻",
    "🏳\ufe0f\u200d🌈",
    "❤\ufe0f\u200d🔥",
    "👁\ufe0f\u200d🗨\ufe0f",
    "1\ufe0f\u20e3",
    "☎\ufe0e",
    "🇸🇬",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "🏴\U000e0075\U000e0073\U000e0074\U000e0078\U000e007f",
    "\U0001fae9",  # newer than Python's own tables
    "Ødegård, D’Souza-Nguyễn, O‘Brien / 陈",
]
HARMFUL = [
    ("Jo\u202e miL", "Jo miL"),
    ("\u202dJo\u202c", "Jo"),
    ("\u202aJo\u202b", "Jo"),
    ("Jo\u2066 Lim\u2069", "Jo Lim"),
    ("Jo\u200b Lim", "Jo Lim"),
    ("Jo\u200d Lim\u200c", "Jo Lim"),
    ("J\u200do", "Jo"),
    ("\ufeffJo", "Jo"),
    ("J\u2060o\u2063", "Jo"),
    ("J\u00ado", "Jo"),
    ("Jo\u200e\u200f\u061c", "Jo"),
    ("Jo\ufe0f", "Jo"),
    ("J\U000e0101o", "Jo"),
    ("👩\ufe0f\ufe0e\ufe0f", "👩\ufe0f"),
    ("👩\u200d", "👩"),
    ("\u200d👩", "👩"),
    ("م\u200c\u200c\u200cن", "من"),
    ("Jo\U000e0068\U000e0069", "Jo"),  # tags that say "hi" to a program
    ("🏴\U000e0069\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065\U000e0020\U000e007f", "🏴"),
    ("Jo\ufff9a\ufffab\ufffb", "Joab"),
    ("Jo\ue000", "Jo"),
    ("Jo\ufffe\ufdd0\U0001fffe", "Jo"),
    ("Jo\x00\x07\x1b\x7f\x91", "Jo"),
    ("Jo\ud800", "Jo"),
]
UNSEEN = [
    "", " ", "\u3000\u00a0", "\u3164", "\u3164\u3164 \uffa0", "\u115f\u1160", "\u2800\u2800", "\u200b",
    "\u200d", "\u200f", "\u202e", "\ufe0f", "\u034f", "\u180e", "\u00ad", "\ufeff", "\u2060", "\u17b4", "\U0001d159",
    "\U000e0041", "\ufffc", "\U000e0100", "\ue000", "\ufffe", "\x07", "\u2028",
]  # fmt: skip


@pytest.mark.parametrize("word", SPELLED)
def test_an_invisible_character_stays_where_it_spells_something(word: str) -> None:
    word = unicodedata.normalize("NFC", word)
    assert clean_line(word) == word
    assert clean_text(f"{word}\n{word}") == f"{word}\n{word}"
    assert clean_line(f"A {word}, and ({word}).") == f"A {word}, and ({word})."
    assert sanitise(f"<p>{word}</p>") == f"<p>{word}</p>"


@pytest.mark.parametrize(("typed", "kept"), HARMFUL)
def test_a_character_that_deceives_or_spells_nothing_goes(typed: str, kept: str) -> None:
    assert clean_line(typed) == kept


@pytest.mark.parametrize("typed", UNSEEN)
def test_a_text_of_which_nothing_is_seen_is_empty(typed: str) -> None:
    assert not is_visible(typed)
    assert clean_line(typed) == ""
    assert clean_text(f"{typed}\n{typed}") == ""


@pytest.mark.parametrize("typed", ["-", "。", "́x", "⠁\u2800", "ᅟᅡ", "👍", "۝", "\U0001fae9", "\U000130b8"])
def test_a_sign_without_a_letter_can_be_seen(typed: str) -> None:
    assert is_visible(typed)
    assert clean_line(typed) == unicodedata.normalize("NFC", typed)


def test_the_reported_words_stay_and_the_reported_name_is_empty() -> None:
    line = fault("text-joiners.txt").decode().strip()
    assert clean_line(line) == line
    assert clean_text(line) == line
    assert sanitise(f"<p>{line}</p>") == f"<p>{line}</p>"
    assert clean_line(fault("name-hangul-filler.txt").decode()) == ""


def test_a_text_keeps_soft_hyphens_and_isolates_that_are_closed_on_their_line() -> None:
    assert clean_text("Kranken\u00adhaus") == "Kranken\u00adhaus"
    assert clean_text("See \u2068שלום\u2069 here") == "See \u2068שלום\u2069 here"
    assert clean_text("See \u2067שלום here\nand\u2069 there") == "See שלום here\nand there"
    assert clean_text("See \u2066only\u2069 Latin") == "See only Latin"
    assert clean_text("See \u2067 here\nand\u2069 there") == "See  here\nand there"


def test_a_filler_between_words_is_a_space_and_every_line_end_is_one() -> None:
    assert clean_line("Kim\u3164Min\u3164") == "Kim Min"
    assert clean_text("One\vtwo\fthree\x85four\u2028five\u2029six\rseven") == "One\ntwo\nthree\nfour\nfive\nsix\nseven"


@pytest.mark.parametrize(
    "sign", ["&#11;", "&#x1;", "&#8238;", "&#x200b;", "\x0b", "\x02", "\x00", "\u202e", "&#xFFFE;"]
)
def test_nothing_harmful_comes_back_from_a_reference_in_html(sign: str) -> None:
    cleaned = sanitise(f'<p title="{sign}">One{sign}two <a href="/a{sign}b" title="{sign}">x</a></p>')
    assert harmless_html(cleaned) == cleaned
    assert "&#" not in cleaned
    assert sanitise(cleaned) == cleaned


@pytest.mark.parametrize("sign", ["&#11;", "&#8238;", "&#x200b;", "\x0b", "\ufeff", "&#xFEFF;", "&#1;"])
def test_taking_a_character_out_makes_no_address_dangerous(sign: str) -> None:
    assert "script:" not in sanitise(f'<a href="java{sign}script:alert(1)">x</a>').replace("\n", "")


@given(st.text())
def test_cleaning_twice_is_cleaning_once_and_what_is_left_can_be_stored(typed: str) -> None:
    for clean in (clean_line, clean_text, spelled_line, spelled_text, storable):
        once = clean(typed)
        assert clean(once) == once
        assert storable(once) == once
    assert clean_line(typed) == "" or is_visible(clean_line(typed))


@given(st.text(alphabet=st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=1))
def test_plain_text_is_left_alone(typed: str) -> None:
    assert clean_line(typed) == clean_text(typed) == typed


def test_a_first_letter_is_a_whole_one() -> None:
    assert first_letter("श्री") in ("श्री", "श्")
    assert first_letter("👩\u200d⚕\ufe0f Mei") == "👩\u200d⚕\ufe0f"
    assert first_letter("") == ""
