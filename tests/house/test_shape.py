"""The shape of the code: short modules and functions, and transactions that open only in operations."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "clinic"
MODULES = sorted(path for path in ROOT.rglob("*.py") if "content" not in path.parts)
MOST_LINES = 350  # of a module
MOST_LINES_OF_FUNCTION = 60


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_and_its_functions_are_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    assert len(lines) <= MOST_LINES
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min(one.lineno for one in (node, *node.decorator_list))
            has_reason = lines[first - 2].strip().startswith("# Long because")
            assert has_reason or (node.end_lineno or 0) - node.lineno < MOST_LINES_OF_FUNCTION, node.name


@pytest.mark.parametrize("part", ["admin", "web", "reading", "discovery"])
def test_pages_open_no_transaction_themselves(part: str) -> None:
    allowed = {"reads.py"}  # adds up the counts of reads, and is no page
    for path in (ROOT / part).rglob("*.py"):
        assert path.name in allowed or "atomic(" not in path.read_text(encoding="utf-8"), path


def test_the_panel_reads_through_queries() -> None:
    # The base of all screens reads whatever model it is given, and the log reads rows of every kind.
    allowed = {"screen.py", "log_subjects.py"}
    for path in (ROOT / "admin").rglob("*.py"):
        assert path.name in allowed or "db.session" not in path.read_text(encoding="utf-8"), path
