"""Processes die and the mail server fails: confirmed requests are stored, and their emails are sent once."""

import http.client
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clinic.bookings.models import VoucherState
from tests.journeys.site import DATABASES, ROOT, Site, answers, ask, at_once, site_on
from tests.journeys.smtp import MailServer, Manner
from tests.services import wait_for

SEED = 20261120
ROUNDS = 15
PEOPLE_PER_ROUND = 4
ROUND_SECONDS = 1.0
WEB_DIES_IN = (3, 6, 9, 12)
WORKER_DIES_IN = (2, 5, 7, 10, 13)
LEASE_SECONDS = "3"


@pytest.fixture
def mails() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture(params=DATABASES)
def site(request: pytest.FixtureRequest, tmp_path: Path, mails: MailServer) -> Iterator[Site]:
    with site_on(request.param, request, tmp_path, MAIL_URL=mails.url, OUTBOX_LEASE_SECONDS=LEASE_SECONDS) as site:
        site.start_web()
        yield site


@pytest.fixture
def sqlite_site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with site_on("sqlite", request, tmp_path) as site:
        yield site


# Many restarts of a worker. Signals between them are ignored.
LIVES = 60
LIVE_AND_LIVE_AGAIN = f"""
import signal
from clinic.app import create_app
from clinic.worker import work

signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
app = create_app()
for _ in range({LIVES}):
    work(app)
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
"""


def person(number: int) -> dict[str, str]:
    return {"email": f"person{number}@example.org", "mobile": f"+65 9666 {number:04}"}


def try_to_book(site: Site, number: int) -> int | None:
    """Return the status, or None if the connection broke, so that the visitor cannot know the result."""
    try:
        return site.book(**person(number))
    except (OSError, http.client.HTTPException):
        return None


def manners(chance: random.Random) -> Iterator[Manner]:
    """Return each fault once among as many accepted letters, in random order."""
    faults = [manner for manner in Manner if manner != Manner.ACCEPT]
    while True:
        deck = faults + [Manner.ACCEPT] * len(faults)
        chance.shuffle(deck)
        yield from deck


def book_in_a_storm(site: Site, chance: random.Random) -> dict[int, int | None]:
    """Book for some 60 people while processes are killed. Returns each one's status."""
    statuses: dict[int, int | None] = {}
    with ThreadPoolExecutor(PEOPLE_PER_ROUND) as pool:
        for number in range(ROUNDS):
            ends = time.monotonic() + ROUND_SECONDS
            people = range(number * PEOPLE_PER_ROUND, (number + 1) * PEOPLE_PER_ROUND)
            asked = {one: pool.submit(try_to_book, site, one) for one in people}
            if number in WEB_DIES_IN:
                time.sleep(chance.uniform(0, 0.08))
                site.kill("web")
                site.start("web")
            if number in WORKER_DIES_IN:
                time.sleep(chance.uniform(0, 0.5))
                site.kill("worker")
                site.start("worker")
            statuses |= {one: future.result() for one, future in asked.items()}
            time.sleep(max(0.0, ends - time.monotonic()))
    return statuses


def test_nothing_is_lost_or_doubled_while_processes_die_and_mail_fails(site: Site, mails: MailServer) -> None:
    chance = random.Random(SEED)
    deck = manners(chance)
    mails.choose = lambda: next(deck)
    site.start("worker")
    statuses = book_in_a_storm(site, chance)
    mails.behave(Manner.ACCEPT)
    wait_for(lambda: answers(site.port, "/healthz"), "the site to answer again")
    assert set(statuses.values()) <= {303, None}, "who got an answer at all was booked"
    assert set(mails.seen) == set(Manner), "the mail server failed in each of its ways"
    kept = site.booked()
    assert {person(one)["email"] for one, status in statuses.items() if status == 303} <= set(kept)

    # People without a response ask again. They are booked now, or were already.
    for one, status in statuses.items():
        if status is None:
            was_kept = person(one)["email"] in kept
            assert try_to_book(site, one) == (422 if was_kept else 303)

    wait_for(site.is_drained, "the outbox to be drained", seconds=90)
    everyone = {person(number)["email"] for number in range(ROUNDS * PEOPLE_PER_ROUND)}
    booked = site.booked()
    assert set(booked) == everyone
    assert {booking.voucher.state for booking in booked.values()} == {VoucherState.ISSUED}
    assert site.message_states() == {"sent": 2 * len(everyone)}
    check_letters(site, mails, everyone)


