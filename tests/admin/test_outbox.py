"""The outbox: what was sent, what waits, what failed, and sending again."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from clinic.core import clock
from clinic.core.audit import AuditLine
from clinic.core.db import atomic, db
from clinic.core.mail import MOST_TRIES, Message, MessageState
from tests.browse import visit
from tests.factories import make_booking

SignIn = Callable[..., FlaskClient]


def failed_mail() -> Message:
    make_booking(name="Wei Ling", email="weiling@example.org")
    with atomic():
        message = db.session.scalars(sa.select(Message).where(Message.kind == "trial_confirmed")).one()
        message.state, message.tries, message.last_error = MessageState.FAILED, MOST_TRIES, "SMTPException: no <b>"
    return message


def test_the_list_and_one_mail_show_what_was_written_to_whom(sign_in: SignIn) -> None:
    desk, message = sign_in("desk"), failed_mail()
    page = visit(desk, "/admin/outbox/")
    assert sorted(page.texts("tbody .state")) == ["failed", "queued"]
    assert visit(desk, "/admin/outbox/?tab=failed").texts("td[data-label=To]") == ["weiling@example.org"]
    letter = visit(desk, f"/admin/outbox/details/?id={message.id}")
    assert letter.texts("h1") == [message.subject]
    assert "SMTPException: no <b>" in letter.text
    assert "Wei Ling" in letter.texts("pre.letter")[0]


@pytest.mark.parametrize("start", ["/admin/outbox/?tab=failed", "/admin/outbox/details/?id={id}"])
def test_a_failed_mail_is_queued_again_with_all_its_tries(sign_in: SignIn, start: str) -> None:
    desk, message = sign_in("desk"), failed_mail()
    page = visit(desk, start.format(id=message.id))
    assert "queued again" in page.submit("Send again").status_text()
    db.session.expire_all()
    assert (message.state, message.tries) == (MessageState.QUEUED, 0)
    assert message.due_at <= clock.now()
    assert "nothing to send again" in page.submit("Send again").alert()
    assert db.session.scalars(sa.select(AuditLine.verb).where(AuditLine.actor_id.is_not(None))).all() == ["sent again"]


def test_only_failed_mails_offer_it_and_unknown_ones_are_not_found(sign_in: SignIn) -> None:
    desk = sign_in("desk")
    make_booking()
    page = visit(desk, "/admin/outbox/")
    assert page.texts("tbody button") == []
    token = page.values("Sign out")["csrf_token"]
    assert desk.post("/admin/outbox/again/", data={"id": "987654", "csrf_token": token}).status_code == 404
    visit(desk, "/admin/outbox/details/?id=987654", status=404)


def test_search_finds_by_recipient_and_subject(sign_in: SignIn) -> None:
    desk, message = sign_in("desk"), failed_mail()
    page = visit(desk, "/admin/outbox/")
    for words in ("WEILING@", message.subject):
        assert page.submit("Search", search=words).texts("td[data-label=To]") == ["weiling@example.org"]
