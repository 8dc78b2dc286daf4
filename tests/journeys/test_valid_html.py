"""The Nu HTML checker (validator.w3.org's) checks the source of every page, and the style sheets."""

import json
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Response

from tests.journeys.browser import Person, Site
from tests.journeys.pages import DOOR, PANEL, PUBLIC, STYLEGUIDE, Walk
from tests.services import find_java, find_nu

pytestmark = [pytest.mark.browser, pytest.mark.nu]

# Complaints about CSS that browsers support and the checker does not know yet, with the specification.
UNKNOWN_TO_THE_CHECKER = {
    r"CSS: “container-type”: Property “container-type” doesn't exist": "CSS Conditional Rules 5, browsers since 2023",
    r"CSS: Unrecognized at-rule “@container”": "the same",
}


class Reader(Person):
    """A reader who keeps the source of the open page."""

    source = ""

    def look(self) -> None:
        """Skip the checks, which other journeys do."""

    def _arrive(self, response: Response | None, status: int) -> None:
        super()._arrive(response, status)
        assert response
        self.source = response.text()

    def save_all(self, pages: dict[str, Walk], folder: Path) -> None:
        """Open each page and write its source into the folder."""
        folder.mkdir()
        for name, walk in pages.items():
            walk(self)
            (folder / f"{name}.html").write_text(self.source, encoding="utf-8")

    def save_styles(self, folder: Path) -> None:
        """Write the style sheets of our own that the open page links to."""
        for path in re.findall(r'href="(/assets/[^"]+\.css)"', self.source):
            (folder / Path(path).name).write_text(self.context.request.get(path).text(), encoding="utf-8")


@pytest.fixture(scope="module")
def sources(browser: Browser, site: Site, styleguide_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all pages and style sheets."""
    folder = tmp_path_factory.mktemp("sources")
    visitor, owner, developer = Reader(browser, site), Reader(browser, site), Reader(browser, styleguide_site)
    owner.sign_in("owner")
    visitor.save_all(PUBLIC | DOOR, folder / "site")
    visitor.open("/")
    visitor.save_styles(folder)
    owner.save_all(PANEL, folder / "panel")
    owner.save_styles(folder)
    developer.save_all(STYLEGUIDE, folder / "styleguide")
    for person in (visitor, owner, developer):
        person.leave()
    return folder


def complaints(folder: Path) -> list[str]:
    """Return the checker's errors and warnings about all files in the folder. (A warning is an info with a subtype.)"""
    java, nu = find_java(), find_nu()
    assert java
    assert nu
    command = [java, "-jar", str(nu), "--format", "json", "--stdout", "--also-check-css", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    messages = json.loads(result.stdout)["messages"]
    return [
        f"{Path(urlsplit(one.get('url', '')).path).relative_to(folder)}:{one.get('lastLine')}: {one['message']}"
        f" | {one.get('extract', '')}"
        for one in messages
        if (one["type"] != "info" or one.get("subType") == "warning")
        and not any(re.search(pattern, one["message"]) for pattern in UNKNOWN_TO_THE_CHECKER)
    ]


def test_the_checker_objects_to_no_page_and_no_style_sheet(sources: Path) -> None:
    assert len(list(sources.glob("**/*.html"))) == len(PUBLIC | DOOR) + len(PANEL) + len(STYLEGUIDE)
    assert len(list(sources.glob("*.css"))) == 2
    found = complaints(sources)
    assert not found, "\n".join(found)


def test_the_checker_is_awake(tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text("<!doctype html><title>x</title><p><div id=a></p><b id=a>", encoding="utf-8")
    (tmp_path / "bad.css").write_text("p { colour: red }", encoding="utf-8")
    found = complaints(tmp_path)
    assert any("Duplicate ID" in line for line in found)
    assert any("lang" in line for line in found), "a warning counts"
    assert any("colour" in line for line in found)
