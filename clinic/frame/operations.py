"""Writes about menus and the home page."""

from clinic.core import audit
from clinic.core.db import atomic, db
from clinic.core.text import clean_line, clean_text
from clinic.frame.models import HomeSection, MenuItem, MenuPlace


@atomic()
def add_menu_item(*, place: MenuPlace, label: str, address: str, by: audit.Actor | None = None) -> MenuItem:
    """Add a link at the end of a menu."""
    item = MenuItem(place=place, label=clean_line(label), address=clean_line(address))
    db.session.add(item)
    db.session.flush()
    audit.record("added", item, by=by, detail=f"{place}: {label}")
    return item


@atomic()
def change_menu_item(
    item: MenuItem, *, place: MenuPlace, label: str, address: str, by: audit.Actor | None = None
) -> MenuItem:
    """Change a menu link. Moved to another menu, it keeps its position number."""
    item.place, item.label, item.address = place, clean_line(label), clean_line(address)
    audit.record("changed", item, by=by, detail=f"{place}: {label}")
    return item


@atomic()
def delete_menu_item(item: MenuItem, *, by: audit.Actor | None = None) -> None:
    """Delete a link from its menu."""
    audit.record("deleted", item, by=by, detail=f"{item.place}: {item.label}")
    db.session.delete(item)


@atomic()
def change_section(
    section: HomeSection, *, heading: str, body: str | None, is_shown: bool, by: audit.Actor | None = None
) -> HomeSection:
    """Change a section of the home page. With `body` None its text is kept."""
    section.heading, section.is_shown = clean_line(heading), is_shown
    if body is not None:
        section.body = clean_text(body)
    audit.record("changed", section, by=by, detail=heading)
    return section
