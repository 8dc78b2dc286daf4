"""The origin of a trial request on the site: article and place. Known without a cookie.

A form carries the origin as a sealed value, so nobody can credit another article. A link to the trial page carries the
article's slug as `?from=`, and that page seals it.
"""

import enum
from dataclasses import dataclass

from clinic.core.signing import seal, unseal


class FormPlace(enum.StrEnum):
    """The place of the form, or the kind of link to it."""

    END = "end of an article"
    TEXT = "in an article's text"
    LINK = "link to the trial page"
    SERVICE = "page of a service"
    PAGE = "page of the site"
    BOOK = "trial page"


@dataclass(frozen=True)
class Source:
    """A place, and the slug of the article if there is one."""

    place: FormPlace
    slug: str = ""

    def sealed(self) -> str:
        """Return the sealed value for a hidden form field."""
        return seal("source", f"{self.place.name} {self.slug}")

    @classmethod
    def read(cls, sealed: str) -> "Source | None":
        """Return the source in a form field, or None if it is missing or was changed."""
        try:
            name, _, slug = unseal("source", sealed).partition(" ")
            return cls(FormPlace[name], slug)
        except (ValueError, KeyError):
            return None
