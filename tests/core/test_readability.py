"""Syllables of known words, sentences, and the reading ease."""

import pytest

from clinic.core.readability import reading_ease, sentences, syllables

# Counted by speaking them; from texts such as ours and from everyday English.
KNOWN = {
    1: """back walk hip knee spine move strength stretch breathe through ache bend weight height health stairs leg arm
        neck shoe bones joint pain pace light brain sleep nerve helped moved walked pushed stays yours league tongue
        the straight should knees toes eye make times world""",
    2: """body shoulder muscle balance posture pressure movement rested needed houses changes safely careful likely
        ankle tissue quiet diet lion science being fluid people little simple waited breathing training beyond doctor
        healthy treatment pillow walking table injured stiffness between maybe advice massage routine fatigue
        every something
        client trying""",
    3: """exercise pilates therapy recover energy evidence beginner gradual video area happier muscular position
        flexible regular condition period medical hospital injury accident radio usual studio together important
        another remember improvement easier department beautiful creating medicine holiday december""",
    4: """activity experience particular information emergency independent variety especially january mobility material
        appropriate original evaluate necessary everybody operation community society""",
    5: "university immediately flexibility examination individual possibility refrigerator electricity",
    6: "responsibility rehabilitation physiotherapy cardiovascular",
}
WORDS = [(word, count) for count, words in KNOWN.items() for word in words.split()]


def test_nine_of_ten_common_words_are_counted_right() -> None:
    wrong = [word for word, count in WORDS if syllables(word) != count]
    assert len(WORDS) >= 150
    assert len(wrong) <= len(WORDS) / 10, wrong


@pytest.mark.parametrize("word", ["x", "mrt", "Dr", "don't", "’", "é", "rhythm", "e"])
def test_every_word_has_at_least_one_syllable(word: str) -> None:
    assert syllables(word) >= 1


def test_letters_may_be_capital_and_words_have_apostrophes() -> None:
    assert syllables("Muscle’s") == syllables("MUSCLES") == 2


def test_sentences_end_where_people_see_them_end() -> None:
    assert sentences("Rest. Then walk! Does it hurt? “Yes.” Stop") == [
        "Rest.",
        "Then walk!",
        "Does it hurt?",
        "“Yes.”",
        "Stop",
    ]


def test_short_forms_and_numbers_end_no_sentence() -> None:
    assert sentences("Ask Dr. Tan, e.g. Mondays, about 2.5 kg.") == ["Ask Dr. Tan, e.g. Mondays, about 2.5 kg."]
    assert sentences("Sold by No. 1 and J. Lim.") == ["Sold by No. 1 and J. Lim."]
    assert sentences("Does it hurt? No. We are gentle.") == ["Does it hurt?", "No.", "We are gentle."]
    assert sentences("") == []


def test_the_score_is_that_of_the_formula() -> None:
    # Ten sentences of ten words, each of one syllable: 206.835 - 1.015 * 10 - 84.6 * 1.
    assert reading_ease(["We walk to the shop and back each day now."] * 10) == pytest.approx(112.085)
    # A hundred words in one sentence.
    assert reading_ease(["walk " * 99 + "home."]) == pytest.approx(206.835 - 101.5 - 84.6)


def test_plain_text_scores_higher_than_officialese() -> None:
    plain = reading_ease(["Stand up each hour. Walk a little. Your back will thank you for it later."] * 10)
    heavy = reading_ease(
        ["Considerable physiological deterioration accompanies uninterrupted sedentary occupational behaviour."] * 15
    )
    assert plain is not None
    assert heavy is not None
    assert plain > 80
    assert heavy < 0


def test_a_short_text_has_no_score() -> None:
    assert reading_ease(["Too short to say."]) is None
    assert reading_ease([]) is None
