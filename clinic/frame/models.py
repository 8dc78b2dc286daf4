"""MenuItem and HomeSection."""

import enum

from sqlalchemy.orm import Mapped, mapped_column

from clinic.core import content_version
from clinic.core.db import Base, state_column
from clinic.core.order import Ordered


class MenuPlace(enum.StrEnum):
    """The position of a menu on each page."""

    HEADER = "header"
    FOOTER = "footer"


@content_version.shown
class MenuItem(Ordered, Base):
    """One link of a menu. `address` is a path of this site or an https address."""

    __tablename__ = "menu_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[MenuPlace] = mapped_column(state_column(MenuPlace, name="place"))
    label: Mapped[str]
    address: Mapped[str]

    def __str__(self) -> str:
        return self.label


class SectionKind(enum.StrEnum):
    """The kinds of section on the home page; templates/articles/home/ has a file for each."""

    SERVICES = "services"
    STAGES = "stages"
    NEWEST = "newest"
    MOST_READ = "most_read"
    TEAM = "team"
    PLACE = "place"
    QUESTIONS = "questions"


@content_version.shown(when="{row}.is_shown")
class HomeSection(Ordered, Base):
    """One section of the home page. `body` holds the texts of stages and questions (texts.py: blocks)."""

    __tablename__ = "home_section"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[SectionKind] = mapped_column(state_column(SectionKind), unique=True)
    heading: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    is_shown: Mapped[bool] = mapped_column(default=True)

    @property
    def has_body(self) -> bool:
        """True if staff write the texts of this section. Other kinds show content from elsewhere."""
        return self.kind in (SectionKind.STAGES, SectionKind.QUESTIONS)

    def __str__(self) -> str:
        return self.heading
