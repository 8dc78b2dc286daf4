"""Machines die under load, one after the other: nothing confirmed is lost or doubled, and readers hardly notice."""

import time

import pytest
import sqlalchemy as sa

from clinic.bookings.models import VoucherState
from clinic.comments.models import Comment
from clinic.core.db import db
from tests.cluster.cluster import Cluster
from tests.cluster.conftest import Ground
from tests.cluster.load import Load, person
from tests.journeys.smtp import MailServer
from tests.services import wait_for

pytestmark = [pytest.mark.nginx, pytest.mark.postgresql, pytest.mark.redis]
APART = 3.0  # seconds between two kills


@pytest.mark.parametrize(
    "blows",
    [
        pytest.param(("web one", "Redis"), id="a web machine and Redis"),
        pytest.param(
            ("web one", "web two", "worker one", "worker two", "Redis", "PostgreSQL", "web two", "PostgreSQL"),
            id="everything in turn",
            marks=pytest.mark.cluster,
        ),
    ],
)
def test_what_was_promised_is_kept_while_machines_die(
    ground: Ground, mails: MailServer, blows: tuple[str, ...]
) -> None:
    site = ground.site
    before = site.rows()
    with Load(site) as load:
        time.sleep(APART)
        for what in blows:
            ground.strike(what)
            time.sleep(APART)
    print(
        f"{load.reads} reads, {sum(load.retried.values())} of them seen after a reload {dict(load.retried)}; "
        f"{len(load.booked)} bookings, {len(load.commented)} comments, {load.edits} edits"
    )
    assert load.reads >= 100
    assert not load.broken, "a reload mends every error"
    assert load.edits >= 5
    assert not any(what.startswith("500") for what in load.retried), "what is away is 503, with a page that says so"
    # Without a database no process can know what others have changed.
    old = [what for began, ended, what in load.old if not ground.was_database_away(began, ended)]
    assert not old, "no machine serves what an editor has replaced"
    check_bookings(site, mails, load)
    made = site.rows() - before
    assert made["booking booked"] == made["voucher"] == made["message trial_confirmed"] == len(load.booked)
    check_comments(site, load)


def check_bookings(site: Cluster, mails: MailServer, load: Load) -> None:
    """Assert that each confirmed person has one trial, voucher and email. The others ask again and have one
    afterwards."""
    assert list(load.booked.values()).count(303) >= 20
    assert set(load.booked.values()) <= {303, 503, None}
    kept = site.booked()
    assert {person(number)["email"] for number, status in load.booked.items() if status == 303} <= set(kept)
    for number, status in load.booked.items():
        if status != 303:
            assert site.book(**person(number)) == (422 if person(number)["email"] in kept else 303)
    wait_for(site.is_drained, "the outbox to be drained", seconds=120)
    everyone = {person(number)["email"] for number in load.booked}
    booked = {email: booking for email, booking in site.booked().items() if email in everyone}
    assert set(booked) == everyone
    assert {booking.voucher.state for booking in booked.values()} == {VoucherState.ISSUED}
    confirmations = site.message_ids("trial_confirmed")
    for email, booking in booked.items():
        letters = mails.letters_to(email)
        # A letter whose worker was killed during delivery is delivered again as the same letter.
        assert {letter.message_id for letter in letters} == set(confirmations[email]), email
        assert len(set(letters)) == len(confirmations[email]) == 1
        assert booking.voucher.code in letters[0].text


def check_comments(site: Cluster, load: Load) -> None:
    """Assert that each confirmed comment is stored once."""
    assert set(load.commented.values()) <= {303, 503, None}
    with site.app.app_context():
        bodies = list(db.session.scalars(sa.select(Comment.body)))
    assert len(bodies) == len(set(bodies))
    assert {body for body, status in load.commented.items() if status == 303} <= set(bodies)
