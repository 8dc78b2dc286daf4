"""Every message of the product, with the worst texts, sent to a strict server without extensions (RFC 5321)."""

import dataclasses
import email
import email.policy
from collections.abc import Iterator
from datetime import date, timedelta
from email.header import decode_header, make_header
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask

from clinic.accounts import emails as account_emails
from clinic.articles.operations import edit_article
from clinic.articles.reviews import remind_of_reviews
from clinic.articles.text import Text
from clinic.bookings.operations import TrialRequest, book_trial, decline_booking
from clinic.comments.operations import post_comment
from clinic.core import clock
from clinic.core.db import atomic, db
from clinic.core.settings import MailServer
from clinic.leads.operations import plan_next_step, write_letter
from clinic.outbox.attachments import Attachment, attachments_of
from clinic.outbox.letter import printable
from clinic.outbox.models import Message, MessageState
from clinic.outbox.operations import enqueue, send_due
from clinic.outbox.postman import postman
from clinic.preferences import change_preferences
from clinic.visits.models import Visit
from clinic.visits.operations import ask_for_other_time, cancel_visit, remind_of_visits, set_visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_services, make_therapist, make_user
from tests.services import free_port

KINDS = {
    path.parent.name for path in (Path(__file__).parents[2] / "clinic" / "templates" / "mail").glob("*/subject.txt")
}
WORST = {
    "one long line": "pain " * 400,
    "one long word": "x" * 3000,
    "one long word of other letters": "ü" * 1500,
    "Chinese without a space": "膝" * 1200,
    "emoji": "🧘🏽‍♀️" * 200,
    "lines that speak SMTP": "Hello\r\n.\r\nMAIL FROM:<eve@example.org>\r\n..\r\nFrom me\r\n.",
    "line breaks of every kind": "one\rtwo\r\nthree\n\rfour\x0bfive\x0csix\x85seven\u2028eight",
    "controls": "bell \x07 marks \x02\x03 escape \x1b delete \x7f c1 \x9b",
    "looks encoded": "=?utf-8?q?=41?= =20 =\n= soft=\nend=",
    "Arabic": "ألم الركبة " * 150,
    "right up to the limit": "a" * 997 + "\n" + "b" * 998 + "\n" + "c" * 999,
    "spaces at the end": "word   \n\t\n   ",
}


