"""Reads of the outbox."""

from collections.abc import Iterable

import sqlalchemy as sa

from clinic.core.bounded import count_up_to, latest_with
from clinic.core.db import db
from clinic.outbox.models import Message, MessageState

MOST_COUNTED = 1000


def count_messages(state: MessageState, kinds: Iterable[str] | None = None) -> int:
    """Return the number of messages in a state, of some kinds or of all; at most a thousand."""
    rows = sa.select(Message.id).where(Message.state == state)
    return count_up_to(MOST_COUNTED, rows if kinds is None else rows.where(Message.kind.in_(kinds)))


def messages_to(address: str, kinds: Iterable[str], most: int = 100) -> list[Message]:
    """Return the messages of some kinds to one address, newest first."""
    rows = sa.select(Message).where(Message.to == address, Message.kind.in_(kinds))
    return list(db.session.scalars(rows.order_by(Message.id.desc()).limit(most)))


def messages_with(text: str) -> list[int]:
    """Return the ids of the latest emails that match by address or subject, and of all emails to this address."""
    to_them = Message.to == text.strip()
    return list(db.session.scalars(latest_with(text, Message.id, Message.to, Message.subject, others=to_them)))
