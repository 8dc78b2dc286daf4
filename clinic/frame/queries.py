"""Reads about menus and the home page."""

from dataclasses import dataclass

from clinic.core.order import in_order
from clinic.frame.models import HomeSection, MenuItem, MenuPlace


@dataclass(frozen=True)
class MenuLink:
    """One link of a menu."""

    label: str
    address: str


@dataclass(frozen=True)
class Menus:
    """The links of both menus, in order."""

    header: tuple[MenuLink, ...]
    footer: tuple[MenuLink, ...]


def menus() -> Menus:
    """Return both menus, read in one statement."""
    items = in_order(MenuItem)
    header, footer = (
        tuple(MenuLink(item.label, item.address) for item in items if item.place == place)
        for place in (MenuPlace.HEADER, MenuPlace.FOOTER)
    )
    return Menus(header, footer)


def shown_sections() -> list[HomeSection]:
    """Return the visible sections of the home page, in order."""
    return list(in_order(HomeSection, [HomeSection.is_shown.is_(True)]))
