"""Emails about sign-ins, one function per message."""

from clinic.accounts.models import User
from clinic.core.signing import Secret
from clinic.outbox import operations as outbox


def password_reset(user: User, link: str) -> None:
    """Send a person the link at which they choose a new password."""
    outbox.enqueue("password_reset", to=user.email, name=user.name, link=Secret(link))


def password_changed(user: User) -> None:
    """Tell a person that their password was changed, and which passkeys still sign them in."""
    passkeys = [passkey.name for passkey in user.webauthn]
    outbox.enqueue("password_changed", to=user.email, name=user.name, passkeys=passkeys)


def account_changed(user: User, what: str, *, once_key: str | None = None) -> None:
    """Tell one person about a change of their sign-in, or about an action of an owner. `what` is a sentence."""
    outbox.enqueue("account_changed", to=user.email, once_key=once_key, name=user.name, what=what)
