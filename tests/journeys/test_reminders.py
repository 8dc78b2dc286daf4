"""Reminders while workers are killed and restarted: none sent twice, none lost."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from clinic.accounts.access import RoleName
from clinic.accounts.operations import create_user
from clinic.core import clock
from clinic.core.db import db
from clinic.outbox.models import Message, MessageState
from clinic.visits.operations import cancel_visit, set_visit
from clinic.visits.therapists import add_therapist
from tests.factories import make_booking
from tests.journeys.site import DATABASES, Site, site_on
from tests.journeys.smtp import MailServer
from tests.services import wait_for

VISITS = 24


@pytest.fixture
def mails() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture(params=DATABASES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, mails: MailServer) -> Iterator[Site]:
    with site_on(request.param, request, tmp_path_factory.mktemp("remind"), MAIL_URL=mails.url) as site:
        yield site


def reminders(site: Site) -> list[Message]:
    with site.app.app_context():
        return list(db.session.scalars(sa.select(Message).where(Message.kind == "visit_reminder")))


def test_while_workers_are_killed_each_booking_gets_one_reminder(site: Site, mails: MailServer) -> None:
    with site.app.app_context():
        desk = create_user(email="desk@example.org", name="Desk", roles=[RoleName.DESK], password="a long password")
        soon = (clock.now() + timedelta(hours=2)).astimezone(ZoneInfo("Asia/Singapore"))
        soon = soon.replace(minute=soon.minute // 15 * 15, second=0, microsecond=0)
        visits = [
            set_visit(make_booking(), add_therapist(f"Therapist {number}"), soon, by=desk) for number in range(VISITS)
        ]
        expected = {visit.booking.lead.email for visit in visits[1:]}
        cancel_visit(visits[0], by=desk)
        db.session.rollback()
    for _ in range(3):  # both workers look for due work as soon as they start, and die during it
        for name in ("worker one", "worker two"):
            site.start(name)
        time.sleep(2.5)
        for name in ("worker one", "worker two"):
            site.kill(name)
    site.start("worker one")
    wait_for(
        lambda: len([one for one in reminders(site) if one.state == MessageState.SENT]) == len(expected),
        "all reminders to be sent",
        seconds=90,
    )
    assert Counter(one.to for one in reminders(site)) == Counter(expected)
    # A letter can arrive twice if a worker dies between the server's OK and our update; its Message-ID is the same.
    told = {(letter.to, letter.message_id) for letter in mails.letters if letter.subject.startswith("Reminder:")}
    assert Counter(to for to, _ in told) == Counter(expected)
