"""Every module that takes or stores text uses the one module that knows characters."""

import inspect
from collections.abc import Iterator

import sqlalchemy as sa
from flask import Flask
from wtforms import EmailField, Form, PasswordField, StringField
from wtforms.fields import HiddenField
from wtforms.fields.core import UnboundField

from clinic.admin.kit.fields import CodeField
from clinic.core.db import Base, JsonWords, Words
from clinic.web.forms import LineField, TextField

CLEANED = (LineField, TextField, CodeField)
# Made by programs and never shown: digests, tokens, keys.
NOT_TYPED = {
    "content_version.token", "index_state.name", "heartbeat.name", "passkey.credential_id", "rate_count.key",
    "rate_count.until", "search_word.word", "spent_link.digest", "role.permissions",
    "form_sent.key", "form_sent.content",
    "user.tf_totp_secret", "user.mf_recovery_codes",
}  # fmt: skip


def forms(kind: type = Form) -> Iterator[type]:
    one: type
    for one in kind.__subclasses__():
        yield one
        yield from forms(one)


def test_every_field_of_ours_that_takes_words_cleans_them(app: Flask) -> None:
    # Passwords and codes are compared, not stored; Flask-Security's forms have their own fields.
    ours = [form for form in forms() if form.__module__.startswith("clinic.") and "sign_in" not in form.__module__]
    assert len(ours) > 15
    for form in ours:
        for name, field in inspect.getmembers(form, lambda value: isinstance(value, UnboundField)):
            kind = field.field_class
            if (
                issubclass(kind, StringField)
                and not issubclass(kind, PasswordField | HiddenField | EmailField)
                and name != "website"
            ):
                assert issubclass(kind, CLEANED), f"{form.__name__}.{name} is a {kind.__name__}"


def test_every_column_of_words_keeps_out_what_no_format_can_hold() -> None:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if f"{table.name}.{column.name}" in NOT_TYPED or isinstance(column.type, sa.Enum | Words | JsonWords):
                continue
            assert not isinstance(column.type, sa.String | sa.JSON), f"{column} is a {column.type!r}"
