"""SMTP delivery: the dialogue with the server, what counts as delivered, and the content of the message."""

import dataclasses
import datetime as dt
import email.policy
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from flask.testing import FlaskClient

from clinic.core.db import atomic, db
from clinic.core.settings import MailServer
from clinic.leads.operations import note_refused_mailbox, write_letter
from clinic.outbox.models import Message, MessageState
from clinic.outbox.operations import enqueue, send_again, send_due
from clinic.outbox.postman import postman
from tests.browse import check, visit
from tests.conftest import MovableClock
from tests.factories import make_booking, make_user

pytestmark = pytest.mark.dialect

DROP = ""  # an answer: the connection is dropped


class Session(socketserver.StreamRequestHandler):
    """One SMTP dialogue (RFC 5321). Answers come from the server's script; the default is success."""

    server: "MailHost"
    YES: ClassVar = {"EHLO": "250-here", "DATA": "354 go on", "QUIT": "221 bye", "AUTH": "235 ok", "STARTTLS": "220 go"}

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline():
            verb = line.decode().split()[0].upper()
            self.server.heard.append(line.decode().strip())
            if not self._answer(verb):
                return
            if verb == "DATA" and "DATA" not in self.server.script and not self._read_letter():
                return
            if verb == "STARTTLS":
                self._start_tls()

    def _answer(self, verb: str) -> bool:
        answer = self.server.script.get(verb, self.YES.get(verb, "250 ok"))
        if answer == DROP:
            return False
        if verb == "EHLO":
            answer += "".join(f"\r\n250-{feature}" for feature in self.server.features) + "\r\n250 8BITMIME"
        self._say(answer)
        return verb != "QUIT"

    def _read_letter(self) -> bool:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        self.server.letters.append(b"".join(lines))
        answer = self.server.script.get("letter", "250 kept")
        if answer != DROP:
            self._say(answer)
        return answer != DROP

    def _start_tls(self) -> None:
        assert self.server.tls
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)

    def _say(self, answer: str) -> None:
        self.wfile.write(f"{answer}\r\n".encode())


class MailHost(socketserver.ThreadingTCPServer):
    """A mail server on a free port that records the dialogue."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.script: dict[str, str] = {}
        self.features: list[str] = []
        self.heard: list[str] = []
        self.letters: list[bytes] = []
        self.tls: ssl.SSLContext | None = None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that hang up."""


@pytest.fixture
def host() -> Iterator[MailHost]:
    with MailHost() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


Use = Callable[..., None]


@pytest.fixture
def use(app: Flask, host: MailHost, monkeypatch: pytest.MonkeyPatch) -> Use:
    """A function: use() makes the app send its mail to the host; fields of MailServer can be given."""

    def use(**changed: Any) -> None:
        server = MailServer("127.0.0.1", host.server_address[1], None, None, "off")
        settings = dataclasses.replace(app.config["CLINIC"], mail_server=dataclasses.replace(server, **changed))
        monkeypatch.setitem(app.config, "CLINIC", settings)

    use()
    return use


def put(name: str = "Jo", to: str = "jo@example.org") -> None:
    with atomic():
        enqueue("password_reset", to=to, name=name, link="https://clinic.example/reset")


def send() -> Message:
    """Send what is due. Returns the only message in its new state."""
    assert send_due(postman(), owner="a") == 1
    return db.session.scalars(sa.select(Message).execution_options(populate_existing=True)).one()


def read(letter: bytes) -> EmailMessage:
    return email.message_from_bytes(letter, policy=email.policy.default)


def text_of(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body((kind,))
    assert part
    return str(part.get_content())


def test_a_letter_is_handed_over_with_its_headers_text_and_html(use: Use, host: MailHost, clock: MovableClock) -> None:
    put("Zoë 陈 & <Sons>")
    message = send()
    assert message.state == MessageState.SENT
    (letter,) = map(read, host.letters)
    assert (letter["To"], letter["From"]) == ("jo@example.org", "Move Therapy <hello@example.org>")
    assert (letter["Subject"], letter["Message-ID"]) == ("Choose a new password", f"<{message.uid}@example.org>")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Date"].datetime == clock.now
    assert "Dear Zoë 陈 & <Sons>," in text_of(letter, "plain")
    assert "Dear Zoë 陈 &amp; &lt;Sons&gt;," in text_of(letter, "html")
    assert host.heard[-1].upper() == "QUIT"


def test_a_repeat_has_the_message_id_and_the_date_of_the_first_try(
    use: Use, host: MailHost, clock: MovableClock
) -> None:
    put()
    host.script["letter"] = "451 try again later"
    assert (send().state, send_due(postman(), owner="a")) == (MessageState.QUEUED, 0)
    host.script.clear()
    clock.move(hours=1)
    assert send().state == MessageState.SENT
    first, second = map(read, host.letters)
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]


