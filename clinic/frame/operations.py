"""Every write about menus and the home page."""

from clinic.core import audit
from clinic.core.db import atomic, db
from clinic.core.text import clean_line, clean_text
from clinic.frame.models import HomeSection, MenuItem, Place


@atomic()
def add_menu_item(*, place: Place, label: str, address: str, by: audit.Actor | None = None) -> MenuItem:
    """A new link at the end of a menu."""
    item = MenuItem(place=place, label=clean_line(label), address=clean_line(address))
    db.session.add(item)
    db.session.flush()
    audit.record("added", item, by=by, detail=f"{place}: {label}")
    return item


@atomic()
def change_menu_item(
    item: MenuItem, *, place: Place, label: str, address: str, by: audit.Actor | None = None
) -> MenuItem:
    """Change a link; in another menu it keeps its rank."""
    item.place, item.label, item.address = place, clean_line(label), clean_line(address)
    audit.record("changed", item, by=by, detail=f"{place}: {label}")
    return item


@atomic()
def delete_menu_item(item: MenuItem, *, by: audit.Actor | None = None) -> None:
    """Take a link out of its menu."""
    audit.record("deleted", item, by=by, detail=f"{item.place}: {item.label}")
    db.session.delete(item)


@atomic()
def change_section(
    section: HomeSection, *, heading: str, body: str | None, is_shown: bool, by: audit.Actor | None = None
) -> HomeSection:
    """Change a section of the home page. `body` None leaves its text alone."""
    section.heading, section.is_shown = clean_line(heading), is_shown
    if body is not None:
        section.body = clean_text(body)
    audit.record("changed", section, by=by, detail=heading)
    return section
