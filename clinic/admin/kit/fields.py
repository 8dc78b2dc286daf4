"""Form fields of the panel: cleaned text, and choices from the database."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import request
from wtforms import SelectField, SelectMultipleField
from wtforms.validators import Length, Optional, Regexp
from wtforms.widgets import TextArea

from clinic.core.html import left_out
from clinic.core.links import unwrap_link, unwrap_text
from clinic.core.tables import Table, TableRefused, read_lines, read_table
from clinic.core.text import clean_html
from clinic.web.forms import LineField, TextField

TABLE_FILES = ".csv,.tsv,.txt,.xlsx,.xls,.xlsb,.ods,text/csv"  # formats that core/tables.py reads
Pairs = Iterable[tuple[int, str]]


class LongField(TextField):
    """Text area for several lines."""

    widget = TextArea()


class AddressField(LineField):
    """URL field. An address that a mail scanner has wrapped is unwrapped."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the first value, cleaned and unwrapped."""
        super().process_formdata(valuelist)
        self.data = unwrap_link(self.data or "") or self.data


class AddressesField(LongField):
    """Text area with one URL per line, unwrapped likewise."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the first value, cleaned and unwrapped."""
        super().process_formdata(valuelist)
        self.data = unwrap_text(self.data or "")


class CodeField(LineField):
    """HTML as typed, without characters that cannot be stored or that deceive readers."""

    widget = TextArea()

    def __call__(self, **kwargs: Any) -> Any:
        """Render the text area. HTML runs from left to right."""
        return super().__call__(**{"dir": "ltr"} | kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the first value, cleaned."""
        if valuelist:
            self.data = clean_html(valuelist[0])


def sentences_left_out(form: Any) -> list[str]:
    """Return one sentence for each field about HTML that was removed from it."""
    fields = [field for field in form if isinstance(field, CodeField)]
    return list(filter(None, [left_out(field.data or "").sentence for field in fields]))


def table_of(form: Any) -> Table:
    """Return the rows of the uploaded `file` or of the pasted `lines`. Problems become errors of the form."""
    upload = request.files.get("file")
    table = Table([])
    is_valid = form.validate()
    try:
        table = read_table(upload.read()) if upload and upload.filename else read_lines(form.lines.data or "")
    except TableRefused as error:
        form.file.errors = [*form.file.errors, str(error)]
    else:
        if is_valid and not table.rows:
            form.form_errors.append("Choose a file or paste the lines.")
    return table


class RowField(SelectField):
    """Choice of one row of a table, or none. The choices are read when the form is created."""

    def __init__(self, label: str, rows: Callable[[], Pairs], empty: str = "None", **kwargs: Any) -> None:
        super().__init__(
            label,
            coerce=lambda value: int(value) if str(value or "").isdecimal() else None,
            choices=lambda: [("", empty), *rows()],
            **kwargs,
        )


class RowsField(SelectMultipleField):
    """Choice of several rows of a table."""

    def __init__(self, label: str, rows: Callable[[], Pairs], **kwargs: Any) -> None:
        super().__init__(
            label,
            coerce=lambda value: int(value) if str(value).isdecimal() else -1,
            choices=lambda: list(rows()),
            **kwargs,
        )


class SlugField(LineField):
    """Last part of an address; may be empty."""

    def __init__(self, label: str = "Slug", description: str = "", **kwargs: Any) -> None:
        checks = [
            Optional(),
            Length(max=80),
            Regexp(r"^[a-z0-9]+(-[a-z0-9]+)*$", message="Use lowercase letters, digits and hyphens"),
        ]
        super().__init__(label, checks, description=description, **kwargs)
