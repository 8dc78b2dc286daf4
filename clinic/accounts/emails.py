"""One function per message about people with a login."""

from clinic.accounts.models import User
from clinic.core.signing import Secret
from clinic.outbox import operations as outbox


def password_reset(user: User, link: str) -> None:
    """To the person: the address at which they choose a new password."""
    outbox.enqueue("password_reset", to=user.email, name=user.name, link=Secret(link))


def password_changed(user: User) -> None:
    """To the person: the password is another one, and which passkeys still sign them in."""
    passkeys = [passkey.name for passkey in user.webauthn]
    outbox.enqueue("password_changed", to=user.email, name=user.name, passkeys=passkeys)


def account_changed(user: User, what: str, *, once_key: str | None = None) -> None:
    """To one person: a sentence about what was changed at their sign-in, or about what somebody did as an owner."""
    outbox.enqueue("account_changed", to=user.email, once_key=once_key, name=user.name, what=what)
