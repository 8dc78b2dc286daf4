"""The text of an article as an editor has written it."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from clinic.articles.models import (
    Article,
)


@dataclass
class Text:
    """Text of an editor as typed."""

    title: str
    body: str
    summary: str = ""
    slug: str = ""
    author_id: int | None = None
    reviewer_id: int | None = None
    reviewed_on: date | None = None
    category_id: int | None = None
    image_id: int | None = None
    image_alt: str = ""  # override the image's own texts
    image_credit: str = ""
    image_source: str = ""
    image_licence: str = ""
    tags: list[str] = field(default_factory=list)
    teaser_ids: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, article: Article) -> "Text":
        """Return the stored text of an article."""
        own = {name: getattr(article, name) for name in cls.__dataclass_fields__ if hasattr(article, name)}
        own["tags"] = sorted(tag.name for tag in article.tags)
        return cls(**own, teaser_ids=[teaser.shown_id for teaser in article.teasers])

    def as_fields(self) -> dict[str, Any]:
        """Return the text as a dict for a JSON column."""
        return vars(self) | {"reviewed_on": self.reviewed_on.isoformat() if self.reviewed_on else None}

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> "Text":
        """Return the text from the dict of a JSON column."""
        day = fields.get("reviewed_on")
        known = {name: value for name, value in fields.items() if name in cls.__dataclass_fields__}
        return cls(**known | {"reviewed_on": date.fromisoformat(day) if day else None})
