"""The demo site on a port of its own, and people who use it with a browser and check every page."""

import email.policy
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import sqlalchemy as sa
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from tests.services import find_chromium, free_port, wait_for

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a password for the demo"
SMALLEST, PHONE, TABLET, DESKTOP = 320, 375, 820, 1280
HEIGHT = 900
ARTICLE = "/articles/sitting-and-your-gluteal-muscles/"
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
# Elements that overflow to the right, except inside parts that scroll by themselves.
STICKING_OUT = """() => {
  const root = document.documentElement, width = root.clientWidth;
  if (root.scrollWidth <= width) return [];
  const holder = (node) => getComputedStyle(node).position === "absolute" ? node.offsetParent : node.parentElement;
  const isKept = (node) => node && node !== document.body && node !== root
    && (getComputedStyle(node).overflowX !== "visible" || isKept(holder(node)));
  const isOut = (node) => node.getBoundingClientRect().right > width + 0.5 && !isKept(holder(node));
  return [...document.body.querySelectorAll("*")].filter(isOut).slice(-3).map((node) => node.outerHTML.slice(0, 120))
    .concat(`${root.scrollWidth} pixels`);
}"""


@dataclass(frozen=True)
class Site:
    """A running site. `pid` is the supervising process, if the site has its own."""

    url: str
    instance: Path
    database_url: str
    pid: int = 0

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return the result of a database query."""
        engine = sa.create_engine(self.database_url)
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(sa.text(query), values)]
        engine.dispose()
        return found

    def mails_to(self, address: str) -> list[str]:
        """Return the subjects of the letters delivered to this address."""
        paths = sorted((self.instance / "mail").glob("*.eml"))
        letters = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]
        return [letter["Subject"] for letter in letters if address in letter["To"]]

    def wait_for_mail(self, address: str, number: int = 1) -> list[str]:
        """Wait for that many letters, and return their subjects."""
        wait_for(lambda: len(self.mails_to(address)) >= number, f"{number} letters to {address}")
        return self.mails_to(address)


def site_in(instance: Path, port: int, pid: int = 0) -> Site:
    """Return a site on SQLite."""
    return Site(f"http://127.0.0.1:{port}", instance, f"sqlite:///{instance / 'clinic.sqlite3'}", pid)


@contextmanager
def running_site() -> Iterator[Site]:
    """The demo site with its worker, as `make run` starts it, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="clinic-site-") as folder, tempfile.TemporaryFile() as log:
        port = free_port()
        environ = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ} | {
            "PORT": str(port),
            "INSTANCE_PATH": folder,
            "RATE_LIMITS": "off",
            "FORM_MIN_SECONDS": "0",
            "DEMO_PASSWORD": PASSWORD,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "clinic.serve"], env=environ, cwd=ROOT, stdout=log, stderr=log
        )
        site = site_in(Path(folder), port, process.pid)

        def is_ready() -> bool:
            if process.poll() is not None:
                log.seek(0)
                raise RuntimeError(f"the site ended at once:\n{log.read().decode()}")
            return _answers(f"{site.url}/readyz") and has_renditions(site)

        try:
            wait_for(is_ready, "the demo site to be ready", 60)
            yield site
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
        yield browser
        browser.close()


def has_renditions(site: Site) -> bool:
    """Return whether the worker has made the renditions of all images."""
    return site.rows("SELECT count(*) FROM image WHERE rendered_at IS NULL") == [(0,)]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


