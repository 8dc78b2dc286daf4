"""A message of the outbox as it goes over the wire: every octet below 128, no line over 998 (RFC 5322 § 2.1.1)."""

import unicodedata
from datetime import UTC
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import Any

import flask_mail
import idna

from clinic.core.characters import storable
from clinic.core.settings import settings
from clinic.outbox.attachments import Attachment, attachments_of
from clinic.outbox.errors import MailboxRefused
from clinic.outbox.models import Message

# Headers without spaces: the library would fold them as encoded words, which nobody reads back there (RFC 2047 § 5).
WHOLE = {"message-id", "list-unsubscribe", "list-unsubscribe-post", "content-id", "auto-submitted"}


class Wire(EmailPolicy):
    """How headers are folded: at 78 characters, but for the few that must stay whole.

    Words that are not plain ASCII are encoded by `Header`: the folding of EmailPolicy loses spaces between long encoded
    words, and leaves alone what only looks like an encoded word (Python 3.11).
    """

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """As it was set: a subject that looks encoded would be decoded here."""
        return (name, value) if name.lower() == "subject" else super().header_store_parse(name, value)

    def fold(self, name: str, value: Any) -> str:
        """The header as text."""
        if name.lower() in WHOLE:
            return f"{name}: {value}{self.linesep}"
        if name.lower() == "subject" and not _is_plain(str(value)):
            return f"{name}: {self._encoded(str(value), name)}{self.linesep}"
        if name.lower() == "from" and not _is_plain(value.addresses[0].display_name):
            person = value.addresses[0]
            words = self._encoded(person.display_name, name)
            return f"{name}: {words}{self.linesep} <{person.addr_spec}>{self.linesep}"
        folded: str = super().fold(name, value)
        return folded

    def _encoded(self, words: str, name: str) -> str:
        return Header(words, "utf-8", maxlinelen=75, header_name=name).encode(linesep=self.linesep)

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The header as octets."""
        return self.fold(name, value).encode("ascii")


def _is_plain(words: str) -> bool:
    return words.isascii() and "=?" not in words and all(len(word) < 60 for word in words.split())


WIRE = Wire(linesep="\r\n", cte_type="7bit", utf8=False, max_line_length=78)


class Letter(flask_mail.Message):
    """Flask-Mail's message with the body in quoted-printable. The library itself sends UTF-8 as 8bit, in lines as long
    as a paragraph, which a server without 8BITMIME refuses."""

    def __init__(self, message: Message) -> None:
        super().__init__(recipients=[address_of(message.to)], sender=settings().mail_sender)
        self._stored = message

    def as_bytes(self) -> bytes:
        """The letter as it is sent."""
        return self._message().as_bytes(policy=WIRE)

    def _message(self) -> EmailMessage:  # type: ignore[override] # Flask-Mail makes its own kind, which is written as 8bit
        message = self._stored
        name, sender = parseaddr(settings().mail_sender)
        letter = EmailMessage(policy=WIRE)
        letter["Subject"] = printable(message.subject).replace("\n", " ")
        letter["From"] = Address(printable(name), addr_spec=address_of(sender))
        letter["To"] = Address(addr_spec=str(self.recipients[0]))
        letter["Date"] = format_datetime(message.created_at.astimezone(UTC))
        letter["Message-ID"] = message.message_id
        letter["Auto-Submitted"] = "auto-generated"
        if message.unsubscribe_url:  # one-click unsubscribing by POST (RFC 8058)
            letter["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
            letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        letter.set_content(printable(message.text), cte="quoted-printable")
        letter.add_alternative(printable(message.html), subtype="html", cte="quoted-printable")
        for file in attachments_of(message):
            _attach(letter, file)
        return letter


def address_of(address: str) -> str:
    """An address as servers without SMTPUTF8 know it, its domain in IDNA. Raises MailboxRefused when there is none."""
    local, at, domain = address.rpartition("@")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except idna.IDNAError:
            raise MailboxRefused("no mail server knows a domain of this name") from None
    if not local.isascii():
        raise MailboxRefused("before the @ stand letters that mail servers do not know")
    return f"{local}{at}{domain}"


def printable(text: str) -> str:
    """A text without what no mail may have: control characters but tab and line break (RFC 5322 § 2.3), halves of
    characters, and what HTML forbids."""
    lines = storable(text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(char for char in lines if char in "\t\n" or unicodedata.category(char) not in ("Cc", "Cs"))


def _attach(letter: EmailMessage, file: Attachment) -> None:
    kind = WIRE.header_factory("content-type", file.kind)
    letter.add_attachment(
        file.content,
        maintype=kind.maintype,
        subtype=kind.subtype,
        params=dict(kind.params),
        filename=file.name,
        disposition="inline" if file.cid else "attachment",
        cid=f"<{file.cid}>" if file.cid else None,
    )
