"""Tests of the outbox: sent, queued and failed emails, and sending again."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

import clinic
from clinic.accounts.access import MAIL_READERS
from clinic.core import clock
from clinic.core.audit import AuditLine
from clinic.core.db import atomic, db
from clinic.leads.operations import write_letter
from clinic.outbox.models import Message, MessageState
from clinic.outbox.operations import MOST_TRIES, send_due
from tests.browse import visit
from tests.factories import make_article, make_booking, make_comment, make_user
from tests.links import SAMPLES

MAIL_TEMPLATES = Path(clinic.__file__).parent / "templates" / "mail"
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
    acts = sa.select(AuditLine.verb).where(AuditLine.actor_id.is_not(None), AuditLine.verb != "signed in")
    assert db.session.scalars(acts).all() == ["sent again"]


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


ROLES = ("owner", "editor", "moderator", "desk")
# Roles that may read each kind of email, besides the owner.
READERS = dict.fromkeys(
    (
        "trial_confirmed",
        "trial_held",
        "trial_declined",
        "lead_arrived",
        "leads_overdue",
        "letter",
        "visit_set",
        "visit_changed",
        "visit_cancelled",
        "visit_reminder",
    ),
    "desk",
) | dict.fromkeys(
    ("comment_waits", "review_due", "password_reset", "password_changed", "account_changed", "unknown_kind"), ""
)


def test_every_kind_of_mail_says_who_may_read_it() -> None:
    kinds = {path.parent.name for path in MAIL_TEMPLATES.glob("*/subject.txt")}
    assert kinds == set(MAIL_READERS)
    assert kinds | {"unknown_kind"} == set(READERS)


def message_of(kind: str, state: MessageState = MessageState.FAILED) -> Message:
    now = clock.now()
    with atomic():
        message = Message(
            uid=uuid.uuid4().hex,
            kind=kind,
            to="somebody@example.org",
            subject=f"About {kind}",
            text="Press here: [[secret-0123456789abcdef0123456789abcdef-link]]",
            html="<p>[[secret-0123456789abcdef0123456789abcdef-link]]</p>",
            secrets={"[[secret-0123456789abcdef0123456789abcdef-link]]": "https://clinic.example/reset/SECRET-TOKEN"},
            state=state,
            due_at=now,
            created_at=now,
        )
        db.session.add(message)
    return message


@pytest.mark.parametrize("role", ROLES)
def test_each_role_finds_opens_and_sends_again_its_own_kinds_and_nobody_sees_a_secret(
    sign_in: SignIn, role: str
) -> None:
    client = sign_in(role)
    token = visit(client, "/admin/").values("Sign out")["csrf_token"]
    for kind, readers in READERS.items():
        message = message_of(kind)
        may = role == "owner" or role == readers
        has_screen = role in ("owner", "desk")
        for path in ("/admin/outbox/", "/admin/outbox/?tab=failed", f"/admin/outbox/?search=About+{kind}"):
            answer = client.get(path)
            assert answer.status_code == (200 if has_screen else 403)
            is_listed = f">{message.subject}</a>" in answer.get_data(as_text=True)
            assert is_listed is (may and has_screen), (path, kind)
            assert "SECRET-TOKEN" not in answer.get_data(as_text=True)
        details = client.get(f"/admin/outbox/details/?id={message.id}")
        assert details.status_code == (200 if may else 404 if has_screen else 403), kind
        assert "SECRET-TOKEN" not in details.get_data(as_text=True)
        if may:
            assert "[link sent only to the recipient]" in details.get_data(as_text=True)
        again = client.post("/admin/outbox/again/", data={"id": message.id, "csrf_token": token})
        assert again.status_code == (303 if may else 404 if has_screen else 403), kind
        found = client.get("/admin/search/", query_string={"search": "SECRET-TOKEN"}).get_data(as_text=True)
        assert "SECRET-TOKEN" not in found.replace('value="SECRET-TOKEN"', "").replace("“SECRET-TOKEN”", "")


def test_the_dashboard_counts_failed_mails_of_ones_own_kinds(sign_in: SignIn) -> None:
    message_of("password_reset")
    message_of("letter")
    assert "1 Failed emails" in visit(sign_in("desk"), "/admin/").text
    assert "2 Failed emails" in visit(sign_in("owner"), "/admin/").text


def test_links_are_kept_apart_from_every_text_and_emptied_once_they_are_sent(app: Flask) -> None:
    sent: list[tuple[str, str, str]] = []
    for sample in SAMPLES.values():
        sample()
    visit(app.test_client(), "/reset").submit("Send link", email=make_user().email)
    with atomic():
        write_letter(make_booking(name="Wei").lead, "Hello", "How are you?", by=make_user())
    messages = db.session.scalars(sa.select(Message)).all()
    opening = [message for message in messages if message.secrets]
    assert {"trial_confirmed", "visit_set", "comment_waits", "password_reset", "letter"} <= {
        one.kind for one in opening
    }
    for message in messages:
        stored = message.subject + message.text + message.html + message.unsubscribe_url + str(message.attachments)
        assert "/link/" not in stored, message.kind
        assert "/reset/" not in stored, message.kind
        for placeholder in message.secrets:
            assert placeholder in message.text + message.unsubscribe_url, message.kind
    send_due(lambda message: sent.append((message.text, message.html, message.unsubscribe_url)), owner="test", most=500)
    assert len(sent) == len(messages)
    assert not any("[[secret" in text for texts in sent for text in texts)
    assert sum("/link/" in text or "/reset/" in text for text, _, _ in sent) == len(opening)
    assert all(url.startswith("http") for _, _, url in sent if url)
    assert db.session.scalars(sa.select(sa.cast(Message.secrets, sa.String)).distinct()).all() == ["{}"]


def test_a_mail_that_could_not_be_sent_keeps_its_links_for_the_next_try(app: Flask) -> None:
    make_booking()
    confirmed = sa.select(Message).where(Message.kind == "trial_confirmed")

    def refuse(_message: Message) -> None:
        raise OSError("the server is away")

    send_due(refuse, owner="test")
    message = db.session.scalars(confirmed).one()
    assert message.secrets
    assert "/link/" not in message.text


def test_a_placeholder_that_somebody_writes_into_a_comment_is_only_text(app: Flask) -> None:
    comment = make_comment(make_article(), body="[[secret-0123456789abcdef0123456789abcdef-approve_url]]")
    assert comment.id
    texts: list[str] = []
    send_due(lambda message: texts.append(message.text), owner="test")
    assert any("[[secret-0123456789abcdef0123456789abcdef-approve_url]]" in text for text in texts)


def test_what_a_mail_server_quotes_of_a_secret_link_is_not_kept(app: Flask) -> None:
    make_booking()

    def refuse(message: Message) -> None:
        raise OSError(f"blocked by filter: {message.text}")

    send_due(refuse, owner="test")
    errors = db.session.scalars(sa.select(Message.last_error)).all()
    assert any("blocked by filter" in error for error in errors)
    assert not any("/link/" in error for error in errors)
