"""The outbox: each e-mail is a row, written with what caused it and sent later by a worker."""

import base64
import enum
import io
import logging
import random
import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from html import escape
from typing import Any

import segno
import sqlalchemy as sa
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import audit, clock
from clinic.core.db import Base, JsonWords, UtcDateTime, atomic, db, insert_or_skip, state_column
from clinic.core.find import count_up_to
from clinic.core.preferences import preferences
from clinic.core.settings import settings
from clinic.core.signing import Secret

log = logging.getLogger(__name__)

# The wait after try n is 2**n seconds, a quarter more or less: 2 s after the first, nine hours after the fifteenth.
# Sixteen tries last about 18 hours (12 to 24 with the jitter), then the message is failed and staff decide.
MOST_TRIES = 16
JITTER = 0.25
REFUSED = "The mailbox accepts no email: "
KILLED = "The worker stopped each time while it was sending this email."
MOST_COUNTED = 1000
# Stands for a secret in the texts of a message. The number is random, so nobody can write one into a comment.
PLACEHOLDER = re.compile(r"\[\[secret-[0-9a-f]{32}-\w+\]\]")


class MessageState(enum.StrEnum):
    """queued → sending → sent, or back to queued, or failed after the last try."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class Message(Base):
    """One e-mail. `due_at` is when it may next be claimed; while it is being sent, when the claim lapses."""

    __tablename__ = "message"
    __table_args__ = (
        sa.Index("ix_message_state_due_at", "state", "due_at"),
        sa.Index("ix_message_state_created_at", "state", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    to: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    attachments: Mapped[list[dict[str, str]]] = mapped_column(JsonWords, default=list)
    # Links that open something by themselves, by the placeholder that stands for each in the texts. Only the worker
    # reads them, and they are emptied once the message is sent.
    secrets: Mapped[dict[str, str]] = mapped_column(JsonWords, default=dict)
    unsubscribe_url: Mapped[str] = mapped_column(default="")
    once_key: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[MessageState] = mapped_column(state_column(MessageState), default=MessageState.QUEUED)
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    owner: Mapped[str | None]
    last_error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_to_file: Mapped[bool] = mapped_column(default=False)  # there was no mail server: nobody has got it

    @property
    def state_word(self) -> str:
        """What became of it, as staff read it."""
        is_filed = self.state == MessageState.SENT and self.is_to_file
        return "written to a file, not sent" if is_filed else str(self.state)

    @property
    def message_id(self) -> str:
        """The Message-ID header (RFC 5322 § 3.6.4): the same at every try, so that a repeat can be recognised."""
        domain = parseaddr(settings().mail_sender)[1].rpartition("@")[2]
        return f"<{self.uid}@{domain}>"

    @property
    def shown_text(self) -> str:
        """The text as staff may read it: each secret link is named and left out."""
        return PLACEHOLDER.sub("[link sent only to the recipient]", self.text)

    def put_in_secrets(self) -> None:
        """Fill in the secret links, for sending. The row must be detached, so that they are never stored in it."""
        for placeholder, secret in self.secrets.items():
            self.text = self.text.replace(placeholder, secret)
            self.html = self.html.replace(placeholder, escape(secret))
            self.unsubscribe_url = self.unsubscribe_url.replace(placeholder, secret)


class MailboxRefused(Exception):
    """The recipient's server says that this mailbox takes no mail, and will say so again."""


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a message. One with a `cid` stands in the text as <img src="cid:…"> (RFC 2392)."""

    name: str
    kind: str  # a content type, with its parameters
    content: bytes
    cid: str = ""

    def as_fields(self) -> dict[str, str]:
        """For a JSON column."""
        return vars(self) | {"content": base64.b64encode(self.content).decode()}

    @classmethod
    def from_fields(cls, fields: dict[str, str]) -> "Attachment":
        """From a JSON column."""
        return cls(**fields | {"content": base64.b64decode(fields["content"])})  # type: ignore[arg-type]


@dataclass(frozen=True)
class QrCode:
    """A QR code that goes with a message as a picture. The worker draws it when it sends the message: that takes
    longer than anything else about a booking."""

    name: str
    says: str
    cid: str

    def as_fields(self) -> dict[str, str]:
        """For a JSON column."""
        return vars(self)

    def drawn(self) -> Attachment:
        """As a PNG (ISO/IEC 18004)."""
        buffer = io.BytesIO()
        segno.make(self.says, error="m", micro=False).save(buffer, kind="png", scale=6, border=4)
        return Attachment(self.name, "image/png", buffer.getvalue(), self.cid)


def attachments_of(message: Message) -> list[Attachment]:
    """The files that go with a message."""
    fields = message.attachments
    return [QrCode(**one).drawn() if "says" in one else Attachment.from_fields(one) for one in fields]


@dataclass(frozen=True)
class Claim:
    """One message that this worker alone may send until its lease lapses. Detached from the session."""

    id: int
    uid: str
    owner: str
    tries: int


_templates = Environment(
    loader=PackageLoader("clinic", "templates/mail"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def enqueue(
    kind: str,
    *,
    to: str,
    once_key: str | None = None,
    attachments: Sequence[Attachment | QrCode] = (),
    unsubscribe_url: str = "",
    **context: Any,
) -> None:
    """Put the message `kind` (a folder of mail templates) into the outbox, within the present transaction.

    A `once_key` already used means that this very message was enqueued before: nothing happens. Each value of the
    context that is a Secret is kept apart from the texts.
    """
    number = uuid.uuid4().hex
    given = context | {"unsubscribe_url": unsubscribe_url}
    named = {name: f"[[secret-{number}-{name}]]" for name, value in given.items() if isinstance(value, Secret)}
    secrets = {placeholder: str(given[name]) for name, placeholder in named.items()}
    unsubscribe_url = named.pop("unsubscribe_url", unsubscribe_url)
    context |= named
    clinic = preferences()
    context |= {"clinic": clinic, "site_url": settings().site_url, "time_zone": clinic.zone}
    subject, text, html = (
        _templates.get_template(f"{kind}/{part}").render(context) for part in ("subject.txt", "body.txt", "body.html")
    )
    now = clock.now()
    insert_or_skip(
        Message,
        uid=uuid.uuid4().hex,
        kind=kind,
        to=to,
        subject=" ".join(subject.split()),
        text=text.strip() + "\n",
        html=html,
        attachments=[attachment.as_fields() for attachment in attachments],
        secrets=secrets,
        unsubscribe_url=unsubscribe_url,
        once_key=once_key,
        state=MessageState.QUEUED,
        tries=0,
        due_at=now,
        last_error="",
        created_at=now,
    )


def withdraw(once_key: str) -> None:
    """Take a message back, within the present transaction, if it has not been sent; it may be written anew later."""
    waiting = (MessageState.QUEUED, MessageState.FAILED)
    db.session.execute(sa.delete(Message).where(Message.once_key == once_key, Message.state.in_(waiting)))


def send_due(
    deliver: Callable[[Message], None],
    *,
    owner: str,
    most: int = 50,
    on_refused: Callable[[Message, str], None] = lambda _message, _words: None,
) -> int:
    """Send what is due, one message at a time. Returns how many were tried.

    When `deliver` raises MailboxRefused the message fails at once, and `on_refused` may note that elsewhere in the same
    transaction.

    The hand-over happens outside any transaction. Only who still owns the claim marks it, so a worker that was
    slower than its lease cannot undo what another has done since.
    """
    tried = 0
    while tried < most and (claim := _claim_next(owner)):
        secrets: dict[str, str] = {}
        try:
            message = db.session.get_one(Message, claim.id)
            db.session.expunge(message)
            db.session.rollback()
            secrets = message.secrets
            message.put_in_secrets()
            deliver(message)
        except MailboxRefused as error:
            _mark_refused(claim, message, _without(secrets, str(error)), on_refused)
        except Exception as error:  # whatever the mail server did, the message stays ours to send
            _mark_failed_try(claim, type(error).__name__, _without(secrets, str(error)))
        else:
            _mark_sent(claim)
        tried += 1
    return tried


def _claim_next(owner: str) -> Claim | None:
    """Claim the message that has been due longest, by a conditional update: of two workers one wins."""
    now = clock.now()
    is_due = sa.and_(Message.state.in_([MessageState.QUEUED, MessageState.SENDING]), Message.due_at <= now)
    _give_up_lapsed(is_due)
    due = sa.select(Message.id, Message.due_at, Message.tries).where(is_due).order_by(Message.due_at).limit(10)
    rows = db.session.execute(due).all()
    for id_, due_at, tries in rows:
        with atomic():
            claimed = db.session.execute(
                sa.update(Message)
                .where(Message.id == id_, Message.due_at == due_at, is_due)
                .values(
                    state=MessageState.SENDING,
                    owner=owner,
                    tries=Message.tries + 1,
                    due_at=now + timedelta(seconds=max(settings().outbox_lease_seconds, 2**tries)),
                )
                .returning(Message.uid, Message.tries)
            ).first()
        if claimed:
            return Claim(id=id_, uid=claimed.uid, owner=owner, tries=claimed.tries)
    return None


def _give_up_lapsed(is_due: sa.ColumnElement[bool]) -> None:
    """Fail the messages that have ended their worker at the last of all their tries."""
    lapsed = sa.and_(is_due, Message.state == MessageState.SENDING, Message.tries >= MOST_TRIES)
    if db.session.scalar(sa.select(Message.id).where(lapsed).limit(1)):
        with atomic():
            values = {"state": MessageState.FAILED, "owner": None, "last_error": KILLED}
            db.session.execute(sa.update(Message).where(lapsed).values(**values))


@atomic()
def _mark_sent(claim: Claim) -> None:
    db.session.execute(
        _owned(claim).values(
            state=MessageState.SENT,
            is_to_file=settings().mail_server is None,
            sent_at=clock.now(),
            owner=None,
            last_error="",
            secrets={},
        )
    )
    log.info(
        "mail sent" if settings().mail_server else "mail written to a file",
        extra={"mail": claim.uid, "tries": claim.tries},
    )


@atomic()
def _mark_failed_try(claim: Claim, kind: str, words: str) -> None:
    is_last = claim.tries >= MOST_TRIES
    wait = 2**claim.tries * random.uniform(1 - JITTER, 1 + JITTER)
    db.session.execute(
        _owned(claim).values(
            state=MessageState.FAILED if is_last else MessageState.QUEUED,
            due_at=clock.now() + timedelta(seconds=wait),
            owner=None,
            last_error=f"{kind}: {words}"[:500],
        )
    )
    # The error's text may quote the recipient, so the log has its type only; staff read the rest in the outbox.
    log.warning("mail not sent", extra={"mail": claim.uid, "tries": claim.tries, "error": kind, "last": is_last})


@atomic()
def _mark_refused(claim: Claim, message: Message, words: str, on_refused: Callable[[Message, str], None]) -> None:
    words = words[:400]
    failed = db.session.execute(
        _owned(claim).values(state=MessageState.FAILED, owner=None, last_error=f"{REFUSED}{words}")
    )
    if failed.rowcount:  # type: ignore[attr-defined]
        on_refused(message, words)
    log.warning("mailbox refused", extra={"mail": claim.uid, "tries": claim.tries})


def _without(secrets: dict[str, str], words: str) -> str:
    """What a mail server said, without the secret links that it may quote, whole or from their last slash on."""
    for url in secrets.values():
        for part in (url, url.rstrip("/").rpartition("/")[2]):
            words = words.replace(part, "…")
    return words


def _owned(claim: Claim) -> sa.Update:
    return sa.update(Message).where(
        Message.id == claim.id,
        Message.owner == claim.owner,
        Message.tries == claim.tries,
        Message.state == MessageState.SENDING,
    )


@atomic()
def send_again(message: Message, *, by: audit.Actor) -> bool:
    """Queue a failed message anew, with all its tries. False when it is not failed (pressed twice, say)."""
    again = db.session.execute(
        sa.update(Message)
        .where(Message.id == message.id, Message.state == MessageState.FAILED)
        .values(state=MessageState.QUEUED, tries=0, due_at=clock.now())
    )
    if not again.rowcount:  # type: ignore[attr-defined]
        return False
    audit.record("sent again", message, by=by)
    return True


def count_messages(state: MessageState, kinds: Iterable[str] | None = None) -> int:
    """How many messages are in this state, of these kinds or of all, counted up to a thousand."""
    rows = sa.select(Message.id).where(Message.state == state)
    return count_up_to(MOST_COUNTED, rows if kinds is None else rows.where(Message.kind.in_(kinds)))


def refusal_of(address: str) -> str:
    """Why the latest mail to an address was refused for good; nothing if it was not."""
    latest = sa.select(Message.last_error).where(Message.to == address).order_by(Message.id.desc()).limit(1)
    error = db.session.scalar(latest) or ""
    return error.removeprefix(REFUSED) if error.startswith(REFUSED) else ""


def messages_to(address: str, kinds: Iterable[str], most: int = 100) -> list[Message]:
    """The messages of these kinds to one address, the newest first."""
    rows = sa.select(Message).where(Message.to == address, Message.kind.in_(kinds))
    return list(db.session.scalars(rows.order_by(Message.id.desc()).limit(most)))
