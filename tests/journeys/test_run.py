"""`make run`: one command starts a clinic with its demo, repeatedly, and Ctrl-C stops it."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from selectolax.lexbor import LexborHTMLParser

from clinic.demo.load import STAFF
from tests.journeys.browser import has_renditions, site_in
from tests.journeys.site import ROOT, Answer, answers, ask, environ_of
from tests.services import free_port, is_listening, wait_for

START_SECONDS = 60
SECOND_START_SECONDS = 5
LEAST_WORDS = 600
# A process that dies within its first seconds counts as misconfigured, and is not restarted.
SETTLED_SECONDS = 4


class Run:
    """A running `make run`, in a process group of its own as in a terminal."""

    def __init__(self, instance: Path) -> None:
        self.instance = instance
        self.port = free_port()
        self.started = time.monotonic()
        self._output = instance.with_suffix(f".{self.port}.log")
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                command(), env=environ_of(instance, self.port), cwd=ROOT, stdout=output, stderr=output, process_group=0
            )

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_error: object) -> None:
        if self.process.poll() is None or self.is_anyone_left():
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    @property
    def output(self) -> str:
        """The output so far."""
        return self._output.read_text()

    def wait_until_ready(self) -> "Run":
        """Wait until the site answers and its worker has a heartbeat."""
        wait_for(lambda: answers(self.port, "/readyz"), "/readyz to be 200", START_SECONDS)
        return self

    def worker_pid(self) -> int:
        """Return the process id of the latest heartbeat."""
        with sqlite3.connect(self.instance / "clinic.sqlite3") as database:
            name = database.execute("SELECT name FROM heartbeat ORDER BY at DESC LIMIT 1").fetchone()[0]
        return int(name.rpartition(":")[2])

    def is_anyone_left(self) -> bool:
        """Return whether any process of the group is still running."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True


def command() -> list[str]:
    return [sys.executable, "-m", "clinic.serve"]


