"""Short texts as staff type them into a plain box: blocks with an empty line between, links as [words](/address/)."""

import re
from dataclasses import dataclass

from markupsafe import Markup, escape

LINK = re.compile(r"\[([^\[\]]+)\]\(((?:/(?!/)|https://|mailto:|tel:)[^\s()<>\"]+|/)\)")


@dataclass(frozen=True)
class Block:
    """One question and its answer, or one stage and what happens in it."""

    title: str
    text: Markup


def blocks(typed: str) -> list[Block]:
    """The blocks of a text: the first line of each is its title, the other lines are its text."""
    found = []
    for part in re.split(r"\n\s*\n", typed.strip()):
        title, _, text = part.strip().partition("\n")
        if title:
            found.append(Block(title.strip(), linked(" ".join(text.split()))))
    return found


def linked(text: str) -> Markup:
    """Plain text with its links; whatever else looks like markup is shown as typed."""
    html, end = Markup(""), 0
    for match in LINK.finditer(text):
        html += escape(text[end : match.start()]) + Markup('<a href="{}">{}</a>').format(match[2], match[1])
        end = match.end()
    return html + escape(text[end:])
