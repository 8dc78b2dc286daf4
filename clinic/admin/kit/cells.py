"""Formatters of list cells for Flask-Admin's column_formatters."""

from collections.abc import Callable
from typing import Any

from flask import g, url_for
from markupsafe import Markup

from clinic.admin.kit.counts import count_of
from clinic.admin.kit.return_address import here
from clinic.web.filters import moment

NO_BREAK = "\u00a0"
Formatter = Callable[[Any, Any, Any, str], Any]


def unbroken(text: str) -> str:
    """Return text with non-breaking spaces, so that it stays on one line."""
    return text.replace(" ", NO_BREAK)


def time_cell(_view: Any, _context: Any, row: Any, name: str) -> str:
    """Format a time in the clinic's zone, or a dash. A narrow column breaks only between date and time."""
    value = getattr(row, name)
    return unbroken(moment(value)).replace(f",{NO_BREAK}", ", ") if value else "–"


def state_cell(_view: Any, _context: Any, row: Any, name: str) -> Markup:
    """Format a state as a coloured word."""
    value = str(getattr(row, name))
    return Markup('<span class="state state-{0}">{0}</span>').format(value)


def link_cell(endpoint: str, text: Callable[[Any], str], id_of: Callable[[Any], int] = lambda row: row.id) -> Formatter:
    """Format a cell as a link to the row's page, with the way back to this list."""

    def cell(_view: Any, _context: Any, row: Any, _name: str) -> Markup:
        return Markup('<a href="{}" dir="auto">{}</a>').format(url_for(endpoint, id=id_of(row), back=here()), text(row))

    return cell


def count_cell(counts: Callable[[], dict[int, int]], one: str) -> Formatter:
    """Return a formatter that shows a count by row id. `counts` is called once for a list."""

    def cell(_view: Any, _context: Any, row: Any, name: str) -> str:
        key = f"counts_{name}"
        if key not in g:
            setattr(g, key, counts())
        return count_of(getattr(g, key).get(row.id, 0), one)

    return cell


def address_cell(_view: Any, _context: Any, row: Any, _name: str) -> Markup:
    """Format the address of a row's public page as a link."""
    return Markup('<a class="where" href="{0}">{0}</a>').format(row.address)


def yes_cell(_view: Any, _context: Any, row: Any, name: str) -> str:
    """Format a boolean as yes or no."""
    return "yes" if getattr(row, name) else "no"
