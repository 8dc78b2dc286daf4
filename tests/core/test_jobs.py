"""Jobs of the worker: a failing job fails visibly and is retried with growing delay; the others go on."""

import builtins
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic import worker
from clinic.core.audit import AuditLine
from clinic.core.db import atomic, db
from clinic.core.heartbeat import Heartbeat, beat, note_start, note_stop
from clinic.core.jobs import LONGEST_WAIT, FailingJob, Job, failing_jobs, for_each, reason_of, try_again
from clinic.core.settings import MailServer
from clinic.outbox.models import Message, MessageState
from clinic.outbox.operations import KILLED, MOST_TRIES, enqueue, send_due
from tests.browse import check, visit
from tests.conftest import MovableClock
from tests.factories import make_user

ROOT = Path(__file__).parents[2]


def every_exception() -> list[BaseException]:
    """Return an instance of each built-in exception class."""
    found: list[BaseException] = []
    for kind in vars(builtins).values():
        if isinstance(kind, type) and issubclass(kind, BaseException) and not issubclass(kind, Warning):
            for args in (
                (),
                ("bad",),
                ("utf-8", b"\xff", 0, 1, "bad"),
                ("utf-8", "x", 0, 1, "bad"),
                ("many", [OSError()]),
            ):
                try:
                    found.append(kind(*args))
                except TypeError:
                    continue
                break
    return found


EXCEPTIONS = every_exception()


class Act:
    """The function of a job: raises or counts, as the test says."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.times = 0

    def __call__(self) -> bool:
        self.times += 1
        if self.error:
            raise self.error
        return True


def test_there_are_many_classes_of_exceptions() -> None:
    assert len(EXCEPTIONS) > 55
    assert {MemoryError, SystemExit, KeyboardInterrupt, RecursionError, OSError} <= {type(one) for one in EXCEPTIONS}


@pytest.mark.parametrize("error", EXCEPTIONS, ids=lambda error: type(error).__name__)
def test_whatever_a_job_raises_is_noted_and_the_next_success_clears_it(app: Flask, error: BaseException) -> None:
    act = Act()
    job = Job("sizes of pictures", 0, act)
    act.error = error
    assert job.run() is False
    (row,) = failing_jobs()
    assert (row.name, row.failures) == ("sizes of pictures", 1)
    assert row.error.startswith(type(error).__name__)
    assert job.run() is False
    assert act.times == 1, "it did not wait"
    act.error, job.next_at = None, 0
    assert job.run() is True
    assert failing_jobs() == []


def test_each_failure_waits_twice_as_long_up_to_a_limit(app: Flask, clock: MovableClock) -> None:
    act = Act()
    act.error = ValueError("bad")
    job = Job("mail", 0, act)
    waits = []
    for _ in range(14):
        job.next_at = 0
        job.run()
        waits.append((failing_jobs()[0].due_at - clock.now).total_seconds())
    assert waits[:4] == [2, 4, 8, 16]
    assert waits[-1] == LONGEST_WAIT
    assert sorted(waits) == waits


def test_asked_to_try_again_it_runs_at_once(app: Flask) -> None:
    act = Act()
    act.error = ValueError("bad")
    job = Job("mail", 3600, act)
    job.run()
    job.run()
    assert act.times == 1
    owner = make_user()
    assert try_again("mail", by=owner)
    assert not try_again("no such job", by=owner)
    act.error = None
    assert job.run() is True
    assert (act.times, failing_jobs()) == (2, [])
    assert db.session.scalars(sa.select(AuditLine.thing).where(AuditLine.verb == "tried again")).all() == ["job:mail"]


def test_what_a_job_left_undone_in_the_session_is_undone(app: Flask) -> None:
    def act() -> None:
        db.session.add(FailingJob(name="half", failures=1, error=""))
        raise ValueError

    Job("mail", 0, act).run()
    assert [row.name for row in failing_jobs()] == ["mail"]


@pytest.mark.parametrize("number", range(len(worker.jobs())), ids=lambda number: worker.jobs()[number].name)
@pytest.mark.parametrize("error", [ValueError("bad"), MemoryError(), SystemExit(1), RecursionError("deep")])
def test_a_worker_goes_on_with_all_others_when_one_kind_of_job_fails(
    app: Flask, monkeypatch: pytest.MonkeyPatch, number: int, error: BaseException
) -> None:
    """The worker's own loop runs with all its jobs; the last job asks it to stop."""
    ran: list[str] = []
    jobs = worker.jobs()

    def fail() -> None:
        ran.append("failed")
        raise error

    def counted(job: Job) -> None:
        act = job.act

        def run() -> object:
            ran.append(job.name)
            return act()

        job.act = run

    for job in jobs:
        counted(job)
    jobs[number].act = fail
    jobs.append(Job("stop", 0, lambda: os.kill(os.getpid(), signal.SIGTERM)))
    monkeypatch.setattr(worker, "jobs", lambda: jobs)
    kept = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    try:
        worker.work(app)
    finally:
        signal.signal(signal.SIGTERM, kept[0])
        signal.signal(signal.SIGINT, kept[1])
    assert len(ran) == len(jobs) - 1
    db.session.rollback()
    assert [(row.name, row.error) for row in failing_jobs()] == [(jobs[number].name, reason_of(error))]
    assert db.session.scalar(sa.select(sa.func.count()).where(Heartbeat.stopped_at.is_not(None))) == 1


