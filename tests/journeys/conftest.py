"""One demo site and one browser for all journeys; people with a phone and with a desktop."""

import threading
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from tests.cluster.demo import running_demo_cluster
from tests.conftest import make_app
from tests.journeys.browser import DESKTOP, PHONE, Person, Site, running_browser, running_site, site_in

MakePerson = Callable[..., Person]


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """The demo site as `make run` starts it; in `make cluster` on two machines."""
    with running_demo_cluster() if request.config.getoption("cluster") else running_site() as site:
        yield site


@pytest.fixture(scope="session")
def styleguide_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with the style guide, which the demo site, a production one, does not have."""
    folder = tmp_path_factory.mktemp("styleguide")
    server = make_server("127.0.0.1", 0, make_app(folder), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield site_in(folder, server.server_port)
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def width(request: pytest.FixtureRequest) -> int:
    """The width of the screen. A test that names it runs at both sizes."""
    return int(request.param)


@pytest.fixture(scope="session")
def sign_ins(browser: Browser, site: Site) -> Callable[[str], Any]:
    """The cookies of each role's sign-in, which happens once."""

    @cache
    def cookies(role: str) -> Any:
        person = Person(browser, site)
        person.sign_in(role)
        assert person.path == "/admin/"
        state = person.context.storage_state()
        person.leave()
        return state

    return cookies


@pytest.fixture
def arrive(browser: Browser, site: Site, sign_ins: Callable[[str], Any]) -> Iterator[MakePerson]:
    """A function: arrive(width) returns a visitor, arrive(width, "editor") a signed-in person at the dashboard."""
    people: list[Person] = []

    def arrive(width: int = DESKTOP, role: str = "", **options: Any) -> Person:
        if role:
            options["storage_state"] = sign_ins(role)
        person = Person(browser, site, width=width, **options)
        people.append(person)
        if role:
            person.is_staff = True
            person.open("/admin/")
        return person

    yield arrive
    for person in people:
        person.leave()
