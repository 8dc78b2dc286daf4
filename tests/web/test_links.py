"""Properties of every purpose of emailed links, which act only on a button press."""

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.core.audit import AuditLine
from clinic.core.db import Base, db
from clinic.core.signing import SpentLink, sign, sweep_spent_links
from clinic.leads.models import LeadEvent
from clinic.outbox.models import Message
from clinic.web.links import MailLink
from tests.browse import visit
from tests.conftest import MovableClock
from tests.links import SAMPLES


def links(app: Flask) -> dict[str, MailLink]:
    known: dict[str, MailLink] = app.extensions["clinic.links"]
    return known


def rows() -> dict[str, list[tuple[object, ...]]]:
    db.session.rollback()
    return {
        table.name: [tuple(row) for row in db.session.execute(table.select())] for table in Base.metadata.sorted_tables
    }


@pytest.fixture(params=sorted(SAMPLES))
def path(request: pytest.FixtureRequest, app: Flask, clock: MovableClock) -> str:
    """Return a link of each purpose to an existing subject."""
    purpose: str = request.param
    return f"/link/{purpose}/{sign(purpose, SAMPLES[purpose]())}/"


def purpose_of(path: str) -> str:
    return path.split("/")[2]


def test_there_is_a_sample_of_every_purpose(app: Flask) -> None:
    assert set(links(app)) == set(SAMPLES)


def test_opening_a_link_in_any_way_changes_nothing(client: FlaskClient, path: str) -> None:
    before = rows()
    for method in ("GET", "HEAD", "OPTIONS", "GET"):
        answer = client.open(path, method=method)
        assert answer.status_code == 200, method
    assert rows() == before
    answer = client.get(path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "Set-Cookie" not in answer.headers


def test_a_link_shows_a_page_whose_button_acts(client: FlaskClient, path: str) -> None:
    before = rows()
    page = visit(client, path)
    assert len(page.texts("main form button")) == 1
    answer = client.post(path)
    assert answer.status_code in (200, 303, 422), answer.get_data(as_text=True)
    if answer.status_code != 422:  # a form with required fields
        assert rows() != before


def test_a_link_is_good_for_its_purpose_alone(app: Flask, client: FlaskClient, path: str) -> None:
    purpose, token = purpose_of(path), path.split("/")[3]
    before = rows()
    for other in {*links(app), "no-purpose"} - {purpose}:
        for method in ("GET", "POST"):
            assert client.open(f"/link/{other}/{token}/", method=method).status_code == 404, other
    assert rows() == before


def test_no_character_of_a_link_can_be_changed(client: FlaskClient, path: str) -> None:
    before = rows()
    token = path.split("/")[3]
    for place in range(0, len(token) - 1, 3):
        altered = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert client.post(f"/link/{purpose_of(path)}/{altered}/").status_code == 404
    assert rows() == before


def test_a_link_ends(app: Flask, client: FlaskClient, path: str, clock: MovableClock) -> None:
    before = rows()
    clock.now += links(app)[purpose_of(path)].lives
    clock.move(seconds=1)
    for method in ("GET", "POST"):
        answer = client.open(path, method=method)
        assert answer.status_code == 410
        assert "This link has expired" in answer.get_data(as_text=True)
    assert rows() == before


def test_another_site_cannot_press_the_button(client: FlaskClient, path: str) -> None:
    before = rows()
    assert client.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post(path, headers={"Origin": "https://evil.example"}).status_code == 403
    assert rows() == before


def test_a_link_for_one_use_is_over_after_it(app: Flask, client: FlaskClient, path: str, clock: MovableClock) -> None:
    if not links(app)[purpose_of(path)].is_single_use:
        client.post(path)
        assert client.get(path).status_code == 200
        return
    assert client.post(path).status_code == 200
    after = rows()
    for method in ("POST", "GET"):
        assert client.open(path, method=method).status_code == 410
    assert rows() == after
    clock.now += links(app)[purpose_of(path)].lives
    clock.move(seconds=1)
    sweep_spent_links()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SpentLink)) == 0


def spellings(token: str) -> list[str]:
    """Return other texts that verify as the same link: base64 ignores some bits, and characters after its end."""
    head, _, signature = token.rpartition(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = [signature[:-1] + letter for letter in alphabet]
    others = [signature + "=", signature + "==", signature.replace("-", "+").replace("_", "/")]
    return [f"{head}.{one}" for one in (*last, *others) if one != signature and "/" not in one]


def test_a_link_for_one_use_is_used_once_in_any_spelling(app: Flask, client: FlaskClient) -> None:
    purpose = "approve-comment"
    assert links(app)[purpose].is_single_use
    value = SAMPLES[purpose]()
    token = sign(purpose, value)
    verifying = [one for one in spellings(token) if client.get(f"/link/{purpose}/{one}/").status_code == 200]
    assert verifying, "this test knows another spelling"
    assert client.post(f"/link/{purpose}/{token}/").status_code == 200
    for one in verifying:
        assert client.get(f"/link/{purpose}/{one}/").status_code == 410, one
        assert client.post(f"/link/{purpose}/{one}/").status_code == 410, one
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SpentLink)) == 1


@pytest.mark.usefixtures("limits_on")
def test_a_button_that_is_pressed_fifty_times_leaves_few_lines_and_is_stopped(client: FlaskClient, path: str) -> None:
    before = counted_lines()
    statuses = [client.post(path, data={"note": f"note {number}"}).status_code for number in range(50)]
    assert 429 in statuses[20:]
    assert 429 not in statuses[:20]
    assert client.get(path).status_code in (200, 410), "it can still be read"
    assert counted_lines() - before <= 3


def counted_lines() -> int:
    """Return the number of lines in histories and in the log."""
    db.session.rollback()
    counts = (db.session.scalar(sa.select(sa.func.count(model.id))) or 0 for model in (LeadEvent, AuditLine))
    return sum(counts)


def test_every_link_that_a_mail_carries_is_of_a_known_purpose(app: Flask) -> None:
    for make in SAMPLES.values():
        make()
    secrets = [url for message in db.session.scalars(sa.select(Message)) for url in message.secrets.values()]
    purposes = {url.split("/link/")[1].split("/")[0] for url in secrets}
    assert purposes
    assert purposes <= set(links(app))