def test_one_item_that_fails_does_not_stop_the_others(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    def act(number: int) -> None:
        enqueue("password_reset", to=f"{number}@example.org", name="Jo", link="x")
        if number in (2, 3):
            raise ValueError(f"jo{number}@example.org")

    logging.getLogger("clinic").setLevel(logging.ERROR)
    with pytest.raises(ValueError, match="jo2"):
        for_each([1, 2, 3, 4], act)
    assert db.session.scalars(sa.select(Message.to).order_by(Message.id)).all() == ["1@example.org", "4@example.org"]
    assert caplog.messages == ["job item failed"] * 2
    assert "jo2" not in caplog.text, "the words of an error may name a person"
    assert for_each([1, 4], act) == 2


def test_a_mail_that_ends_its_worker_each_time_fails_in_the_end(app: Flask, clock: MovableClock) -> None:
    with atomic():
        enqueue("password_reset", to="jo@example.org", name="Jo", link="x")

    def die(_message: Message) -> None:
        raise SystemExit

    waits = []
    for _ in range(MOST_TRIES):
        with pytest.raises(SystemExit):
            send_due(die, owner="a")
        message = db.session.scalars(sa.select(Message).execution_options(populate_existing=True)).one()
        waits.append((message.due_at - clock.now).total_seconds())
        clock.now = message.due_at
    assert waits[0] == 120
    assert waits == sorted(waits)
    assert waits[-1] > 9 * 3600 * 0.9
    assert send_due(die, owner="a") == 0
    message = db.session.scalars(sa.select(Message).execution_options(populate_existing=True)).one()
    assert (message.state, message.last_error) == (MessageState.FAILED, KILLED)


def test_workers_that_die_again_and_again_are_said(client: FlaskClient, clock: MovableClock) -> None:
    for number in range(3):
        beat(f"host:{number}")
        clock.move(seconds=70)
        beat("alive")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "worker: died 3 times within ten minutes\n")
    beat("always the same")
    for _ in range(3):
        note_start("always the same")
        beat("always the same")
        clock.move(seconds=70)
        beat("alive")
    assert "worker: died 7 times" in client.get("/readyz").text, "in a container each life has the same name"
    for row in db.session.scalars(sa.select(Heartbeat.name).where(Heartbeat.name.startswith("always"))).all():
        note_stop(row)
    note_stop("host:0")
    assert client.get("/readyz").status_code == 200, "one that was asked to stop has not died"


def test_the_dashboard_says_what_fails_and_tries_again(
    app: Flask, sign_in: Callable[..., FlaskClient], clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = MailServer("127.0.0.1", 25, None, None, "off")  # without a mail server the dashboard shows another warning
    monkeypatch.setitem(app.config, "CLINIC", replace(app.config["CLINIC"], mail_server=server))
    desk = sign_in("desk")
    page = visit(desk, "/admin/")
    assert "has never run" in page.text
    assert "Everything is up to date" not in page.text
    beat("host:1")
    assert "Everything is up to date" in visit(desk, "/admin/").text
    Job("mail", 0, lambda: 1 / 0).run()
    page = visit(desk, "/admin/")
    check(page)
    assert "ZeroDivisionError: division by zero. Failed 1 time, last at 20 Nov 2026, 10:00" in page.text
    assert "Everything is up to date" not in page.text
    assert "will try again in a moment" in page.submit("Try again").status_text()
    assert Job("mail", 0, lambda: True, failures=1, next_at=time.monotonic() + 999).run()
    assert "Everything is up to date" in visit(desk, "/admin/").text
    assert "Try again" not in visit(sign_in("moderator"), "/admin/").text
    clock.move(minutes=2)
    assert "has not run since 20 Nov 2026, 10:00" in visit(desk, "/admin/").text


DIES = """
import os, sys, time
from clinic.serve import Child, Restarted
starts = 0
def start():
    global starts
    starts += 1
    return Child("dies", lambda: os.kill(os.getpid(), 9))
worker = Restarted("worker", start)
ends = time.monotonic() + 4.5
while time.monotonic() < ends:
    worker.watch()
    time.sleep(0.05)
print(starts)
"""


def test_a_worker_that_cannot_live_is_started_later_and_later() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DIES], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "3\n"
    assert "ended with status -9: starting it in 1 seconds. The web goes on." in done.stderr
    assert "in 2 seconds" in done.stderr
    assert "in 4 seconds" in done.stderr


CANNOT_FORK = """
import time
from clinic.serve import Restarted
def start():
    raise BlockingIOError(11, "Resource temporarily unavailable")
worker = Restarted("worker", start)
worker.watch()
worker.watch()
print(worker.child)
"""


def test_a_fork_that_is_refused_ends_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", CANNOT_FORK], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert done.stderr.count("cannot be started (Resource temporarily unavailable)") == 1
