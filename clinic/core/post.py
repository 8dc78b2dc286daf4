"""The postman: hands one outbox message over, by SMTP through Flask-Mail or into a folder as an .eml file."""

import os
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import flask_mail
from flask import current_app

from clinic.core.characters import storable
from clinic.core.mail import Attachment, Message, attachments_of
from clinic.core.settings import MailServer, settings

SMTP_TIMEOUT_SECONDS = 10

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
    with Connection(server) as connection:
        connection.send(_letter(message))


def _to_folder(message: Message) -> None:
    folder = settings().instance / "mail"
    folder.mkdir(parents=True, exist_ok=True)
    _write_whole(folder / f"{message.created_at:%Y%m%d-%H%M%S}-{message.uid}.eml", _letter(message).as_bytes())


def _letter(message: Message) -> flask_mail.Message:
    letter = flask_mail.Message(
        subject=" ".join(storable(message.subject).split()),
        recipients=[message.to],
        body=storable(message.text),
        html=storable(message.html),
        sender=settings().mail_sender,
        date=message.created_at.timestamp(),
        extra_headers={"Auto-Submitted": "auto-generated"} | _unsubscribe_headers(message),
        attachments=[_attached(file) for file in attachments_of(message)],
    )
    letter.msgId = message.message_id
    return letter


def _attached(file: Attachment) -> flask_mail.Attachment:
    return flask_mail.Attachment(
        filename=file.name,
        content_type=file.kind,
        data=file.content,
        disposition="inline" if file.cid else "attachment",
        headers={"Content-ID": f"<{file.cid}>"} if file.cid else {},
    )


def _unsubscribe_headers(message: Message) -> dict[str, str]:
    """For one-click unsubscribing by POST (RFC 8058)."""
    if not message.unsubscribe_url:
        return {}
    return {
        "List-Unsubscribe": f"<{message.unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _write_whole(path: Path, content: bytes) -> None:
    """Write all or nothing: a reader, or a full disk, never leaves half a file under the final name."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
