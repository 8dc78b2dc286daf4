"""Every page passes every rule of axe, on a phone and on a desktop; in the dark those about colour."""

import io
from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser

from tests.journeys.browser import DESKTOP, HEIGHT, PHONE, Person, Site
from tests.journeys.pages import DOOR, PANEL, PUBLIC, STYLEGUIDE

pytestmark = pytest.mark.browser

AXE = Axe().axe_script
ALL_RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
# Rules whose result the dark scheme can change. The other rules have read the same page at the same width in the light.
RULES_OF_COLOUR = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="module")
def visitor(browser: Browser, site: Site) -> Iterator[Person]:
    """A visitor whose browser allows axe, which our policy blocks."""
    person = Person(browser, site, is_thorough=True, bypass_csp=True)
    yield person
    person.leave()


@pytest.fixture(scope="module")
def owner(browser: Browser, site: Site) -> Iterator[Person]:
    person = Person(browser, site, is_thorough=True, bypass_csp=True)
    person.sign_in("owner")
    yield person
    person.leave()


@pytest.fixture(scope="module")
def developer(browser: Browser, styleguide_site: Site) -> Iterator[Person]:
    person = Person(browser, styleguide_site, is_thorough=True, bypass_csp=True)
    yield person
    person.leave()


def violations(person: Person) -> list[str]:
    """Return the violations that axe finds on the current page, at each size and in each colour scheme, without
    duplicates."""
    page = person.page
    page.evaluate(AXE)
    found: dict[str, str] = {}
    for width in (PHONE, DESKTOP):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            options = ALL_RULES if scheme == "light" else RULES_OF_COLOUR
            result = page.evaluate("options => axe.run(document, options)", options)
            for violation in result["violations"]:
                for node in violation["nodes"]:
                    about = f"{violation['id']} ({violation['impact']}) {node['target']}"
                    found.setdefault(about, f"at {width} {scheme}: {about}: {node['failureSummary']}")
    return list(found.values())


@pytest.mark.parametrize("name", [*PUBLIC, *DOOR])
def test_a_page_for_visitors_has_nothing_that_axe_objects_to(visitor: Person, name: str) -> None:
    visitor.is_staff = name in DOOR  # the sign-in page sets a cookie for its token
    (PUBLIC | DOOR)[name](visitor)
    assert violations(visitor) == []
    visitor.context.clear_cookies()


@pytest.mark.parametrize("name", PANEL)
def test_a_page_of_the_panel_has_nothing_that_axe_objects_to(owner: Person, name: str) -> None:
    PANEL[name](owner)
    assert violations(owner) == []


@pytest.mark.parametrize("name", STYLEGUIDE)
def test_no_part_of_the_style_guide_has_anything_that_axe_objects_to(developer: Person, name: str) -> None:
    STYLEGUIDE[name](developer)
    assert violations(developer) == []


def test_the_picture_for_the_authenticator_stands_on_white_in_the_dark_too(owner: Person) -> None:
    PANEL["second-factor-scan"](owner)
    owner.page.emulate_media(color_scheme="dark")
    picture = Image.open(io.BytesIO(owner.page.get_by_alt_text("QR code").screenshot())).convert("L")
    assert picture.getextrema() == (0, 255)
    assert picture.getpixel((4, 4)) == 255, "phones need a light rim around the code"
