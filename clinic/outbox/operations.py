"""Writes of the outbox: enqueue messages, send the ones that are due, and record the result."""

import logging
import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from clinic.core import audit, clock
from clinic.core.db import atomic, db, insert_or_skip
from clinic.core.settings import settings
from clinic.core.signing import Secret
from clinic.outbox.attachments import Attachment, QrCode
from clinic.outbox.errors import MailboxRefused
from clinic.outbox.models import Message, MessageState
from clinic.preferences import preferences

log = logging.getLogger(__name__)

# After try n the worker waits 2**n seconds, give or take a quarter: 2 s after the first, nine hours after the
# fifteenth. Sixteen tries take about 18 hours (12 to 24 with the jitter). Then the message is failed and staff decide.
MOST_TRIES = 16
JITTER = 0.25
REFUSED = "The mailbox accepts no email: "
KILLED = "The worker stopped each time while it was sending this email."


@dataclass(frozen=True)
class Lease:
    """The lease on one message: until it ends, only this worker may send it. Detached from the session."""

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
    """Add the message `kind` (a folder of email templates) to the outbox, in the current transaction.

    If `once_key` is already used, this message was enqueued before and nothing happens. Each Secret in the context is
    stored apart from the texts.
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
    """Delete an unsent message in the current transaction. Its once_key may be used again."""
    waiting = (MessageState.QUEUED, MessageState.FAILED)
    db.session.execute(sa.delete(Message).where(Message.once_key == once_key, Message.state.in_(waiting)))


def send_due(
    deliver: Callable[[Message], None],
    *,
    owner: str,
    most: int = 50,
    on_refused: Callable[[Message, str], None] = lambda _message, _words: None,
) -> int:
    """Send the messages that are due, one at a time. Returns how many were tried.

    If `deliver` raises MailboxRefused, the message fails at once. `on_refused` may record that elsewhere in the same
    transaction.

    Delivery happens outside any transaction. Only the worker that still holds the lease updates the message, so a
    worker slower than its lease cannot overwrite the result of another.
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
        except Exception as error:  # whatever the mail server did, the message stays to be sent
            _mark_failed_try(claim, type(error).__name__, _without(secrets, str(error)))
        else:
            _mark_sent(claim)
        tried += 1
    return tried


def _claim_next(owner: str) -> Lease | None:
    """Claim the message that has been due longest, by a conditional update: of two workers only one succeeds."""
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
            return Lease(id=id_, uid=claimed.uid, owner=owner, tries=claimed.tries)
    return None


def _give_up_lapsed(is_due: sa.ColumnElement[bool]) -> None:
    """Fail messages that were being sent on their last try when their worker ended."""
    lapsed = sa.and_(is_due, Message.state == MessageState.SENDING, Message.tries >= MOST_TRIES)
    if db.session.scalar(sa.select(Message.id).where(lapsed).limit(1)):
        with atomic():
            values = {"state": MessageState.FAILED, "owner": None, "last_error": KILLED}
            db.session.execute(sa.update(Message).where(lapsed).values(**values))


@atomic()
def _mark_sent(claim: Lease) -> None:
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
def _mark_failed_try(claim: Lease, kind: str, words: str) -> None:
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
    # The log has the type of the error only, because its text may quote the recipient. Staff read it in the outbox.
    log.warning("mail not sent", extra={"mail": claim.uid, "tries": claim.tries, "error": kind, "last": is_last})


@atomic()
def _mark_refused(claim: Lease, message: Message, words: str, on_refused: Callable[[Message, str], None]) -> None:
    words = words[:400]
    failed = db.session.execute(
        _owned(claim).values(state=MessageState.FAILED, owner=None, last_error=f"{REFUSED}{words}")
    )
    if failed.rowcount:  # type: ignore[attr-defined]
        on_refused(message, words)
    log.warning("mailbox refused", extra={"mail": claim.uid, "tries": claim.tries})


def _without(secrets: dict[str, str], words: str) -> str:
    """Return the answer of a mail server without secret links that it may quote, in whole or from their last slash
    on."""
    for url in secrets.values():
        for part in (url, url.rstrip("/").rpartition("/")[2]):
            words = words.replace(part, "…")
    return words


def _owned(claim: Lease) -> sa.Update:
    return sa.update(Message).where(
        Message.id == claim.id,
        Message.owner == claim.owner,
        Message.tries == claim.tries,
        Message.state == MessageState.SENDING,
    )


@atomic()
def send_again(message: Message, *, by: audit.Actor) -> bool:
    """Queue a failed message again with all its tries. Returns False if it is not failed, for example on a second
    click."""
    again = db.session.execute(
        sa.update(Message)
        .where(Message.id == message.id, Message.state == MessageState.FAILED)
        .values(state=MessageState.QUEUED, tries=0, due_at=clock.now())
    )
    if not again.rowcount:  # type: ignore[attr-defined]
        return False
    audit.record("sent again", message, by=by)
    return True


def refusal_of(address: str) -> str:
    """Return the reason why the latest message to an address was refused permanently, or ""."""
    latest = sa.select(Message.last_error).where(Message.to == address).order_by(Message.id.desc()).limit(1)
    error = db.session.scalar(latest) or ""
    return error.removeprefix(REFUSED) if error.startswith(REFUSED) else ""
