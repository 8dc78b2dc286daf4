"""Documents that must agree with the code: the map in ARCHITECTURE.md, and the glossary in CONTRIBUTING.md."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Folders whose content the map does not list.
CLOSED = {"templates", "static", "content"}
# Demo texts, headings of imported files, and the glossary itself may use any word.
# The rules of advertising name the words that advertising must avoid.
FREE = (
    "clinic/demo/content/",
    "clinic/editing/advertising.py",
    "CONTRIBUTING.md",
    "tests/",
    "docs/decisions/",
    "CHANGELOG.md",
)


@cache
def tracked() -> list[str]:
    """Return the paths of all files in the repository."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in done.stdout.splitlines() if (ROOT / path).exists()]


def mapped() -> dict[str, str]:
    """Return the paths that the map names, with what it says of each; folders end with a slash."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    lines = text.split("```")[1].strip("\n").splitlines()
    found: dict[str, str] = {}
    folders: list[str] = []
    for line in lines:
        depth = (len(line) - len(line.lstrip())) // 2
        name, _, about = line.strip().partition(" ")
        folders[depth:] = [name]
        found["".join(folders)] = about.strip()
    return found


def packages() -> set[str]:
    """Return the packages of the site down to the second level, and its modules, as the map writes them."""
    found = set()
    for path in tracked():
        parts = path.split("/")
        if parts[0] != "clinic":
            continue
        folders = parts[1:-1]
        if not folders:
            found.add(path)
        for depth in range(1, len(folders) + 1):
            if depth <= 2 and not CLOSED & set(folders[: depth - 1]):
                found.add("/".join(parts[: depth + 1]) + "/")
    closed = {one for one in found if one.split("/")[-2] in CLOSED and one.count("/") > 2}
    return found - {"clinic/__init__.py"} - closed


def test_the_map_names_every_package_and_nothing_else() -> None:
    named = set(mapped())
    site = {one for one in named if one.startswith("clinic/")} - {"clinic/"}
    inner = {one for one in packages() if one.startswith("clinic/demo/") and one.count("/") > 2}
    assert site == packages() - inner
    folders = {path.split("/")[0] + "/" for path in tracked() if "/" in path and not path.startswith(".")}
    assert {one for one in named if one.count("/") == 1 and one.endswith("/")} == folders - {"instance/"}


@pytest.mark.parametrize("folder", [one for one in mapped() if one.endswith("/")])
def test_every_module_that_the_map_mentions_exists(folder: str) -> None:
    for name in re.findall(r"[\w/]+\.(?:py|html|js)\b", mapped()[folder]):
        assert any((ROOT / base / name).exists() for base in (folder, "clinic/", f"{folder}../")), (
            f"{folder} has no {name}"
        )


def forbidden() -> list[str]:
    """Return the words that the glossary forbids everywhere: those in code type in its last column."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text[text.index("| We do not say |") :].split("\n\n")[0]
    return sorted({word for row in table.splitlines() for word in re.findall(r"`([^`]+)`", row.rsplit("|", 2)[1])})


@pytest.mark.parametrize("word", forbidden())
def test_no_word_that_the_glossary_forbids_is_used(word: str) -> None:
    pattern = re.compile(rf"\b{re.escape(word)}s?\b", re.IGNORECASE)
    used = []
    for path in tracked():
        if path.startswith(FREE) or not path.endswith((".py", ".html", ".txt", ".md", ".js", ".css")):
            continue
        if path.endswith(("static/js/editor.js", "static/js/jsqr.js")):  # built from libraries too
            continue
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1):
            if pattern.search(line):
                used.append(f"{path}:{number}: {line.strip()[:80]}")
    assert used == []
