"""Documents of other programs give the same text whether pasted into the editor or sent to the server without it.

`paste/<name>.html` is a document, `<name>.expected.html` the resulting text, `<name>.left.txt` the message about the
rest.
"""

import re
import tomllib
from collections.abc import Iterator
from html import escape
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from clinic.core.html import left_out, sanitise
from tests.journeys.browser import ROOT
from tests.journeys.editor_page import EditorServer, Writer, running_server
from tests.journeys.test_editor import plain

PASTE = Path(__file__).parent / "paste"
NAMES = sorted(path.name.removesuffix(".expected.html") for path in PASTE.glob("*.expected.html"))
LINKS = tomllib.loads((ROOT / "tests" / "core" / "wrapped_links.toml").read_text(encoding="utf-8"))["wrapped"]


@pytest.fixture(scope="module")
def server() -> Iterator[EditorServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def writer(browser: Browser, server: EditorServer) -> Iterator[Writer]:
    writer = Writer(browser, server)
    writer.open()
    yield writer
    writer.leave()


def document(name: str) -> str:
    return (PASTE / f"{name}.html").read_text(encoding="utf-8")


def expected(name: str) -> str:
    return (PASTE / f"{name}.expected.html").read_text(encoding="utf-8")


def said(name: str) -> str:
    file = PASTE / f"{name}.left.txt"
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""


def of_the_server(html: str) -> str:
    """Remove what only the editor adds: <strong> for <b>, and the scope of header cells."""
    html = re.sub(r"<(/?)b>", r"<\1strong>", re.sub(r"<(/?)i>", r"<\1em>", html))
    html = re.sub(r"<sup>(<a [^>]*>)(.*?)</a></sup>", r"\1<sup>\2</sup></a>", re.sub(r"<a>(.*?)</a>", r"\1", html))
    html = re.sub(r"</?(thead|tbody)>| scope=\"\w+\"", "", html)
    return re.sub(r"\s+", "", re.sub(r"( )?(<[^>]+>)( )?", r"\2", plain(html)))


@pytest.mark.browser
@pytest.mark.parametrize("name", NAMES)
def test_a_pasted_document_becomes_text_and_what_is_left_out_is_said(writer: Writer, name: str) -> None:
    writer.surface.click()
    writer.paste(document(name))
    assert plain(writer.html()) == plain(expected(name))
    if said(name):
        expect(writer.page.locator(".editor-left", has_text=said(name))).to_be_visible()


@pytest.mark.browser
@pytest.mark.parametrize("name", [name for name in NAMES if name != "web"])
def test_a_document_in_the_html_view_becomes_the_same_text(writer: Writer, name: str) -> None:
    writer.tool("Edit as HTML")
    writer.page.locator("#body").fill(document(name))
    writer.tool("Edit as HTML")
    writer.surface.press("Control+End")
    writer.type("x")
    writer.keys("Backspace")
    assert of_the_server(writer.html()) == of_the_server(expected(name))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "web"])
def test_the_server_reads_a_document_as_the_editor_does(name: str) -> None:
    html = sanitise(document(name))
    assert of_the_server(html) == of_the_server(expected(name))
    assert sanitise(html) == html
    if said(name):
        assert left_out(document(name)).sentence == said(name)


@pytest.mark.browser
def test_each_wrapped_address_is_read_back_in_the_editor(writer: Writer) -> None:
    links = "".join(f'<li><a href="{escape(link["address"])}">{link["maker"]}</a></li>' for link in LINKS)
    writer.surface.click()
    writer.paste(f"<ul>{links}</ul>")
    wanted = "".join(
        f'<li><a href="{escape(link["meant"])}">{link["maker"]}</a></li>'
        if link["meant"]
        else f"<li>{link['maker']}</li>"
        for link in LINKS
    )
    assert plain(writer.html()) == plain(f"<ul>{wanted}</ul>")


@pytest.mark.browser
def test_a_picture_written_in_the_html_view_is_named_when_it_is_left_out(writer: Writer) -> None:
    writer.tool("Edit as HTML")
    writer.page.locator("#body").fill('<p>One</p><img src="/media/bed.png" alt="A bed">')
    writer.tool("Edit as HTML")
    expect(writer.page.get_by_text("Left out: 1 picture (“A bed”)")).to_be_visible()
    writer.tool("Edit as HTML")
    writer.page.locator("#body").fill("<p>One</p>")
    writer.tool("Edit as HTML")
    expect(writer.page.get_by_text("Left out")).to_have_count(0)


@pytest.mark.browser
def test_what_is_marked_as_deleted_in_the_editor_stays_struck_out_when_it_is_saved(writer: Writer) -> None:
    body = '<p dir="rtl">مرحبا <s>لا</s></p><p lang="fr">Oui, <bdi lang="de">doch</bdi>.</p>'
    writer.open(body)
    writer.surface.press("Control+End")
    writer.type("x")
    writer.keys("Backspace")
    assert plain(writer.html()) == body
    assert sanitise(body) == body
