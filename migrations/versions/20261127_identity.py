"""secrets of messages apart from their texts, single-use codes, encrypted recovery codes, idle sign-ins."""

import re
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from cryptography.fernet import Fernet, InvalidToken
from flask import current_app

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Secret addresses as earlier releases wrote them into the texts.
SECRET_URL = re.compile(r"https?://[^\s\"'<>]+?/(?:link/[\w-]+|reset)/[\w.~-]+/?")
SHOWN = "[link that only the recipient gets]"


def upgrade() -> None:
    """Go to the new schema."""
    with op.batch_alter_table("message") as table:
        table.add_column(sa.Column("secrets", sa.JSON(), nullable=False, server_default="{}"))
    with op.batch_alter_table("message") as table:
        table.alter_column("secrets", server_default=None)
    with op.batch_alter_table("user") as table:
        table.add_column(sa.Column("tf_last_counter", sa.BigInteger(), nullable=True))
    # All open sign-ins end; staff sign in once more.
    op.execute(sa.text("DELETE FROM staff_session"))
    with op.batch_alter_table("staff_session") as table:
        table.add_column(sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False))
        table.add_column(sa.Column("device", sa.String(60), nullable=False))
    _take_secrets_out()
    _convert_codes(lambda cryptor, code: cryptor.encrypt(code.encode()).decode())


def downgrade() -> None:
    """Go back. Links of unsent messages are put into their texts again; those of sent ones are gone."""
    _put_secrets_in()
    _convert_codes(_decrypted)
    with op.batch_alter_table("staff_session") as table:
        table.drop_column("device")
        table.drop_column("seen_at")
    with op.batch_alter_table("user") as table:
        table.drop_column("tf_last_counter")
    with op.batch_alter_table("message") as table:
        table.drop_column("secrets")


MESSAGE = sa.table(
    "message",
    sa.column("id", sa.Integer),
    sa.column("uid", sa.String),
    sa.column("state", sa.String),
    sa.column("text", sa.String),
    sa.column("html", sa.String),
    sa.column("unsubscribe_url", sa.String),
    sa.column("secrets", sa.JSON),
)
TEXTS = ("text", "html", "unsubscribe_url")


def _messages() -> Iterator[sa.Row]:
    """Yield all messages in batches, so that memory use stays constant."""
    last = 0
    while rows := op.get_bind().execute(
        sa.select(MESSAGE).where(MESSAGE.c.id > last).order_by(MESSAGE.c.id).limit(500)
    ).all():
        yield from rows
        last = rows[-1].id


def _take_secrets_out() -> None:
    for row in _messages():
        found = sorted({url for name in TEXTS for url in SECRET_URL.findall(getattr(row, name))}, key=len, reverse=True)
        if not found:
            continue
        named = {url: f"[[secret-{row.uid}-link{number}]]" for number, url in enumerate(found)}
        if row.state == "sent":
            named = dict.fromkeys(found, SHOWN)
        values = {name: getattr(row, name) for name in TEXTS}
        for url, placeholder in named.items():
            values = {name: text.replace(url, placeholder) for name, text in values.items()}
        values["secrets"] = {} if row.state == "sent" else {placeholder: url for url, placeholder in named.items()}
        if row.state == "sent":
            values["unsubscribe_url"] = ""
        op.get_bind().execute(sa.update(MESSAGE).where(MESSAGE.c.id == row.id).values(values))


def _put_secrets_in() -> None:
    for row in _messages():
        values = {name: getattr(row, name) for name in TEXTS}
        for placeholder, url in row.secrets.items():
            values = {name: text.replace(placeholder, url) for name, text in values.items()}
        if row.secrets:
            op.get_bind().execute(sa.update(MESSAGE).where(MESSAGE.c.id == row.id).values(values))


def _convert_codes(convert) -> None:  # noqa: ANN001
    user = sa.table("user", sa.column("id", sa.Integer), sa.column("mf_recovery_codes", sa.String))
    cryptor = Fernet(current_app.config["SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS"][0])
    for row in op.get_bind().execute(sa.select(user).where(user.c.mf_recovery_codes.is_not(None))).all():
        codes = [convert(cryptor, code) for code in row.mf_recovery_codes.split(",") if code]
        kept = ",".join(code for code in codes if code)
        op.get_bind().execute(sa.update(user).where(user.c.id == row.id).values(mf_recovery_codes=kept))


def _decrypted(cryptor: Fernet, code: str) -> str:
    try:
        return cryptor.decrypt(code.encode()).decode()
    except InvalidToken:
        return ""
