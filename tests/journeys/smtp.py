"""A mail server whose behaviour can be changed while it runs."""

import asyncio
import email
import email.policy
import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope

from tests.services import free_port


class Manner(enum.StrEnum):
    """The behaviour towards one message."""

    ACCEPT = "accept"
    REFUSE_SENDER = "4xx at MAIL"
    REFUSE_RECIPIENT = "4xx at RCPT"
    REFUSE_MESSAGE = "4xx at DATA"
    DELAY = "keep it, wait, say OK"
    DROP = "drop the connection at DATA, keep nothing"
    LOSE_OK = "keep it, drop the connection before OK"
    DROP_AFTER_OK = "keep it, say OK, drop the connection before QUIT"


@dataclass(frozen=True)
class Letter:
    """One delivery."""

    to: str
    message_id: str
    subject: str
    text: str


class MailServer:
    """Collects letters. `choose` is called for the behaviour towards each message; DELAY takes `delay` seconds."""

    def __init__(self) -> None:
        self.choose: Callable[[], Manner] = lambda: Manner.ACCEPT
        self.delay = 0.5
        self.seen: list[Manner] = []
        self.letters: list[Letter] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self._controller.start()
        self.url = f"smtp://127.0.0.1:{self._controller.port}"

    def stop(self) -> None:
        """Stop listening."""
        self._controller.stop()

    def behave(self, manner: Manner) -> None:
        """Treat every message from now on in the same way."""
        self.choose = lambda: manner

    def letters_to(self, address: str) -> list[Letter]:
        """Return all deliveries to this address, duplicates included."""
        return [letter for letter in self.letters if letter.to == address]

    def folded(self) -> dict[str, list[Letter]]:
        """Return the deliveries by Message-ID, as a mail program that drops duplicates shows them."""
        found: dict[str, list[Letter]] = {}
        for letter in self.letters:
            found.setdefault(letter.message_id, []).append(letter)
        return found

    async def handle_MAIL(self, server: SMTP, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        session.manner = self.choose()
        self.seen.append(session.manner)
        if session.manner == Manner.REFUSE_SENDER:
            return "451 4.3.2 Try again later"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        if session.manner == Manner.REFUSE_RECIPIENT:
            return "450 4.2.1 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:
        manner = session.manner
        if manner == Manner.REFUSE_MESSAGE:
            return "452 4.3.1 Out of space, try again later"
        if manner != Manner.DROP:
            self._keep(envelope)
        if manner == Manner.DELAY:
            await asyncio.sleep(self.delay)
        if manner == Manner.DROP_AFTER_OK:
            await server.push("250 OK")
        if manner in (Manner.DROP, Manner.LOSE_OK, Manner.DROP_AFTER_OK) and server.transport:
            server.transport.close()
        return "250 OK"

    def _keep(self, envelope: Envelope) -> None:
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = message.get_body(("plain",))
        assert body
        assert envelope.rcpt_tos == [message["To"]]
        self.letters.append(Letter(envelope.rcpt_tos[0], message["Message-ID"], message["Subject"], body.get_content()))
