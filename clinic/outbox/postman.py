"""Delivery of one outbox message: by SMTP through Flask-Mail, or as an .eml file in a folder."""

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
# Enhanced codes about the sender's address, the mail system, the protocol or policy, not the mailbox. Then basic codes
# with the same meaning.
OURS = re.compile(r"5\.(1\.[78]|3\.|5\.|7\.)")
OUR_CODES = {500, 502, 503, 504, 530, 534, 535, 538}

Postman = Callable[[Message], None]


class Connection(flask_mail.Connection):
    """Flask-Mail's connection with a timeout, and tolerant of errors at QUIT."""

    def __init__(self, server: MailServer) -> None:
        super().__init__(current_app.extensions["mail"])
        self._server = server

    def configure_host(self) -> smtplib.SMTP | smtplib.SMTP_SSL:
        """Open an SMTP session and sign in. Raises OSError or SMTPException."""
        server = self._server
        # By default smtplib accepts any certificate and would send the password to a man in the middle.
        trust = ssl.create_default_context()
        host: smtplib.SMTP
        if server.tls == "on":
            host = smtplib.SMTP_SSL(server.host, server.port, timeout=SMTP_TIMEOUT_SECONDS, context=trust)
        else:
            host = smtplib.SMTP(server.host, server.port, timeout=SMTP_TIMEOUT_SECONDS)
        try:
            if server.tls == "start":
                host.starttls(context=trust)
            if server.user and server.password:
                host.login(server.user, server.password)
        except BaseException:
            host.close()  # no caller has it yet
            raise
        return host

    def __exit__(self, kind: type[BaseException], error: BaseException, trace: TracebackType) -> None:
        # The message is sent once the server has accepted it. Raising an error at QUIT would send it twice.
        with suppress(OSError, smtplib.SMTPException):
            super().__exit__(kind, error, trace)
        if self.host:
            self.host.close()


def postman() -> Postman:
    """Return the function that delivers a message by the method in MAIL_URL. It raises if a message cannot be handed
    over."""
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
    """Return the server's answer if it refuses this mailbox permanently, else "".

    A permanent refusal is a 5xx to RCPT (RFC 5321 § 4.2.1). Excluded are codes, enhanced (RFC 3463) or basic, that
    blame our side: sign-in, policy, relaying, sender, order of commands. Those faults can be fixed, and the message is
    then delivered.
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
    """Write the file atomically, so that neither a reader nor a full disk ever finds half a file under the final
    name."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
