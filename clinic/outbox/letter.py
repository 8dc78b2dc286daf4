"""An outbox message in the form that SMTP transports: 7-bit bytes, lines of at most 998 (RFC 5322 § 2.1.1)."""

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

# Headers without spaces, not to be folded: the library would write encoded words, which are not decoded there (RFC 2047
# § 5).
WHOLE = {"message-id", "list-unsubscribe", "list-unsubscribe-post", "content-id", "auto-submitted"}


class Wire(EmailPolicy):
    """Policy that folds headers at 78 characters, except the ones in WHOLE.

    Non-ASCII words are encoded by `Header`. EmailPolicy of Python 3.11 loses spaces between long encoded words, and
    does not encode text that merely looks encoded.
    """

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """Store the subject unchanged. EmailPolicy would decode a subject that looks encoded."""
        return (name, value) if name.lower() == "subject" else super().header_store_parse(name, value)

    def fold(self, name: str, value: Any) -> str:
        """Return the folded header as text."""
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
        """Return the folded header as bytes."""
        return self.fold(name, value).encode("ascii")


def _is_plain(words: str) -> bool:
    return words.isascii() and "=?" not in words and all(len(word) < 60 for word in words.split())


WIRE = Wire(linesep="\r\n", cte_type="7bit", utf8=False, max_line_length=78)


class Letter(flask_mail.Message):
    """Flask-Mail's message with a quoted-printable body. The library sends UTF-8 as 8bit with lines as long as a
    paragraph, which a server without 8BITMIME refuses."""

    def __init__(self, message: Message) -> None:
        super().__init__(recipients=[address_of(message.to)], sender=settings().mail_sender)
        self._stored = message

    def as_bytes(self) -> bytes:
        """Return the message as bytes, ready for SMTP."""
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
    """Return an address for servers without SMTPUTF8, with its domain in IDNA. Raises MailboxRefused if there is
    none."""
    local, at, domain = address.rpartition("@")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except idna.IDNAError:
            raise MailboxRefused("this domain name is not valid") from None
    if not local.isascii():
        raise MailboxRefused("the part before the @ contains characters that mail servers do not accept")
    return f"{local}{at}{domain}"


def printable(text: str) -> str:
    """Return a text without characters that no message may contain: control characters except tab and line break (RFC
    5322 § 2.3), lone surrogates, and characters that HTML forbids."""
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
