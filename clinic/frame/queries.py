"""Every read about menus and the home page."""

from dataclasses import dataclass

from clinic.core.order import in_order
from clinic.frame.models import HomeSection, MenuItem, Place


@dataclass(frozen=True)
class MenuLink:
    """One link of a menu."""

    label: str
    address: str


@dataclass(frozen=True)
class Menus:
    """The links of the menus, each in its order."""

    header: tuple[MenuLink, ...]
    footer: tuple[MenuLink, ...]


def menus() -> Menus:
    """Both menus: one statement."""
    items = in_order(MenuItem)
    header, footer = (
        tuple(MenuLink(item.label, item.address) for item in items if item.place == place)
        for place in (Place.HEADER, Place.FOOTER)
    )
    return Menus(header, footer)


def shown_sections() -> list[HomeSection]:
    """The sections that the home page shows, in its order."""
    return list(in_order(HomeSection, [HomeSection.is_shown.is_(True)]))
