"""Tests of advertising rules: found as whole words, and not where the text denies them."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic.editing.advertising import DEFAULT_CLAIMS, DEFAULT_PROFILE, Profile, claims_in, read_profile


def found(text: str, profile: Profile = DEFAULT_PROFILE) -> list[str]:
    return [words for words, _, _ in claims_in(text, profile)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("We cure back pain.", "cure"),
        ("Pilates CURES it.", "CURES"),
        ("Results are guaranteed.", "guaranteed"),
        ("A miraculous method.", "miraculous"),
        ("The best clinic in town.", "The best clinic"),
        ("Our number‑one therapist.", "number‑one"),
        ("We are #1 for knees.", "#1"),
        ("A leading physiotherapist.", "leading physiotherapist"),
        ("Better than other studios.", "Better than other"),
        ("Works for 100% of people.", "100%"),
        ("Works for 100 % of people.", "100 %"),
        ("It is painless.", "painless"),
        ("It fixes your back permanently.", "permanently"),
        ("It is risk free.", "risk free"),
        ("There are no side effects.", "no side effects"),
        ("It is safe for everyone.", "safe for everyone"),
        ("You feel it instantly.", "instantly"),
        ("A proven method.", "proven"),
        ("Look at these before-and-after photos.", "before-and-after"),
        ("Now with a discount.", "discount"),
        ("Book a free trial now.", "free trial"),
        ("Read our testimonials.", "testimonials"),
    ],
)
def test_a_claim_is_found(text: str, words: str) -> None:
    assert found(text) == [words]


@pytest.mark.parametrize(
    "text",
    [
        "Secure the mat; a manicure is no cure-all.",
        "Feel free to ask. The way is free of steps. Move in the pain-free range.",
        "The Health Promotion Board is leading the work; a leading cause of falls.",
        "What does best practice look like? The best time to walk is the morning.",
        "What exercise may offer, and what we offer.",
        "Make it safe first. An unproven idea.",
        "Use medicine for a limited time.",
    ],
)
def test_other_uses_of_the_words_are_left_alone(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Pilates cannot cure arthritis.",
        "It can’t cure arthritis.",
        "There is no cure.",
        "This is not a cure.",
        "Nobody can promise a cure.",
        "We give no guarantee.",
        "It has not yet been proven.",
        "It is never entirely painless.",
        "No treatment is without risk.",
    ],
)
def test_what_is_denied_is_no_claim(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Not only cures pain but lasts.",
        "It is no doubt a cure.",
        "No, it cures pain.",
        "Does it hurt? No. We cure it.",
        "Not every back is alike, yet this will cure it.",
    ],
)
def test_a_denial_of_something_else_does_not_count(text: str) -> None:
    assert len(found(text)) == 1


def test_a_denied_word_does_not_hide_a_claim_later_in_the_sentence() -> None:
    assert found("There is no cure elsewhere, but our own method surely cures it.") == ["cures"]


def test_the_sentence_is_told_and_each_advice_once_for_it() -> None:
    text = "First rest. We cure and cured many. Then walk."
    assert list(claims_in(text, read_profile("cure, cured | Say what may help."))) == [
        ("cure", "Say what may help.", "We cure and cured many.")
    ]


def test_a_long_sentence_is_cut_around_the_claim() -> None:
    ((_, _, excerpt),) = claims_in("word " * 100 + "cure " + "word " * 100, DEFAULT_PROFILE)
    assert excerpt.startswith("… word")
    assert excerpt.endswith("word …")
    assert " cure " in excerpt
    assert len(excerpt) < 240


def test_a_profile_is_read_line_by_line() -> None:
    profile = read_profile("\n  heal*, wonder drug | Say how.  \n\nmagic | Explain | in words.\n")
    assert [claim.advice for claim in profile.claims] == ["Say how.", "Explain | in words."]
    assert found("It heals. A wonder-drug!", profile) == ["heals", "wonder-drug"]
    assert found("A wonder of healing drugs; wheals", profile) == ["healing"]
    assert read_profile("").claims == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("cure", "Line 1: enter the words, then |, then the advice."),
        ("cure | x\n\n | y", "Line 3: enter the words to find before the |."),
        (", , | y", "Line 1: enter the words to find before the |."),
        ("cure |  ", "Line 1: enter the advice after the |."),
        ("c*re | y", "Line 1: “c*re” will not work. Use * only at the end of a word."),
        ("cure, * | y", "Line 1: “*” will not work. Use * only at the end of a word."),
        ("... | y", "Line 1: “...” will not work. Use * only at the end of a word."),
    ],
)
def test_a_wrong_line_is_named(text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as refusal:
        read_profile(text)
    assert str(refusal.value) == sentence


def test_the_default_profile_is_short_lines_a_clinic_can_edit() -> None:
    assert len(DEFAULT_PROFILE.claims) == len(DEFAULT_CLAIMS.splitlines())
    assert all(line.count("|") == 1 for line in DEFAULT_CLAIMS.splitlines())


@settings(deadline=None)
@given(st.text(), st.text())
def test_any_line_is_read_or_refused_and_never_breaks(words: str, text: str) -> None:
    with suppress(ValueError):
        list(claims_in(text, read_profile(f"{words} | advice")))
