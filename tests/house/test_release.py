"""One version number: the changelog and the command line say the one in clinic/__init__.py."""

import re
import tomllib
from datetime import date
from pathlib import Path

from flask import Flask

from clinic import __version__

ROOT = Path(__file__).parents[2]
HEADING = re.compile(r"^## (.*)$", re.MULTILINE)
DATED = re.compile(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)")
PARTS = ["Added", "Changed", "Fixed", "Upgrading"]


def changelog() -> str:
    return (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def releases() -> list[tuple[tuple[int, ...], date]]:
    """The dated versions of the changelog, in its order."""
    return [
        (tuple(int(number) for number in version.split(".")), date.fromisoformat(day))
        for version, day in DATED.findall(changelog())
    ]


def test_the_newest_dated_release_has_the_version_of_the_code() -> None:
    assert ".".join(str(number) for number in releases()[0][0]) == __version__


def test_every_heading_of_the_changelog_is_a_dated_version_or_unreleased_at_the_top() -> None:
    headings = HEADING.findall(changelog())
    dated = headings[1:] if headings[0] == "Unreleased" else headings
    assert dated
    assert [heading for heading in dated if not DATED.fullmatch(heading)] == []


def test_releases_stand_newest_first() -> None:
    assert releases() == sorted(releases(), reverse=True)
    days = [day for _, day in releases()]
    assert days == sorted(days, reverse=True)


def test_the_parts_of_a_release_have_their_names_and_order() -> None:
    for release in re.split(r"^## ", changelog(), flags=re.MULTILINE)[1:]:
        parts = re.findall(r"^### (.*)$", release, re.MULTILINE)
        assert parts == [part for part in PARTS if part in parts], release.splitlines()[0]


def test_pyproject_reads_the_version_from_the_code() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"]
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "clinic.__version__"}


def test_the_command_line_prints_the_version(app: Flask) -> None:
    answer = app.test_cli_runner().invoke(args=["clinic", "--version"])
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == f"clinic {__version__}\n"