def check_letters(site: Site, mails: MailServer, everyone: set[str]) -> None:
    """Assert one confirmation for each person, however often it was delivered, and one email to the desk about each."""
    confirmations = site.message_ids("trial_confirmed")
    booked = site.booked()
    for email in everyone:
        letters = mails.letters_to(email)
        assert {letter.message_id for letter in letters} == set(confirmations[email]), email
        assert len(confirmations[email]) == 1
        assert len(set(letters)) == 1, f"a repeat differs from the first: {letters}"
        assert booked[email].voucher.code in letters[0].text
    to_the_desk = {letter.message_id for letter in mails.letters_to("desk@example.org")}
    assert len(to_the_desk) == len(everyone)
    assert len(mails.folded()) == 2 * len(everyone)


def test_a_worker_killed_after_the_hand_over_repeats_it_with_the_same_message_id(site: Site, mails: MailServer) -> None:
    mails.behave(Manner.DELAY)
    mails.delay = 60
    assert site.book(**person(1)) == 303
    site.start("worker")
    wait_for(lambda: len(mails.letters) == 1, "the first hand-over")
    site.kill("worker")
    mails.behave(Manner.ACCEPT)
    site.start("worker")
    wait_for(site.is_drained, "the outbox to be drained")
    assert sorted(len(letters) for letters in mails.folded().values()) == [1, 2]
    assert site.message_states() == {"sent": 2}


def test_a_connection_lost_after_the_ok_repeats_nothing(site: Site, mails: MailServer) -> None:
    mails.behave(Manner.DROP_AFTER_OK)
    assert site.book(**person(1)) == 303
    site.start("worker")
    wait_for(site.is_drained, "the outbox to be drained")
    assert len(mails.letters) == len(mails.folded()) == 2


def test_a_worker_that_is_told_twice_to_stop_stops(sqlite_site: Site) -> None:
    # With Ctrl-C the terminal signals the whole group, and the parent forwards its signal too.
    chance = random.Random(SEED)
    command = [sys.executable, "-c", LIVE_AND_LIVE_AGAIN]
    log = sqlite_site.folder / "worker.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(command, env=sqlite_site.environ, cwd=ROOT, stderr=output)

    def has_ended_or_is_told_again() -> bool:
        worker.send_signal(signal.SIGINT)
        time.sleep(chance.uniform(0, 0.0003))
        worker.send_signal(signal.SIGTERM)
        return worker.poll() is not None

    try:
        wait_for(lambda: "worker started" in log.read_text(), "the worker to listen")
        wait_for(has_ended_or_is_told_again, "the worker to stop each time", 40)
    finally:
        worker.kill()
        worker.wait()
    assert worker.returncode == 0, log.read_text()[-300:]
    assert log.read_text().count("worker stopped") == LIVES


def test_a_locked_database_only_delays_a_booking(sqlite_site: Site) -> None:
    sqlite_site.start_web()
    lock = sqlite3.connect(sqlite_site.folder / "clinic.sqlite3", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(sqlite_site.book, **person(1))
        time.sleep(2)  # the fault itself
        assert not asked.done()
        assert ask(sqlite_site.port, "/book/").status == 200, "who only reads is not kept waiting"
        lock.execute("ROLLBACK")
        assert asked.result() == 303
    lock.close()
    assert len(sqlite_site.booked()) == 1


def test_a_full_disk_refuses_a_booking_whole_and_the_next_try_succeeds(sqlite_site: Site) -> None:
    before = sqlite_site.rows()
    sqlite_site.start("web", largest_file=64 * 1024)
    wait_for(lambda: answers(sqlite_site.port, "/healthz"), "the site to answer")
    assert at_once([lambda: sqlite_site.book(**person(1))] * 4) == [503] * 4
    assert ask(sqlite_site.port, sqlite_site.article).status == 200, "reading goes on"
    assert sqlite_site.rows() == before
    sqlite_site.kill("web")
    sqlite_site.start_web()
    assert sqlite_site.book(**person(1)) == 303
    made = sqlite_site.rows() - before
    assert (made["booking booked"], made["voucher"], made["message trial_confirmed"]) == (1, 1, 1)
