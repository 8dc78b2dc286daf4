"""The postman: hands one outbox message over, by SMTP through Flask-Mail or into a folder as an .eml file."""

import os
import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import flask_mail
from flask import current_app

from clinic.core.settings import MailServer, settings
from clinic.outbox.errors import MailboxRefused
from clinic.outbox.letter import Letter
from clinic.outbox.models import Message

SMTP_TIMEOUT_SECONDS = 10
ENHANCED = re.compile(r"5\.\d{1,3}\.\d{1,3}\b")
# Sender's address, mail system, protocol, policy: not the mailbox. And the codes that mean so without an enhanced one.
OURS = re.compile(r"5\.(1\.[78]|3\.|5\.|7\.)")
OUR_CODES = {500, 502, 503, 504, 530, 534, 535, 538}

Postman = Callable[[Message], None]


class Connection(flask_mail.Connection):
    """Flask-Mail's connection, with two mends: it gives up on a silent server, and a broken goodbye is no failure."""

    def __init__(self, server: MailServer) -> None:
        super().__init__(current_app.extensions["mail"])
        self._server = server

    def configure_host(self) -> smtplib.SMTP | smtplib.SMTP_SSL:
        """An SMTP session, signed in. Raises OSError or SMTPException."""
        server = self._server
        # Left to itself smtplib takes any certificate, and would give the password to whoever stands in between.
        trust = ssl.create_default_context()
        host: smtplib.SMTP
        if server.tls == "on":
            host = smtplib.SMTP_SSL(server.host, server.port, timeout=SMTP_TIMEOUT_SECONDS, context=trust)
        else:
            host = smtplib.SMTP(server.host, server.port, timeout=SMTP_TIMEOUT_SECONDS)
        if server.tls == "start":
            host.starttls(context=trust)
        if server.user and server.password:
            host.login(server.user, server.password)
        return host

    def __exit__(self, kind: type[BaseException], error: BaseException, trace: TracebackType) -> None:
        # Once the server has said OK to the message it is sent. An error at QUIT would have us send it twice.
        with suppress(OSError, smtplib.SMTPException):
            super().__exit__(kind, error, trace)
        if self.host:
            self.host.close()


def postman() -> Postman:
    """The way of delivery that the settings name (MAIL_URL). It raises when a message could not be handed over."""
    return _by_smtp if settings().mail_server else _to_folder


def _by_smtp(message: Message) -> None:
    server = settings().mail_server
    assert server
    letter = Letter(message)
    with Connection(server) as connection:
        try:
            connection.send(letter)
        except smtplib.SMTPRecipientsRefused as error:
            if words := refusal(error):
                raise MailboxRefused(words) from error
            raise


def _to_folder(message: Message) -> None:
    folder = settings().instance / "mail"
    folder.mkdir(parents=True, exist_ok=True)
    _write_whole(folder / f"{message.created_at:%Y%m%d-%H%M%S}-{message.uid}.eml", Letter(message).as_bytes())


def refusal(error: smtplib.SMTPRecipientsRefused) -> str:
    """The server's answer when it refuses this mailbox for good, else nothing.

    That is a 5xx to RCPT (RFC 5321 § 4.2.1), unless its enhanced code (RFC 3463) or the code itself says that the
    fault is ours: sign-in, policy, relaying, the sender, the order of commands. That can be set right, and the message
    then goes out.
    """
    for code, text in error.recipients.values():
        words = " ".join(text.decode("utf-8", "replace").split())
        enhanced = ENHANCED.match(words)
        is_about_us = OURS.match(enhanced[0]) if enhanced else code in OUR_CODES
        if code < 500 or is_about_us:
            return ""
        return f"{code} {words}"
    return ""


def _write_whole(path: Path, content: bytes) -> None:
    """Write all or nothing: a reader, or a full disk, never leaves half a file under the final name."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
