"""Background loop: sends due email, makes renditions, deletes old rows, and records a heartbeat.

Each job runs on its own (core/jobs.py): one that fails is recorded in the database, is retried later, and stops no
other.
"""

import gc
import logging
import os
import signal
import socket
import time
from contextlib import suppress
from types import FrameType

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from clinic.accounts.operations import sweep_sessions
from clinic.articles.indexing import refold_articles
from clinic.articles.lifecycle import sweep_trash
from clinic.articles.reviews import remind_of_reviews
from clinic.core.db import db
from clinic.core.heartbeat import beat, note_start, note_stop
from clinic.core.jobs import Job, facts_of
from clinic.core.limits import sweep_counts
from clinic.core.once import sweep_forms
from clinic.core.signing import sweep_spent_links
from clinic.editing.autosave import sweep_autosaves
from clinic.editing.previews import sweep_preview_links
from clinic.leads.operations import note_refused_mailbox, refold_leads, remind_of_leads
from clinic.media.operations import render_next
from clinic.outbox.operations import send_due
from clinic.outbox.postman import postman
from clinic.visits.operations import remind_of_visits
from clinic.web.filters import local_now

log = logging.getLogger(__name__)
POLL_SECONDS = 1.0
BEAT_SECONDS = 10.0
SWEEP_SECONDS = 3600.0
REMIND_SECONDS = 20.0
MORNING_HOUR = 7  # local hour after which the desk gets its daily email


def worker_name() -> str:
    """Return the name of this worker: machine and process id, so that workers on several machines can be told apart."""
    return f"{socket.gethostname()}:{os.getpid()}"


def work_once(app: Flask) -> int:
    """Do everything that is due now, once. Returns how many messages were tried."""
    failed = None
    tried = 0
    with app.app_context():
        try:
            remind_of_visits()
        except Exception as error:  # mail is still sent; the error is raised at the end
            failed = error
        try:
            tried = send_due(postman(), owner=worker_name(), most=1_000, on_refused=note_refused_mailbox)
        except Exception as error:
            failed = failed or error
        while refold_articles() or refold_leads():
            pass
        try:
            while render_next():
                pass
        except OSError as error:
            log.error("picture could not be rendered", extra={"error": str(error)})
        if failed:
            raise failed
        return tried


def jobs() -> list[Job]:
    """Return the jobs of a worker in the order of one round."""
    return [
        Job("mail", 0, lambda: send_due(postman(), owner=worker_name(), on_refused=note_refused_mailbox)),
        Job("old counts", SWEEP_SECONDS, sweep_counts),
        Job("old sign-ins", SWEEP_SECONDS, sweep_sessions),
        Job("the trash", SWEEP_SECONDS, sweep_trash),
        Job("old drafts", SWEEP_SECONDS, sweep_autosaves),
        Job("old preview links", SWEEP_SECONDS, sweep_preview_links),
        Job("old links", SWEEP_SECONDS, sweep_spent_links),
        Job("old forms", SWEEP_SECONDS, sweep_forms),
        Job("reminders of reviews", SWEEP_SECONDS, lambda: remind_of_reviews(local_now().date())),
        Job("reminders of visits", REMIND_SECONDS, lambda: remind_of_visits() and None),
        Job("morning mails", REMIND_SECONDS, _morning),
        Job("the search index", 0, lambda: refold_articles() or refold_leads()),
        Job("sizes of pictures", 0, render_next),  # one picture takes seconds, and mail should not wait for all
    ]


def _morning() -> None:
    if local_now().hour >= MORNING_HOUR:
        remind_of_leads(local_now().date())


def work(app: Flask) -> None:
    """Run all jobs until SIGTERM or SIGINT, whatever a job raises. A lost database connection is waited out."""
    stopping = False

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping  # a flag and no Event, whose lock would deadlock on two signals
        stopping = True

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    log.info("worker started", extra={"worker": worker_name()})
    name, has_started = worker_name(), False

    def live() -> None:
        nonlocal has_started
        if not has_started:
            note_start(name)
            has_started = True
        beat(name)

    heart = Job("heartbeat", BEAT_SECONDS, live)
    round_ = jobs()
    while not stopping:
        found_work = False
        try:
            with app.app_context():
                for job in round_:
                    heart.run()  # before each job, as any job may take long
                    found_work = job.run() or found_work
                    if stopping:
                        break
        except SQLAlchemyError as error:
            log.warning("the database does not answer", extra={"error": type(error).__name__})
            _let_go(app)
        except BaseException as error:  # a failure that could not even be recorded
            log.error("worker round failed", extra=facts_of(error))
            _let_go(app)
        wake_at = time.monotonic() + (0 if found_work else POLL_SECONDS)
        while not stopping and time.monotonic() < wake_at:
            time.sleep(0.1)
    with suppress(SQLAlchemyError), app.app_context():
        note_stop(name)
    log.info("worker stopped", extra={"worker": worker_name()})


def _let_go(app: Flask) -> None:
    """Drop connections and garbage, so that the next round starts clean."""
    with suppress(Exception), app.app_context():
        db.engine.dispose()
    gc.collect()
