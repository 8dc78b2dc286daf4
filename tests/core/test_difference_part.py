"""The macro that shows differences: nothing by colour alone, and no text is taken as HTML."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from selectolax.lexbor import LexborHTMLParser

from clinic.core.differences import differences, folded, word_differences

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parents[2] / "clinic" / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def shown(before: str, after: str) -> LexborHTMLParser:
    source = '{% from "parts/difference.html" import difference %}{{ difference(blocks) }}'
    return LexborHTMLParser(TEMPLATES.from_string(source).render(blocks=folded(differences(before, after))))


def test_added_and_removed_words_are_marked_and_said() -> None:
    page = shown("<p>Hold for ten seconds.</p>", "<p>Hold for twenty seconds.</p>")
    assert [mark.text().strip() for mark in page.css("del")] == ["removed: ten (end of removed)"]
    assert [mark.text().strip() for mark in page.css("ins")] == ["added: twenty (end of added)"]
    for hidden in page.css(".hidden"):
        hidden.decompose()
    assert [words.text().split() for words in page.css(".difference-words")] == [
        ["Hold", "for", "ten", "twenty", "seconds."]
    ]


def test_each_block_says_what_became_of_it_and_long_unchanged_runs_are_counted() -> None:
    same = "".join(f"<p>Same {number}.</p>" for number in range(5))
    page = shown(f"{same}<h2>Old head line</h2>", f"{same}<h3>Old head line</h3>")
    assert [item.text(separator=" ").split()[:3] for item in page.css("li")] == [
        ["4", "unchanged", "paragraphs"],
        ["Same", "4."],
        ["Changed:", "smaller", "heading."],
    ]
    assert "Was a heading, now a smaller heading." in (page.body.text() if page.body else "")


def test_markup_in_the_words_stays_words() -> None:
    page = shown("<p>a &lt;script&gt;</p>", "<p>a &lt;b&gt;</p>")
    assert not page.css("script, b")
    assert "<b>" in page.css("ins")[0].text()


def test_a_line_is_shown_by_itself() -> None:
    source = '{% from "parts/difference.html" import difference_words %}{{ difference_words(parts) }}'
    html = TEMPLATES.from_string(source).render(parts=word_differences("A b", "A c"))
    assert " ".join(html.split()).startswith("A <del>")
