"""The background loop: send the mail that is due, make renditions, sweep what is old, say that it lives."""

import logging
import os
import signal
import socket
import time
from types import FrameType

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from clinic.accounts.operations import sweep_sessions
from clinic.articles.autosave import sweep_autosaves
from clinic.articles.operations import refold_articles, remind_of_reviews, sweep_trash
from clinic.articles.preview import sweep_preview_links
from clinic.core.db import db
from clinic.core.limits import sweep_counts
from clinic.core.mail import send_due
from clinic.core.post import postman
from clinic.core.signing import sweep_spent_links
from clinic.leads.operations import refold_leads, remind_of_leads
from clinic.media.operations import render_next
from clinic.visits.operations import remind_of_visits
from clinic.web.filters import local_now
from clinic.web.health import beat

log = logging.getLogger(__name__)
POLL_SECONDS = 1.0
BEAT_SECONDS = 10.0
SWEEP_SECONDS = 3600.0
REMIND_SECONDS = 20.0
MORNING_HOUR = 7  # in the clinic's zone: when the desk is told what is due


def worker_name() -> str:
    """Who claims: machine and process, so that several workers on several machines can be told apart."""
    return f"{socket.gethostname()}:{os.getpid()}"


def work_once(app: Flask) -> int:
    """Do everything that is due now. Returns how many messages were tried."""
    with app.app_context():
        remind_of_visits()
        tried = send_due(postman(), owner=worker_name(), most=1_000)
        while refold_articles() or refold_leads():
            pass
        try:
            while render_next():
                pass
        except OSError as error:
            log.error("a picture cannot be rendered", extra={"error": str(error)})
        return tried


def work(app: Flask) -> None:
    """Go on until SIGTERM or SIGINT. A database that is away is waited for, not died of."""
    stopping = False

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping  # a flag and no Event: its lock cannot be taken twice when two signals come at once
        stopping = True

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    log.info("worker started", extra={"worker": worker_name()})
    next_beat = next_sweep = next_reminders = 0.0
    while not stopping:
        try:
            with app.app_context():
                if time.monotonic() >= next_beat:
                    beat(worker_name())
                    next_beat = time.monotonic() + BEAT_SECONDS
                if time.monotonic() >= next_sweep:
                    sweep_counts()
                    sweep_sessions()
                    sweep_trash()
                    sweep_autosaves()
                    sweep_preview_links()
                    sweep_spent_links()
                    remind_of_reviews(local_now().date())
                    next_sweep = time.monotonic() + SWEEP_SECONDS
                if time.monotonic() >= next_reminders:
                    remind_of_visits()
                    if local_now().hour >= MORNING_HOUR:
                        remind_of_leads(local_now().date())
                    next_reminders = time.monotonic() + REMIND_SECONDS
                found_work = bool(send_due(postman(), owner=worker_name()))
                found_work = refold_articles() or refold_leads() or found_work
                found_work = render_next() or found_work  # one picture takes seconds, and mail should not wait for all
        except SQLAlchemyError as error:
            log.warning("the database does not answer", extra={"error": type(error).__name__})
            found_work = False
            with app.app_context():
                db.engine.dispose()
        except OSError as error:
            log.error("a picture cannot be rendered", extra={"error": str(error)})
            found_work = False
        wake_at = time.monotonic() + (0 if found_work else POLL_SECONDS)
        while not stopping and time.monotonic() < wake_at:
            time.sleep(0.1)
    log.info("worker stopped", extra={"worker": worker_name()})
