"""Writes about blocked guests, whose requests are held for the desk."""

from datetime import date

import sqlalchemy as sa

from clinic.accounts.models import User
from clinic.bookings.ledger import digest, given_contacts
from clinic.bookings.models import BlockedGuest, ClaimKind
from clinic.core import audit, clock
from clinic.core.db import atomic, db


@atomic()
def block_guest(*, email: str, mobile: str, because: str, until: date | None, by: User) -> list[BlockedGuest]:
    """Hold all requests with this email or mobile (E.164) from now on, until a day or until the block is lifted.

    The guest is not told. Blocking again updates reason and day.
    """
    blocks = []
    for kind, value in given_contacts(email, mobile).items():
        label = f"{value[0]}…@{value.rpartition('@')[2]}" if kind == ClaimKind.EMAIL else f"{value[:4]}… {value[-3:]}"
        key = digest(value)
        block = db.session.scalar(sa.select(BlockedGuest).where(BlockedGuest.digest == key)) or BlockedGuest(
            kind=kind, digest=key
        )
        block.label, block.because, block.until, block.by_id, block.created_at = (
            label,
            because,
            until,
            by.id,
            clock.now(),
        )
        db.session.add(block)
        db.session.flush()
        audit.record("blocked", block, by=by)  # without the reason: it may name the guest, and the log names no visitor
        blocks.append(block)
    return blocks


@atomic()
def lift_block(block: BlockedGuest, *, by: User) -> None:
    """Remove a block: requests are treated normally again."""
    audit.record("lifted the block of", block, by=by)
    db.session.delete(block)