@pytest.mark.parametrize("goodbye", [DROP, "500 what", "421 too busy", "garbage"])
def test_a_broken_goodbye_after_the_yes_does_not_send_the_letter_twice(
    use: Use, host: MailHost, clock: MovableClock, goodbye: str
) -> None:
    put()
    host.script["QUIT"] = goodbye
    assert send().state == MessageState.SENT
    clock.move(days=1)
    assert send_due(postman(), owner="a") == 0
    assert len(host.letters) == 1


@pytest.mark.parametrize(
    ("verb", "answer", "error"),
    [
        ("letter", DROP, "SMTPServerDisconnected"),
        ("letter", "554 spam", "SMTPDataError"),
        ("MAIL", "451 greylisted", "SMTPSenderRefused"),
        ("RCPT", "450 greylisted", "SMTPRecipientsRefused"),
        ("RCPT", "550 5.7.1 relaying denied", "SMTPRecipientsRefused"),
        ("RCPT", "530 5.7.0 sign in first", "SMTPRecipientsRefused"),
        ("RCPT", "530 sign in first", "SMTPRecipientsRefused"),
        ("RCPT", "553 5.1.8 bad sender", "SMTPRecipientsRefused"),
        ("RCPT", "503 MAIL first", "SMTPRecipientsRefused"),
        ("MAIL", "550 5.1.0 who are you", "SMTPSenderRefused"),
        ("MAIL", "553 5.1.8 bad sender", "SMTPSenderRefused"),
        ("RCPT", DROP, "SMTPServerDisconnected"),
        ("DATA", "452 disk full", "SMTPDataError"),
        ("EHLO", DROP, "SMTPServerDisconnected"),
    ],
)
def test_without_the_servers_yes_the_letter_stays_ours_to_send(
    use: Use, host: MailHost, verb: str, answer: str, error: str
) -> None:
    put()
    host.script[verb] = answer
    message = send()
    assert (message.state, message.tries) == (MessageState.QUEUED, 1)
    assert message.last_error.startswith(error)


def test_a_mail_server_that_is_away_is_one_failed_try(use: Use, host: MailHost) -> None:
    use(port=1)
    put()
    assert send().last_error.startswith("ConnectionRefusedError")


def test_the_password_is_given_when_there_is_one(use: Use, host: MailHost) -> None:
    host.features = ["AUTH PLAIN"]
    use(user="clinic", password="hidden")
    put()
    assert send().state == MessageState.SENT
    assert [line for line in host.heard if line.startswith("AUTH")] == ["AUTH PLAIN AGNsaW5pYwBoaWRkZW4="]


def test_a_refused_password_is_a_failed_try_that_does_not_repeat_it(use: Use, host: MailHost) -> None:
    host.features, host.script = ["AUTH PLAIN"], {"AUTH": "535 wrong"}
    use(user="clinic", password="hidden")
    put()
    message = send()
    assert message.last_error.startswith("SMTPAuthenticationError")
    assert "hidden" not in message.last_error


def test_without_the_encryption_asked_for_nothing_is_sent(use: Use, host: MailHost) -> None:
    use(tls="start", user="clinic", password="hidden")
    put()
    assert send().last_error.startswith("SMTPNotSupportedError")
    assert host.letters == []
    assert not any(line.startswith("AUTH") for line in host.heard)


def test_a_mail_server_with_somebody_elses_certificate_gets_neither_password_nor_letter(
    use: Use, host: MailHost, tmp_path: Path
) -> None:
    host.tls, host.features = certificate_of("evil.example", tmp_path), ["STARTTLS", "AUTH PLAIN"]
    use(tls="start", user="clinic", password="hidden")
    put()
    assert send().state == MessageState.QUEUED
    assert host.letters == []
    assert not any(line.startswith("AUTH") for line in host.heard)


