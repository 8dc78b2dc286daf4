"""How list cells are shown: formatters for Flask-Admin's column_formatters."""

from collections.abc import Callable
from typing import Any

from flask import url_for
from markupsafe import Markup

from clinic.web.filters import moment

Formatter = Callable[[Any, Any, Any, str], Any]


def time_cell(_view: Any, _context: Any, row: Any, name: str) -> str:
    """A time in the clinic's zone, or a dash."""
    value = getattr(row, name)
    return moment(value) if value else "–"


def state_cell(_view: Any, _context: Any, row: Any, name: str) -> Markup:
    """A state as a coloured word."""
    value = str(getattr(row, name))
    return Markup('<span class="state state-{0}">{0}</span>').format(value)


def link_cell(endpoint: str, text: Callable[[Any], str], id_of: Callable[[Any], int] = lambda row: row.id) -> Formatter:
    """A cell that leads to the page of a row."""

    def cell(_view: Any, _context: Any, row: Any, _name: str) -> Markup:
        return Markup('<a href="{}">{}</a>').format(url_for(endpoint, id=id_of(row)), text(row))

    return cell
