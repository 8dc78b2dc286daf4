"""Short texts typed by staff: blocks separated by empty lines, with links as [words](/address/)."""

import re
from dataclasses import dataclass

from markupsafe import Markup, escape

LINK = re.compile(r"\[([^\[\]]+)\]\(((?:/(?!/)|https://|mailto:|tel:)[^\s()<>\"]+|/)\)")


@dataclass(frozen=True)
class Paragraph:
    """A question with its answer, or a stage with its description."""

    title: str
    text: Markup


def blocks(typed: str) -> list[Paragraph]:
    """Split a text into blocks: the first line of each is its title, the other lines its text."""
    found = []
    for part in re.split(r"\n\s*\n", typed.strip()):
        title, _, text = part.strip().partition("\n")
        if title:
            found.append(Paragraph(title.strip(), linked(" ".join(text.split()))))
    return found


def linked(text: str) -> Markup:
    """Return plain text as HTML with its links. All other markup is escaped."""
    html, end = Markup(""), 0
    for match in LINK.finditer(text):
        html += escape(text[end : match.start()]) + Markup('<a href="{}">{}</a>').format(match[2], match[1])
        end = match.end()
    return html + escape(text[end:])
