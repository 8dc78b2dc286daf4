"""Where on the site somebody asked for a trial: the article, and the place on it. Known without any cookie.

A form carries it as a sealed value, so that nobody can credit another article; a link to the trial page carries the
article's slug as `?from=`, and that page seals what it was given.
"""

import enum
from dataclasses import dataclass

from clinic.core.signing import seal, unseal


class Place(enum.StrEnum):
    """Where the form stood, or what led to it."""

    END = "end of an article"
    TEXT = "in an article's text"
    LINK = "link to the trial page"
    SERVICE = "page of a service"
    PAGE = "page of the site"
    BOOK = "trial page"


@dataclass(frozen=True)
class Source:
    """A place, and the slug of the article, if there is one."""

    place: Place
    slug: str = ""

    def sealed(self) -> str:
        """For the hidden field of a form."""
        return seal("source", f"{self.place.name} {self.slug}")

    @classmethod
    def read(cls, sealed: str) -> "Source | None":
        """What a form carried; None when it was changed or left out."""
        try:
            name, _, slug = unseal("source", sealed).partition(" ")
            return cls(Place[name], slug)
        except (ValueError, KeyError):
            return None
