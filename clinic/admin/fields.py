"""Form fields of the panel: cleaned text, and choices from the database."""

from collections.abc import Callable, Iterable
from typing import Any

from wtforms import SelectField, SelectMultipleField
from wtforms.validators import Length, Optional, Regexp
from wtforms.widgets import TextArea

from clinic.core.text import clean_html
from clinic.web.forms import LineField, TextField

Pairs = Iterable[tuple[int, str]]


class LongField(TextField):
    """Several lines in a text area."""

    widget = TextArea()


class CodeField(LineField):
    """HTML as typed, without characters that cannot be stored or deceive."""

    widget = TextArea()

    def __call__(self, **kwargs: Any) -> Any:
        """The box; HTML runs from left to right."""
        return super().__call__(**{"dir": "ltr"} | kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the first value, cleaned."""
        if valuelist:
            self.data = clean_html(valuelist[0])


class RowField(SelectField):
    """One row of a table, or none. The choices are read when the form is made."""

    def __init__(self, label: str, rows: Callable[[], Pairs], empty: str = "None", **kwargs: Any) -> None:
        super().__init__(
            label,
            coerce=lambda value: int(value) if str(value or "").isdecimal() else None,
            choices=lambda: [("", empty), *rows()],
            **kwargs,
        )


class RowsField(SelectMultipleField):
    """Several rows of a table."""

    def __init__(self, label: str, rows: Callable[[], Pairs], **kwargs: Any) -> None:
        super().__init__(
            label,
            coerce=lambda value: int(value) if str(value).isdecimal() else -1,
            choices=lambda: list(rows()),
            **kwargs,
        )


class SlugField(LineField):
    """The last part of an address, or nothing."""

    def __init__(self, label: str = "Slug", description: str = "", **kwargs: Any) -> None:
        checks = [
            Optional(),
            Length(max=80),
            Regexp(r"^[a-z0-9]+(-[a-z0-9]+)*$", message="Use small letters, digits and hyphens"),
        ]
        super().__init__(label, checks, description=description, **kwargs)
