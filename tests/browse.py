"""visit() opens a page and checks it; a Page has forms that can be filled in and submitted."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin, urlsplit

import html5lib
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser, LexborNode
from werkzeug.test import TestResponse

# Parts that cannot make HTML invalid, whatever they contain: values of attributes (except the type of a field, which
# may hide it) and runs of text, of plain characters and known character references.
PLAIN = r"[\w\s./?=@+:;,!%()#–’-]|&(?:amp|lt|gt|#34|#39);"
HARMLESS = re.compile(rf'(?<!type)="(?:{PLAIN})*"|(?<=>)\s*(?!\s)(?:{PLAIN})+(?=<)')
NO_LABEL_NEEDED = {"hidden", "submit", "button"}


@dataclass
class Page:
    """An HTML response."""

    client: FlaskClient
    response: TestResponse
    path: str

    def __post_init__(self) -> None:
        self.status = self.response.status_code
        self.html = self.response.get_data(as_text=True)
        self.tree = LexborHTMLParser(self.html)

    @property
    def text(self) -> str:
        """The text of the page's body."""
        body = self.tree.body
        return " ".join(body.text(separator=" ").split()) if body else ""

    def one(self, selector: str) -> LexborNode:
        """Return the only element that matches the selector."""
        found = self.tree.css(selector)
        assert len(found) == 1, f"{len(found)} elements match {selector} at {self.path}"
        return found[0]

    def texts(self, selector: str) -> list[str]:
        """Return the text of each element that matches the selector."""
        return [" ".join(node.text(separator=" ").split()) for node in self.tree.css(selector)]

    def alert(self) -> str:
        """The text of the error summary."""
        return " ".join(self.texts("[role=alert]"))

    def status_text(self) -> str:
        """The text that a screen reader announces after an action."""
        return " ".join(self.texts("[role=status]"))

    def values(self, button: str) -> dict[str, Any]:
        """Return the values that the browser would send for the form with this button, without changes."""
        return _values(self._form(button)[0])

    def submit(self, button: str, *, within: str = "", follow: bool = True, **fields: Any) -> "Page":
        """Submit the form with the button of this label, optionally within the element `within`, with some fields
        changed.

        None removes a field, like an unticked checkbox.
        """
        form, pressed = self._form(button, within)
        values = _values(form) | fields
        if name := pressed.attributes.get("name"):
            values[name] = pressed.attributes.get("value") or ""
        values = {name: value for name, value in values.items() if value is not None}
        action = urljoin(self.path, form.attributes.get("action") or self.path)
        if (form.attributes.get("method") or "get").lower() == "get":
            return visit(self.client, f"{urlsplit(action).path}", query=values)
        response = self.client.post(action, data=values, headers={"Sec-Fetch-Site": "same-origin"})
        if follow and response.status_code == 303:
            return visit(self.client, response.headers["Location"])
        return Page(self.client, response, action)

    def _form(self, button: str, within: str = "") -> tuple[LexborNode, LexborNode]:
        for node in self.tree.css(f"{within} button".strip()):
            words = " ".join(node.text(separator=" ").split())
            if words == button or words.startswith((f"{button} ", f"{button}:")):
                form = node
                while form.tag != "form":
                    assert form.parent
                    form = form.parent
                return form, node
        raise AssertionError(f"no button “{button}” at {self.path}: {self.texts('button')}")


def visit(client: FlaskClient, path: str, *, status: int = 200, query: dict[str, Any] | None = None) -> Page:
    """Open a page and check status, title, h1, ids, labels, inline code and HTML."""
    response = client.get(path, query_string=query)
    if response.status_code in (301, 302, 303, 308) and status == 200:
        return visit(client, urljoin(path, response.headers["Location"]))
    page = Page(client, response, path)
    assert page.status == status, f"{page.status} at {path}: {page.text[:300]}"
    check(page)
    return page


def check(page: Page) -> None:
    """Check what holds for every page of the site."""
    where = f"at {page.path}"
    headings = page.texts("h1")
    assert len(headings) == 1, f"{len(headings)} h1 {where}"
    title = page.one("title").text().strip()
    assert title, f"no title {where}"
    assert title.startswith(headings[0]), f"the title “{title}” does not begin with the h1 “{headings[0]}” {where}"
    assert page.one("html").attributes.get("lang") == "en"
    ids = [node.attributes["id"] or "" for node in page.tree.css("[id]")]
    assert len(ids) == len(set(ids)), f"duplicate ids {where}: {sorted({one for one in ids if ids.count(one) > 1})}"
    for field in page.tree.css("input, select, textarea"):
        _check_label(page, field)
    for script in page.tree.css("script"):
        if script.attributes.get("type") == "application/ld+json":
            continue  # data, which no browser executes
        assert script.attributes.get("src"), f"inline script {where}"
        assert not (script.text() or "").strip(), f"inline script {where}"
    assert not page.tree.css(
        "style, [style], link:not([rel=canonical])[href^='http'], script[src^='http'], img[src^='http']"
    ), where
    for node in page.tree.css("*"):
        handlers = [name for name in node.attributes if name.startswith("on")]
        assert not handlers, f"inline handler {handlers} {where}"
    for image in page.tree.css("img"):
        assert "alt" in image.attributes, f"picture without alt {where}"
    errors = _html_errors(HARMLESS.sub(_shape, page.html))
    assert not errors, f"invalid HTML {where}: {errors[:3]}"
    policy = page.response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def _shape(harmless: re.Match[str]) -> str:
    return '="x"' if harmless[0].startswith("=") else "x"


@lru_cache(maxsize=2000)
def _html_errors(html: str) -> tuple[Any, ...]:
    """What html5lib objects to. It takes longer than the site does, so each shape of a page is parsed once."""
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(html)
    return tuple(parser.errors)


def _check_label(page: Page, field: LexborNode) -> None:
    if (field.attributes.get("type") or "text") in NO_LABEL_NEEDED or field.attributes.get("aria-label"):
        return
    id_ = field.attributes.get("id")
    assert id_, f"a field without id at {page.path}: {field.html}"
    assert page.tree.css(f'label[for="{id_}"]'), f"a field without label at {page.path}: {field.html}"


def _values(form: LexborNode) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in form.css("input, textarea, select"):
        name = field.attributes.get("name")
        kind = field.attributes.get("type") or "text"
        if not name or kind in ("submit", "file") or field.attributes.get("form"):
            continue
        if kind in ("checkbox", "radio"):
            if "checked" in field.attributes:
                values.setdefault(name, []) if kind == "checkbox" else None
                value = field.attributes.get("value") or "on"
                values[name] = [*values[name], value] if kind == "checkbox" else value
        elif field.tag == "textarea":
            values[name] = (field.text(deep=True) or "").removeprefix("\n")
        elif field.tag == "select":
            chosen = [option.attributes.get("value") or "" for option in field.css("option[selected]")]
            if "multiple" in field.attributes:
                values[name] = chosen
            else:
                options = field.css("option")
                values[name] = chosen[0] if chosen else (options[0].attributes.get("value") or "") if options else None
        else:
            values[name] = field.attributes.get("value") or ""
    return values