class Person:
    """A person with a browser of their own. Every page they open is checked at the width of their screen and at 320
    pixels; with `thorough` at all widths."""

    def __init__(
        self, browser: Browser, site: Site, *, width: int = DESKTOP, is_thorough: bool = False, **options: Any
    ) -> None:
        self.site = site
        self.width = width
        self.is_thorough = is_thorough
        self.is_staff = False
        self.complaints: list[str] = []
        self.context: BrowserContext = browser.new_context(
            base_url=site.url, viewport={"width": width, "height": HEIGHT}, reduced_motion="reduce", **options
        )
        self.context.set_default_timeout(10_000)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("request", self._on_request)
        self.page.on("response", self._on_response)

    # Going somewhere

    def open(self, path: str, status: int = 200) -> None:
        """Open an address."""
        self._arrive(self.page.goto(path), status)

    def follow(self, name: str, *, within: str = "body", status: int = 200) -> None:
        """Follow the link with this name."""
        self._go(self.page.locator(within).get_by_role("link", name=name).first, status)

    def press(self, name: str, *, within: str = "body", status: int = 200) -> None:
        """Press the button with this name."""
        self._go(self.page.locator(within).get_by_role("button", name=name).first, status)

    def press_in_row(self, words: str, button: str) -> None:
        """Press a button in the only table row with these words."""
        self._go(self.row(words).get_by_role("button", name=button))

    def sign_in(self, role: str, *, password: str = PASSWORD) -> None:
        """Sign in as one of the demo staff, on the current sign-in page or at /login."""
        self.is_staff = True  # the sign-in page sets a cookie for its token
        if self.path != "/login":
            self.open("/login")
        self.fill(Email=f"{role}@example.org", Password=password)
        self.press("Sign in")

    def _go(self, target: Locator, status: int = 200) -> None:
        menu = self.page.get_by_role("button", name="Menu", exact=True)
        if self.is_staff and menu.is_visible() and not target.is_visible():
            menu.click()
        with self.page.expect_navigation() as navigation:
            target.click()
        self._arrive(navigation.value, status)

    def _arrive(self, response: Response | None, status: int) -> None:
        assert response, f"nothing was loaded at {self.page.url}"
        assert response.status == status, f"{response.status} at {self.page.url}: {self.text()[:300]}"
        self.look()

    # Typing

    def fill(self, **fields: str) -> None:
        """Type into fields, by their labels with underscores for spaces."""
        for name, value in fields.items():
            self.page.get_by_label(name.replace("_", " "), exact=True).fill(value)

    def choose(self, label: str) -> None:
        """Tick the checkbox or choose the radio button with this label."""
        self.page.get_by_label(label).first.check()

    def search(self, words: str) -> None:
        """Use the search box of a list."""
        self.page.locator("main").get_by_role("searchbox").fill(words)
        self.press("Search", within="main")

    # Seeing

    @property
    def path(self) -> str:
        """The current path."""
        return urlsplit(self.page.url).path

    def text(self) -> str:
        """The visible text."""
        return self.page.locator("body").inner_text()

    def heading(self) -> str:
        """The h1."""
        return self.page.locator("h1").inner_text()

    def status(self) -> str:
        """The success message of the page."""
        return self.page.get_by_role("status").inner_text()

    def alert(self) -> str:
        """The error message of the page."""
        return self.page.get_by_role("alert").inner_text()

    def row(self, words: str) -> Locator:
        """Return the only table row with these words."""
        row = self.page.locator("tbody tr", has_text=words)
        expect(row).to_have_count(1)
        return row

    def focused(self) -> str:
        """Return the id, role or text of the focused element."""
        return str(
            self.page.evaluate("""() => {
              const at = document.activeElement;
              return at === document.body ? "nothing" : at.id || at.getAttribute("role") || at.textContent.trim();
            }""")
        )

    # Checking

    def look(self) -> None:
        """Check the page: no console messages, own host only, no cookie for visitors, no sideways scroll."""
        where = f"at {self.page.url}"
        complaints, self.complaints = self.complaints, []
        assert not complaints, f"{complaints} {where}"
        if not self.is_staff:
            assert not self.context.cookies(), f"a cookie for a visitor {where}"
        self._check_widths(where)

    def _check_widths(self, where: str) -> None:
        for width in (PHONE, DESKTOP, SMALLEST, TABLET) if self.is_thorough else (self.width, SMALLEST):
            self._resize(width)
            out = self._sticking_out()
            assert not out, f"at {width} pixels the page scrolls sideways {where}: {out}"
        self._resize(self.width)

    def _resize(self, width: int) -> None:
        if self.page.viewport_size != {"width": width, "height": HEIGHT}:
            self.page.set_viewport_size({"width": width, "height": HEIGHT})

    def _sticking_out(self) -> list[str]:
        return list(self.page.evaluate(STICKING_OUT))

    def _on_console(self, message: ConsoleMessage) -> None:
        # _on_response and _arrive judge the status of each response; the console repeats it.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"console: {message.text}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((urljoin(self.site.url, "/"), "data:", "blob:", "about:")):
            self.complaints.append(f"a request to {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            self.complaints.append(f"{response.status} for {response.url}")

    def leave(self) -> None:
        """Close the browser after a last check of its messages."""
        try:
            self.context.close()
        except Error:  # the browser has already gone
            return
        assert not self.complaints, self.complaints
