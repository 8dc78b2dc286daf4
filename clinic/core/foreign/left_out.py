"""Counts of what was left out of a document, and the sentences about it."""

from dataclasses import dataclass, field


@dataclass
class LeftOut:
    """Content of a document that was left out. `pictures` are their alt texts or file names, `hiding` the makers of
    links whose target is hidden."""

    deleted: int = 0
    comments: int = 0
    hidden: int = 0
    margins: int = 0
    frames: int = 0
    links: int = 0
    pictures: list[str] = field(default_factory=list)
    hiding: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """A sentence or two about what was left out; "" if nothing was."""
        names = ", ".join(f"“{name}”" for name in [name for name in self.pictures if name][:3])
        parts = [
            *_number(self.deleted, "deleted passage", "deleted passages"),
            *_number(self.comments, "comment", "comments"),
            *_number(self.hidden, "hidden passage", "hidden passages"),
            *_number(self.margins, "page header or footer", "page headers or footers"),
            *_number(self.frames, "embedded frame or player", "embedded frames or players"),
            *_number(self.links, "link that leads nowhere", "links that lead nowhere"),
            *(f"{one} ({names})" if names else one for one in _number(len(self.pictures), "picture", "pictures")),
        ]
        said = " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
        makers = " and ".join(dict.fromkeys(self.hiding))
        return " ".join(
            filter(
                None,
                [
                    said and f"Left out: {said}.",
                    "Add pictures with the Picture tool." if self.pictures else "",
                    f"{makers} hides where {'a link leads' if len(self.hiding) == 1 else 'links lead'}:"
                    " set the address by hand."
                    if makers
                    else "",
                ],
            )
        )


def _number(count: int, one: str, many: str) -> list[str]:
    return [f"{count} {one if count == 1 else many}"] if count else []