def certificate_of(name: str, folder: Path) -> ssl.SSLContext:
    """Return the server's side of TLS, with a self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(key.private_bytes(*plain) + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.mark.parametrize("to", ["jo@example.org\r\nBcc: eve@example.org", "jo@example.org\nX: y"])
def test_a_recipient_with_a_line_break_is_never_handed_over(use: Use, host: MailHost, to: str) -> None:
    put(to=to)
    assert send().state == MessageState.QUEUED
    assert host.letters == []


def test_nothing_typed_as_a_name_becomes_a_header_or_ends_the_letter(use: Use, host: MailHost) -> None:
    put("Eve\r\nBcc: eve@example.org\r\n.\r\nMAIL FROM:<eve@example.org>\r\n")
    assert send().state == MessageState.SENT
    (letter,) = map(read, host.letters)
    assert letter["Bcc"] is None
    assert sum(line.upper().startswith("MAIL FROM") for line in host.heard) == 1
    assert ".\nMAIL FROM:<eve@example.org>" in text_of(letter, "plain").replace("\r", "")


def test_without_a_mail_server_letters_are_written_to_a_folder(
    app: Flask, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(app.config, "CLINIC", dataclasses.replace(app.config["CLINIC"], instance=tmp_path))
    put()
    message = send()
    (path,) = (tmp_path / "mail").iterdir()
    assert path.name == f"20261120-020000-{message.uid}.eml"
    assert read(path.read_bytes())["Message-ID"] == message.message_id


def test_a_folder_that_cannot_be_written_is_a_failed_try(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mail").write_text("a file where the folder should be")
    monkeypatch.setitem(app.config, "CLINIC", dataclasses.replace(app.config["CLINIC"], instance=tmp_path))
    put()
    assert send().state == MessageState.QUEUED


REFUSALS = [
    "550 no such user",
    "550 5.1.1 <jo@example.org>: Recipient address rejected: User unknown",
    "551 user not local",
    "553 mailbox name not allowed",
    "554 5.2.1 mailbox disabled",
    "552 5.2.2 mailbox full for months",
    "550 5.4.1 Recipient address rejected: Access denied",
    "521 5.1.10 this host takes no mail",
    "556 5.1.10 this domain takes no mail",
    "501 5.1.3 bad recipient address syntax",
    "550-5.1.1 The account that you tried to reach\r\n550 5.1.1 does not exist",
]


@pytest.mark.parametrize("answer", REFUSALS)
def test_a_mailbox_that_is_refused_for_good_fails_at_once(
    use: Use, host: MailHost, clock: MovableClock, answer: str
) -> None:
    put()
    host.script["RCPT"] = answer
    message = send()
    assert (message.state, message.tries) == (MessageState.FAILED, 1)
    assert message.last_error.startswith(f"The mailbox accepts no email: {answer[:3]} ")
    clock.move(days=30)
    assert send_due(postman(), owner="a") == 0
    assert sum(line.upper().startswith("RCPT") for line in host.heard) == 1


def test_after_it_was_set_right_a_refused_mail_can_be_sent_again(use: Use, host: MailHost) -> None:
    put()
    host.script["RCPT"] = REFUSALS[0]
    message = send()
    host.script.clear()
    assert send_again(message, by=make_user())
    assert send().state == MessageState.SENT


@pytest.mark.parametrize("to", ["zoë@example.org", "陈@例子.测试", "jo@" + "ä" * 70 + ".example"])
def test_an_address_that_no_plain_server_knows_fails_at_once(use: Use, host: MailHost, to: str) -> None:
    put(to=to)
    message = send()
    assert message.state == MessageState.FAILED
    assert message.last_error.startswith("The mailbox accepts no email: ")
    assert not any(line.upper().startswith("RCPT") for line in host.heard)


def test_a_domain_with_other_letters_goes_out_in_idna(use: Use, host: MailHost) -> None:
    put(to="jo@bücher.example")
    assert send().state == MessageState.SENT
    assert "rcpt to:<jo@xn--bcher-kva.example>" in [line.lower() for line in host.heard]


def test_the_lead_is_told_that_the_mailbox_was_refused(
    use: Use, host: MailHost, sign_in: Callable[..., FlaskClient]
) -> None:
    lead = make_booking().lead
    with atomic():
        db.session.execute(sa.delete(Message))
    write_letter(lead, "How are you?", "Well?", by=make_user())
    host.script["RCPT"] = "550 5.1.1 no such user"
    assert send_due(postman(), owner="a", on_refused=note_refused_mailbox) == 1
    page = visit(sign_in("desk"), f"/admin/leads/details/?id={lead.id}")
    check(page)
    assert "This address does not accept email: 550 5.1.1 no such user" in page.text
    assert "The email “How are you?” was rejected: 550 5.1.1 no such user" in page.text
