"""Message: one email as a row."""

import enum
import re
from datetime import datetime
from email.utils import parseaddr
from html import escape

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, JsonWords, UtcDateTime, state_column
from clinic.core.settings import settings

# Placeholder for a secret in the texts of a message. The number is random, so nobody can write one into a comment.
PLACEHOLDER = re.compile(r"\[\[secret-[0-9a-f]{32}-\w+\]\]")


class MessageState(enum.StrEnum):
    """The state of a message: queued → sending → sent. A failed try goes back to queued; the last one ends in
    failed."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class Message(Base):
    """One email. `due_at` is the time from which it may be claimed; while it is being sent, the end of the lease."""

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
    # Links that open something by themselves, by their placeholder in the texts. Only the worker reads them. They are
    # deleted once the message is sent.
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
    is_to_file: Mapped[bool] = mapped_column(default=False)  # without a mail server: written to a file, not delivered

    @property
    def state_word(self) -> str:
        """The state as staff read it."""
        is_filed = self.state == MessageState.SENT and self.is_to_file
        return "written to a file, not sent" if is_filed else str(self.state)

    @property
    def message_id(self) -> str:
        """The Message-ID header (RFC 5322 § 3.6.4). It is the same at every try, so that a duplicate can be
        recognised."""
        domain = parseaddr(settings().mail_sender)[1].rpartition("@")[2]
        return f"<{self.uid}@{domain}>"

    @property
    def shown_text(self) -> str:
        """The text as staff may read it, with secret links left out."""
        return PLACEHOLDER.sub("[link sent only to the recipient]", self.text)

    def put_in_secrets(self) -> None:
        """Replace placeholders by the secret links, for sending. The row must be detached, so that the links are not
        stored."""
        for placeholder, secret in self.secrets.items():
            self.text = self.text.replace(placeholder, secret)
            self.html = self.html.replace(placeholder, escape(secret))
            self.unsubscribe_url = self.unsubscribe_url.replace(placeholder, secret)
