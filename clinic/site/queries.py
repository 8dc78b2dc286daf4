"""Every read about menus and the home page."""

from dataclasses import dataclass

from clinic.core.order import in_order
from clinic.site.models import HomeSection, MenuItem, Place


@dataclass(frozen=True)
class Menus:
    """The links of the menus, each in its order."""

    header: list[MenuItem]
    footer: list[MenuItem]


def menus() -> Menus:
    """Both menus: one statement."""
    items = in_order(MenuItem)
    return Menus(*([item for item in items if item.place == place] for place in (Place.HEADER, Place.FOOTER)))


def shown_sections() -> list[HomeSection]:
    """The sections that the home page shows, in its order."""
    return list(in_order(HomeSection, [HomeSection.is_shown.is_(True)]))
