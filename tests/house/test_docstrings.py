"""Docstrings name their object: none in the package begins with a question word."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import clinic

PACKAGE = Path(clinic.__file__).parent
QUESTIONS = ("who", "whom", "whose", "what", "where", "when", "how", "whether", "which")
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def questions_in(source: str) -> Iterator[str]:
    """Yield line and first sentence of each docstring that begins with a question word."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Documented) and (text := ast.get_docstring(node)):
            first = text.split()[0].lower().strip(".,:;…“”\"'`()")
            if first in QUESTIONS:
                yield f"{node.body[0].lineno}: {text.partition('. ')[0]}"


@pytest.mark.parametrize("word", QUESTIONS)
def test_a_docstring_that_begins_with_a_question_word_is_found(word: str) -> None:
    source = f'def is_open() -> bool:\n    """{word.capitalize()} it is open."""\n    return True\n'
    assert list(questions_in(source)) == [f"2: {word.capitalize()} it is open."]
    assert not list(questions_in(f'"""Return {word} it is open."""\n'))


def test_no_docstring_begins_with_a_question_word() -> None:
    found = [
        f"{path.relative_to(PACKAGE.parent)}:{line}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line in questions_in(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)