def content_of(instance: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of all tables, except heartbeats, which differ for each process."""
    with sqlite3.connect(instance / "clinic.sqlite3") as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: database.execute(f'SELECT * FROM "{name}"').fetchall() for name in names if name != "heartbeat"}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The first start on an empty folder; it runs while this module is tested."""
    with Run(tmp_path_factory.mktemp("first") / "instance") as run:
        run.wait_until_ready()
        wait_for(lambda: has_renditions(site_in(run.instance, run.port)), "the worker to have made all pictures", 120)
        yield run


@pytest.fixture(scope="module")
def loaded(first: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance folder left by an earlier start."""
    folder = tmp_path_factory.mktemp("loaded") / "instance"
    shutil.copytree(first.instance, folder, ignore=shutil.ignore_patterns("clinic.sqlite3*"))
    source, copy = (sqlite3.connect(instance / "clinic.sqlite3") for instance in (first.instance, folder))
    source.backup(copy)
    copy.execute("DELETE FROM heartbeat")  # so that only a worker of the next start can have a heartbeat
    copy.commit()
    source.close()
    copy.close()
    return folder


@pytest.fixture
def instance(loaded: Path, tmp_path: Path) -> Path:
    """A copy of that folder for one test."""
    return Path(shutil.copytree(loaded, tmp_path / "instance"))


def test_the_first_start_prints_the_address_and_the_demo_sign_ins(first: Run) -> None:
    assert f"http://127.0.0.1:{first.port}/" in first.output
    assert all(email in first.output for email, _name, _role in STAFF)
    password = (first.instance / "demo-password.txt").read_text().strip()
    assert re.search(rf"Password +{re.escape(password)}$", first.output, re.MULTILINE)
    assert "Traceback" not in first.output


def test_only_this_user_may_read_the_secrets(first: Run) -> None:
    for name in ("settings.env", "demo-password.txt"):
        assert (first.instance / name).stat().st_mode & 0o077 == 0, name


def test_the_demo_has_a_home_and_at_least_six_articles(first: Run) -> None:
    assert ask(first.port, "/").status == 200
    assert len(demo_articles(first.port)) >= 6


def test_every_demo_article_is_long_enough_to_be_worth_reading(first: Run) -> None:
    for address in demo_articles(first.port):
        prose = LexborHTMLParser(ask(first.port, address).text).css_first(".prose")
        assert prose, address
        for extra in prose.css(".tags, .disclaimer"):
            extra.decompose()
        assert len(prose.text(separator=" ").split()) >= LEAST_WORDS, address


def demo_articles(port: int) -> list[str]:
    """Return the addresses of all articles, from every page of the list."""
    found: list[str] = []
    path: str | None = "/articles/"
    while path:
        tree = LexborHTMLParser(ask(port, path).text)
        found += [link.attributes["href"] or "" for link in tree.css("main article a")]
        following = tree.css_first("a[rel=next]")
        path = urljoin(path, following.attributes["href"] or "") if following else None
    return sorted({address for address in found if re.fullmatch(r"/articles/[a-z0-9-]+/", address)})


def test_every_internal_link_of_the_demo_leads_somewhere_and_no_page_sets_a_cookie(first: Run) -> None:
    seen: dict[str, Answer] = {}
    waiting = ["/"]
    linked_from = {"/": "the address bar"}
    anchors: list[tuple[str, str, str]] = []
    while waiting:
        path = waiting.pop()
        answer = seen[path] = ask(first.port, path)
        assert answer.status == 200, f"{answer.status} at {path}, linked from {linked_from[path]}"
        assert path.startswith("/login") or "set-cookie" not in answer.headers, f"a cookie at {path}"
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        for link in links_of(answer.text):
            target = urlsplit(urljoin(path, link))
            if target.netloc or target.scheme:
                continue
            address = f"{target.path}?{target.query}" if target.query else target.path
            if target.fragment:
                anchors.append((path, address, target.fragment))
            if address not in linked_from:
                linked_from[address] = path
                waiting.append(address)
    assert {"/", "/articles/", "/book/", "/about/", "/services/", "/team/", "/contact/", "/privacy/"} <= set(seen)
    assert any(path.startswith("/media/") for path in seen), "the pictures were opened too"
    for path, address, fragment in anchors:
        assert f'id="{fragment}"' in seen[address].text, f"#{fragment} at {path} leads nowhere"


def links_of(html: str) -> list[str]:
    """Return the addresses in a page: links, pictures in all their sizes, style sheets, scripts."""
    tree = LexborHTMLParser(html)
    links = [node.attributes["href"] or "" for node in tree.css("a[href], link[href]")]
    links += [node.attributes["src"] or "" for node in tree.css("img[src], script[src]")]
    for node in tree.css("[srcset]"):
        links += [one.split()[0] for one in (node.attributes["srcset"] or "").split(",")]
    return links


def test_a_second_start_answers_within_seconds_and_changes_no_data(instance: Path) -> None:
    before = content_of(instance)
    kept = {name: (instance / name).read_text() for name in ("demo-password.txt", "settings.env")}
    with Run(instance) as run:
        left = SECOND_START_SECONDS - (time.monotonic() - run.started)
        wait_for(lambda: answers(run.port, "/"), f"an answer within {SECOND_START_SECONDS} seconds", left)
        run.wait_until_ready()
        assert content_of(instance) == before
        assert {name: (instance / name).read_text() for name in kept} == kept
        assert kept["demo-password.txt"].strip() in run.output
        assert "Loaded" not in run.output
        assert "Migrating" not in run.output


@pytest.mark.parametrize(
    "stop",
    [
        pytest.param(lambda pid: os.killpg(pid, signal.SIGINT), id="Ctrl-C, which reaches every process"),
        pytest.param(lambda pid: os.kill(pid, signal.SIGINT), id="SIGINT to the parent alone"),
        pytest.param(lambda pid: os.kill(pid, signal.SIGTERM), id="SIGTERM to the parent alone"),
    ],
)
def test_when_it_is_stopped_nothing_stays_behind(instance: Path, stop: Callable[[int], None]) -> None:
    with Run(instance) as run:
        run.wait_until_ready()
        assert os.getpgid(run.worker_pid()) == run.process.pid, "the worker is in the process group"
        stop(run.process.pid)
        assert run.process.wait(30) == 0
        wait_for(lambda: not run.is_anyone_left(), "every process of the group to end")
        assert not is_listening(run.port)
        assert "worker stopped" in run.output
        assert "Traceback" not in run.output


def test_ctrl_c_while_the_demo_is_loaded_ends_without_a_traceback(tmp_path: Path) -> None:
    with Run(tmp_path / "instance") as run:
        wait_for(lambda: "Migrating" in run.output, "the first start to be under way")
        os.killpg(run.process.pid, signal.SIGINT)
        run.process.wait(30)
        wait_for(lambda: not run.is_anyone_left(), "every process of the group to end")
        assert "Traceback" not in run.output
    with Run(tmp_path / "instance") as again:
        again.wait_until_ready()
        assert len(demo_articles(again.port)) >= 6


def test_a_killed_worker_is_started_again(instance: Path) -> None:
    with Run(instance) as run:
        run.wait_until_ready()
        wait_for(lambda: time.monotonic() > run.started + SETTLED_SECONDS, "the processes to have settled")
        killed = run.worker_pid()
        os.kill(killed, signal.SIGKILL)
        wait_for(lambda: run.worker_pid() != killed, "another worker to say that it lives")
        assert os.getpgid(run.worker_pid()) == run.process.pid
        assert ask(run.port, "/readyz").status == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "99999"), ("SECRET_KEY", "too-short"), ("DATABASE_URL", "mysql://host/clinic"), ("MAIL_URL", "mail")],
)
def test_a_wrong_setting_stops_the_start_with_one_line_that_names_it(tmp_path: Path, name: str, value: str) -> None:
    environ = environ_of(tmp_path / "instance", free_port()) | {name: value}
    ended = subprocess.run(command(), env=environ, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    lines = ended.stderr.splitlines()
    assert len(lines) == 1, ended.stderr
    assert name in lines[0]
    assert value not in lines[0], "a value may be a secret"


def test_a_port_that_is_taken_stops_the_start_and_says_so(instance: Path, first: Run) -> None:
    environ = environ_of(instance, first.port)
    with (instance / "output").open("w+") as output:
        process = subprocess.Popen(command(), env=environ, cwd=ROOT, stdout=output, stderr=output, process_group=0)
        try:
            assert process.wait(20) == 1
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    assert str(first.port) in (instance / "output").read_text().splitlines()[-1]
