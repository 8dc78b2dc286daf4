"""Differences between two texts: complete, by blocks and words, robust, and fast enough."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic.core.differences import Change, Fold, Part, State, differences, folded, word_differences
from clinic.core.html import plain_text, sanitise
from clinic.core.html_blocks import text_blocks
from tests.work import calls_made

SAME, ADDED, REMOVED, CHANGED = State.SAME, State.ADDED, State.REMOVED, State.CHANGED


def told(blocks: list[Change]) -> list[tuple[str, str, str]]:
    """Return each block as one line, with {+added+} and [-removed-] words."""
    signs = {SAME: "{}", ADDED: "{{+{}+}}", REMOVED: "[-{}-]"}
    return [
        (block.kind, block.state.value, " ".join(signs[part.state].format(part.text) for part in block.parts))
        for block in blocks
    ]


def words_of(parts: list[Part], *states: State) -> list[str]:
    return [word for part in parts if part.state in states and not part.is_note for word in part.text.split()]


def test_a_changed_word_is_told_within_its_paragraph() -> None:
    before = "<p>Hold it for ten seconds.</p><p>Rest a little.</p>"
    after = "<p>Hold it for twenty seconds.</p><p>Rest a little.</p>"
    assert told(differences(before, after)) == [
        ("p", "changed", "Hold it for [-ten-] {+twenty+} seconds."),
        ("p", "same", "Rest a little."),
    ]


def test_a_new_and_a_lost_paragraph_stand_where_they_belong() -> None:
    before = "<p>First one here.</p><p>Lost words only.</p><p>Last one here.</p>"
    after = "<p>First one here.</p><p>Last one here.</p><p>Quite another thing.</p>"
    assert told(differences(before, after)) == [
        ("p", "same", "First one here."),
        ("p", "removed", "[-Lost words only.-]"),
        ("p", "same", "Last one here."),
        ("p", "added", "{+Quite another thing.+}"),
    ]


def test_alike_paragraphs_are_paired_across_new_ones() -> None:
    before = "<p>The hips carry the trunk all day.</p><p>The feet meet the ground first.</p>"
    after = (
        "<p>Something wholly new.</p><p>The hips carry the trunk all night.</p><p>Mind your step!</p>"
        "<p>The feet meet the floor first.</p>"
    )
    assert [block.state for block in differences(before, after)] == [ADDED, CHANGED, ADDED, CHANGED]


def test_every_kind_of_block_is_named() -> None:
    html = """<h2>Head</h2><h3>Sub</h3><ul><li><p>Item</p><ol><li>Inner</li></ol></li></ul><blockquote><p>Said</p>
    </blockquote><table><caption>Cap</caption><tr><th>Day</th><td><p>Open</p><p>late</p></td></tr></table>
    <figure data-image="7"><figcaption>A bridge</figcaption></figure><figure data-image="8"></figure>
    <dl><dt>Term</dt><dd>Meaning</dd></dl><aside class="callout"><p>Note</p></aside><hr>Loose"""
    blocks = differences(html, html)
    assert [(block.kind, block.parts[0].text) for block in blocks] == [
        ("h2", "Head"),
        ("h3", "Sub"),
        ("li", "Item"),
        ("li", "Inner"),
        ("blockquote", "Said"),
        ("caption", "Cap"),
        ("tr", "Day | Open late"),
        ("figure", "Picture 7: A bridge"),
        ("figure", "Picture 8"),
        ("dt", "Term"),
        ("dd", "Meaning"),
        ("p", "Note"),
        ("hr", "Line"),
        ("p", "Loose"),
    ]
    assert [block.name for block in blocks][:3] == ["heading", "smaller heading", "list item"]


def test_marks_do_not_split_words_but_line_breaks_and_cells_do() -> None:
    assert text_blocks("<p>co<em>op</em>erate<br>now</p>")[0].text == "cooperate now"
    assert text_blocks("<table><tr><td>a</td><td>b</td></tr></table>")[0].text == "a | b"


def test_another_picture_and_other_words_for_it_are_changes() -> None:
    before = '<figure data-image="7"><figcaption>A bridge</figcaption></figure>'
    after = '<figure data-image="9" data-alt="Knees bent"><figcaption>A bridge</figcaption></figure>'
    assert told(differences(before, after)) == [
        ("figure", "changed", "Picture [-7:-] {+9 (description: Knees bent):+} A bridge")
    ]


def test_a_link_that_leads_elsewhere_is_told_with_both_addresses() -> None:
    before, after = '<p>Read <a href="/a/">our terms</a> first.</p>', '<p>Read <a href="/b/">our terms</a> first.</p>'
    assert told(differences(before, after)) == [
        ("p", "changed", "Read our terms [-(address: /a/)-] {+(address: /b/)+} first.")
    ]
    (block,) = differences(before, after)
    assert [part.is_note for part in block.parts] == [False, True, True, False]


def test_a_link_that_stays_is_shown_as_its_words() -> None:
    html = '<p>Read <a href="/a/">our terms</a> first.</p>'
    assert told(differences(html, html)) == [("p", "same", "Read our terms first.")]


def test_words_that_become_a_link_are_a_change() -> None:
    assert told(differences("<p>Our terms</p>", '<p>Our <a href="/a/">terms</a></p>')) == [
        ("p", "changed", "Our terms {+(address: /a/)+}")
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<p>Go <b>slowly</b>.</p>", "<p>Go slowly.</p>"),
        ("<p>Go <em>slowly</em>.</p>", "<p>Go <strong>slowly</strong>.</p>"),
        ("<ul><li>One</li></ul>", "<ol><li>One</li></ol>"),
        ("<p>One</p>", '<aside class="callout"><p>One</p></aside>'),
        ("<p>Go <b>slowly</b> and far.</p>", "<p>Go slowly and wide.</p>"),
    ],
)
def test_changed_formatting_is_noted(before: str, after: str) -> None:
    (block,) = differences(before, after)
    assert (block.state, block.note) == (CHANGED, "The formatting changed.")


def test_another_tag_of_the_same_meaning_is_no_change() -> None:
    assert differences("<p>Go <b>on</b></p>", "<p>Go <strong>on</strong></p>")[0].state is SAME


def test_a_paragraph_that_became_a_heading_says_so() -> None:
    (block,) = differences("<p>Make it safe first</p>", "<h2>Make it safe first</h2>")
    assert (block.kind, block.state, block.note) == ("h2", CHANGED, "Was a paragraph, now a heading.")


def test_a_heading_and_a_paragraph_with_some_words_in_common_are_two_blocks() -> None:
    blocks = differences("<h2>Make it safe first</h2>", "<p>Make it strong first</p>")
    assert [(block.kind, block.state) for block in blocks] == [("h2", REMOVED), ("p", ADDED)]


def test_one_common_word_between_long_changes_does_not_break_them_up() -> None:
    before = "<p>one two three four and five six seven eight nine ten then rest at the end of all this text</p>"
    after = "<p>un deux trois quatre and cinq six2 sept huit neuf dix then rest at the end of all this text</p>"
    assert [part.state for part in differences(before, after)[0].parts] == [REMOVED, ADDED, SAME]


def test_a_title_is_compared_word_by_word() -> None:
    assert word_differences("Desk breaks that work", "Short desk breaks that work") == [
        Part("Desk", REMOVED),
        Part("Short desk", ADDED),
        Part("breaks that work", SAME),
    ]
    assert word_differences("", "") == []
    assert word_differences("Same", "Same") == [Part("Same", SAME)]


def blocks_of(states: str) -> list[Change]:
    return [Change("p", {"s": SAME, "c": CHANGED}[letter], [Part(str(i), SAME)]) for i, letter in enumerate(states)]


@pytest.mark.parametrize(
    ("states", "context", "shape"),
    [
        ("sssscssss", 1, "3scs3"),
        ("sscss", 1, "sscss"),
        ("csssc", 1, "csssc"),
        ("cssssc", 1, "cs2sc"),
        ("ssss", 1, "4"),
        ("s", 1, "s"),
        ("", 1, ""),
        ("ssscsss", 0, "3c3"),
    ],
)
def test_long_unchanged_runs_are_folded(states: str, context: int, shape: str) -> None:
    shown = folded(blocks_of(states), context)
    assert "".join(str(one.count) if isinstance(one, Fold) else one.state[0] for one in shown) == shape


WORDS = st.lists(st.sampled_from(["hip", "knee", "the", "and", "Rest.", "a&b", "é"]), min_size=1, max_size=12)
TAGS = st.sampled_from(["p", "h2", "h3", "blockquote"])


@st.composite
def articles(draw: st.DrawFn) -> str:
    """Plain blocks whose words plain_text() also reads, as an independent count."""
    parts = draw(st.lists(st.tuples(TAGS, WORDS, st.booleans()), max_size=8))
    return "".join(
        f"<{tag}>{'<em>' * is_marked}{' '.join(words).replace('&', '&amp;')}{'</em>' * is_marked}</{tag}>"
        for tag, words, is_marked in parts
    )


@settings(deadline=None)
@given(articles(), articles())
def test_removed_and_same_words_give_the_old_text_and_added_and_same_the_new(before: str, after: str) -> None:
    parts = [part for block in differences(before, after) for part in block.parts]
    assert words_of(parts, SAME, REMOVED) == plain_text(before).split()
    assert words_of(parts, SAME, ADDED) == plain_text(after).split()


@settings(deadline=None)
@given(st.text(), st.text())
def test_the_words_of_two_lines_are_all_there(before: str, after: str) -> None:
    parts = word_differences(before, after)
    assert words_of(parts, SAME, REMOVED) == before.split()
    assert words_of(parts, SAME, ADDED) == after.split()


MARKUP = """<p> </p> <ul><li> </li> <table> <tr> <td> </td> <b> </em> <a_href="/x"> </a> x <figure_data-image=7>
    <figcaption> </figure> _ <br> & <!--_x_--> <svg> <h2> \x00 < <template> <select> <script> </script> <hr> <frameset>
    ]]> <a_href> y_z"""
PIECES = st.sampled_from([piece.replace("_", " ") for piece in MARKUP.split()])
HTML = st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join))


@settings(deadline=None)
@given(HTML, HTML)
def test_nothing_raises_whatever_the_html(before: str, after: str) -> None:
    blocks = differences(before, after)
    parts = [part for block in blocks for part in block.parts]
    assert words_of(parts, SAME, REMOVED) == [word.text for block in text_blocks(before) for word in block.words]
    assert words_of(parts, SAME, ADDED) == [word.text for block in text_blocks(after) for word in block.words]
    folded(blocks)


@settings(deadline=None)
@given(HTML)
def test_identical_texts_have_no_difference(html: str) -> None:
    assert all(block.state is SAME and not block.note for block in differences(html, html))


@settings(deadline=None)
@given(HTML)
def test_no_word_of_a_stored_text_is_lost(html: str) -> None:
    stored = sanitise(html)
    told_words = "".join(block.text for block in text_blocks(stored)).replace(" ", "")
    for word in plain_text(stored).split():
        assert word in told_words


def paragraphs(tag: str, words: list[str], length: int) -> str:
    return "".join(f"<{tag}>{' '.join(words[i : i + length])}</{tag}>" for i in range(0, len(words), length))


@pytest.mark.slow
@pytest.mark.parametrize(("tag", "length"), [("p", 5000), ("p", 500), ("p", 50), ("li", 5), ("li", 1)])
@pytest.mark.parametrize(
    "shape", ["nothing in common", "twenty words", "a thousand words", "every other word", "mixed"]
)
def test_the_work_for_five_thousand_words_is_bounded(tag: str, length: int, shape: str) -> None:
    chance = random.Random(7)
    old = [f"w{i}" for i in range(5000)]
    new = {
        "nothing in common": [f"x{i}" for i in range(5000)],
        "twenty words": chance.choices([f"w{i}" for i in range(20)], k=5000),
        "a thousand words": chance.choices([f"w{i}" for i in range(1000)], k=5000),
        "every other word": old[::2],
        "mixed": chance.sample(old, 5000),
    }[shape]
    if shape in ("twenty words", "a thousand words"):
        old = chance.sample(new, 5000)
    before, after = paragraphs(tag, old, length), paragraphs(tag, new, length)
    # Comparing each word with each would take 25,000,000 steps.
    assert calls_made(lambda: differences(before, after)) < 2_000_000