class Plain:
    """An SMTP server without any extension, which refuses every violation of RFC 5321."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []
        self.faults: list[str] = []
        self.controller = Controller(
            self, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=False, decode_data=False
        )
        self.controller.start()

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [line for line in responses if not line.endswith(("8BITMIME", "SMTPUTF8"))]

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if any(not option.upper().startswith("SIZE=") for option in options):
            self.faults.append(f"an option that was not offered: {options}")
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.letters.append(content)
        for line in content.split(b"\r\n"):
            if len(line) > 998:
                self.faults.append(f"a line of {len(line)} octets")
            if any(octet > 126 or (octet < 32 and octet != 9) for octet in line):
                self.faults.append(f"an octet that is not allowed: {line[:80]!r}")
        return "554 5.6.1 breaks RFC 5321" if self.faults else "250 OK"


@pytest.fixture
def plain(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plain]:
    server = Plain()
    to_it = MailServer("127.0.0.1", server.controller.port, None, None, "off")
    monkeypatch.setitem(app.config, "CLINIC", dataclasses.replace(app.config["CLINIC"], mail_server=to_it))
    yield server
    server.controller.stop()


def write_every_message(words: str, clock_: MovableClock) -> None:
    """Write at least one message of each kind, by the operations that write them."""
    staff = make_user(name=words)
    change_preferences({"name": f"Clinic {words}", "how_to_get_here": words, "what_to_wear": words}, by=staff)
    article = make_article(title=words)
    author = article.author_id
    post_comment(article_id=article.id, article_title=article.title, name=words, email="jo@example.org", body=words)
    service = make_services()[0]

    def book(mail: str, mobile: str) -> Any:
        return book_trial(
            TrialRequest(
                name=words, email=f"{mail}@example.org", mobile=mobile, service_id=service.id, article_id=article.id
            )
        )

    booking = book("a", "+6591000001")
    decline_booking(book("a", "+6591000002"), by=staff)
    therapist = make_therapist(words[:110])
    visit = set_visit(booking, therapist, clock_.now + timedelta(days=3), by=staff)
    ask_for_other_time(visit, ["Mon morning"], words)
    change_preferences({"reminder_hours": 100}, by=staff)
    remind_of_visits()
    other = set_visit(book("b", "+6591000003"), therapist, clock_.now + timedelta(days=20), by=staff)
    cancel_visit(db.session.get_one(Visit, other.id))
    lead = booking.lead
    write_letter(lead, words, words, by=staff)
    plan_next_step(lead, words, clock_.now.date(), by=staff)
    with_review = Text.of(article)
    with_review.reviewer_id, with_review.reviewed_on = author, date(2020, 1, 1)
    edit_article(article, with_review)
    remind_of_reviews(clock.now().date())
    with atomic():
        from clinic.leads import emails

        emails.overdue("desk@example.org", [lead], clock.now().date())
        account_emails.password_reset(staff, f"https://clinic.example/reset/{'t' * 1200}")
        account_emails.password_changed(staff)
        account_emails.account_changed(staff, words)


@pytest.mark.slow
@pytest.mark.parametrize("words", WORST.values(), ids=WORST)
def test_every_message_with_the_worst_texts_is_taken_and_reads_as_it_was_written(
    app: Flask, plain: Plain, clock: MovableClock, words: str
) -> None:
    write_every_message(words, clock)
    texts: dict[str, tuple[str, str, str]] = {}  # with their secret links, which the rows lose once they are sent
    deliver = postman()

    def note(message: Message) -> None:
        texts[message.message_id] = message.text, message.html, message.unsubscribe_url
        deliver(message)

    send_due(note, owner="a", most=100)
    assert plain.faults == []
    stored = {one.message_id: one for one in db.session.scalars(sa.select(Message))}
    assert {one.kind for one in stored.values()} == KINDS
    assert {one.state for one in stored.values()} == {MessageState.SENT}, {one.last_error for one in stored.values()}
    assert len(plain.letters) == len(stored)
    for content in plain.letters:
        letter: EmailMessage = email.message_from_bytes(content, policy=email.policy.default)
        message = stored[letter["Message-ID"]]
        assert " ".join(letter["Subject"].split()) == " ".join(printable(message.subject).split())
        assert letter.defects == []
        text, html, unsubscribe_url = texts[message.message_id]
        for kind, written in (("plain", text), ("html", html)):
            part = letter.get_body((kind,))
            assert part
            assert part["Content-Transfer-Encoding"] == "quoted-printable"
            assert part.get_content().replace("\r\n", "\n").rstrip("\n") == printable(written).rstrip("\n")
        attached = [(part.get_filename(), part.get_payload(decode=True)) for part in letter.iter_attachments()]
        assert attached == [(file.name, file.content) for file in attachments_of(message)]
        if unsubscribe_url:
            assert letter["List-Unsubscribe"] == f"<{unsubscribe_url}>"


def test_files_of_every_name_and_kind_arrive_whole(plain: Plain) -> None:
    files = [
        Attachment("Gutschein für Zoë – 陈.png", "image/png", bytes(range(256)) * 20, "code"),
        Attachment("x" * 200 + ".ics", "text/calendar; method=REQUEST; charset=utf-8", "BEGIN\r\nü".encode()),
        Attachment('quote"and\\slash;.txt', "text/plain; charset=utf-8", b"\xff\r\n.\r\n" + b"y" * 5000),
    ]
    with atomic():
        enqueue("password_reset", to="jo@example.org", name="Jo", link="x", attachments=files)
    assert send_due(postman(), owner="a") == 1
    assert plain.faults == []
    letter: EmailMessage = email.message_from_bytes(plain.letters[0], policy=email.policy.default)
    found = list(letter.iter_attachments())
    assert [part.get_filename() for part in found] == [file.name for file in files]
    assert [part.get_payload(decode=True) for part in found] == [file.content for file in files]
    assert [part.get_content_type() for part in found] == ["image/png", "text/calendar", "text/plain"]
    assert found[0]["Content-ID"] == "<code>"
    assert found[1].get_param("method") == "REQUEST"


@pytest.mark.parametrize(
    "sender",
    [
        "Møve Therapie für alle – 移动 <hello@example.org>",
        f"{'Very long name ' * 12} <hello@{'a' * 60}.{'b' * 60}.{'c' * 60}.example>",
        f"{'ألم الركبة ' * 20} <hello@example.org>",
        "hello@example.org",
        '"Comma, Inc." <hello@example.org>',
    ],
)
def test_every_sender_is_written_so_that_it_reads_back(
    app: Flask, plain: Plain, monkeypatch: pytest.MonkeyPatch, sender: str
) -> None:
    settings = dataclasses.replace(app.config["CLINIC"], mail_sender=sender)
    monkeypatch.setitem(app.config, "CLINIC", settings)
    with atomic():
        enqueue("password_reset", to="jo@example.org", name="Jo", link="x")
    send_due(postman(), owner="a")
    assert plain.faults == []
    # Python 3.11 keeps the spaces between two encoded words of a name; RFC 2047 § 6.2 drops them.
    raw = email.message_from_bytes(plain.letters[0])["From"]
    name, address = email.utils.parseaddr(raw)
    wanted = email.utils.parseaddr(sender)
    assert address == wanted[1]
    assert str(make_header(decode_header(name))).split() == wanted[0].split()
    assert db.session.scalars(sa.select(Message.state)).one() == MessageState.SENT
