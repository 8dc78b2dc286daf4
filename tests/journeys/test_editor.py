"""The text editor on its own: it writes what it reads, pasted text comes out clean, and the policy is never
violated."""

import hashlib
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.journeys.browser import DESKTOP, HEIGHT, PHONE, ROOT
from tests.journeys.editor_page import EditorServer, Writer, demo_bodies, png, running_server

PASTE = Path(__file__).parent / "paste"
BLOCK = (
    r"\s*(</?(?:p|h[234r]|ul|ol|li|d[ltd]|aside|section|table|caption|thead|tbody|tr|t[hd]|figure|figcaption|blockquote)"
    r"\b[^>]*>)\s*"
)
EVERYTHING = """
<p>Text with <strong>bold</strong>, <em>italic</em>, H<sub>2</sub>O, 10<sup>3</sup>, <abbr title="Train">MRT</abbr>,
<a href="/book/" title="Book">a link</a>, <a href="?page=2">one</a>, <a href="#trial">two</a><br>and a break.</p>
<h2 id="own-id">Heading</h2><h3>Smaller</h3><h4>Smallest</h4>
<ol start="3"><li>three<ul><li>inner</li></ul></li><li>four</li></ol>
<blockquote><p>To be.</p><p><cite>Hamlet</cite></p></blockquote><hr>
<dl><dt>Term</dt><dd>Meaning</dd></dl>
<table><caption>Prices <em>now</em></caption><thead>
<tr><th scope="col">A</th><th scope="col" colspan="2">B</th></tr></thead>
<tbody><tr><th scope="row">C</th><td rowspan="2">D</td><td>E</td></tr>
<tr><th scope="row">F</th><td>G</td></tr></tbody></table>
<figure data-image="7" data-alt="" data-credit="Photo: Ann"><figcaption>With <em>words</em></figcaption></figure>
<figure data-image="400"></figure>
<aside class="pull-call"><p>Come.</p><p><a href="/book/">Book a trial session</a></p></aside>
<aside class="callout"><p>Mind this.</p><ul><li>and that</li></ul></aside>
<aside class="disclaimer"><p>No advice.</p></aside>
<section data-part="trial-form"></section>
<figure data-video="vimeo:123456"><figcaption>A bridge</figcaption></figure>
<section class="sources"><h2>Sources</h2><ol><li>A book.</li></ol></section>
"""
OPENERS: dict[str, Callable[[Writer], None]] = {
    "surface": lambda writer: writer.surface.click(),
    "menu": lambda writer: writer.tool("Insert"),
    "link": lambda writer: writer.tool("Link"),
    "choose": lambda writer: writer.tool("Picture"),
    "upload": lambda writer: writer.paste(file=png()),
    "table": lambda writer: writer.tool("Table"),
    "video": lambda writer: writer.insert("Video"),
    "details": lambda writer: open_details(writer),
    "html": lambda writer: writer.tool("Edit as HTML"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[EditorServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def writer(browser: Browser, server: EditorServer) -> Iterator[Writer]:
    server.refuse, server.is_wrong = "", False
    server.uploads.clear()
    writer = Writer(browser, server)
    writer.open()
    yield writer
    writer.leave()


def plain(html: str) -> str:
    """Return HTML without the white space between blocks."""
    return re.sub(BLOCK, r"\1", " ".join(html.split())).strip()


def open_details(writer: Writer) -> None:
    writer.page.locator(".editor-picture").first.click()
    writer.toolbar.get_by_role("button", name="Picture details").click()


def numbered(body: str) -> str:
    numbers = itertools.count(1)
    return re.sub(r'data-image="[a-z-]+"', lambda _: f'data-image="{next(numbers)}"', body)


def test_the_committed_bundle_is_built_from_the_sources_beside_it() -> None:
    folder = ROOT / "tools" / "editor"
    names = ["build.mjs", "package-lock.json", *sorted(f"src/{path.name}" for path in (folder / "src").iterdir())]
    digest = hashlib.sha256(b"".join(name.encode() + b"\0" + (folder / name).read_bytes() + b"\0" for name in names))
    banner = (ROOT / "clinic" / "static" / "js" / "editor.js").read_text(encoding="utf-8").partition("\n")[0]
    assert f"sha256 {digest.hexdigest()}" in banner, "run `npm run build` in tools/editor"


# Stored text


@pytest.mark.browser
@pytest.mark.parametrize("name", demo_bodies())
def test_a_text_that_is_opened_and_saved_stays_as_it_was(writer: Writer, name: str) -> None:
    body = numbered(demo_bodies()[name])
    writer.open(body)
    assert writer.html() == body, "nothing is written before something is changed"
    writer.surface.press("Control+End")
    writer.type("x")
    writer.keys("Backspace")
    assert plain(writer.html()) == plain(body)


@pytest.mark.browser
def test_everything_that_a_text_may_hold_is_kept(writer: Writer) -> None:
    writer.open(EVERYTHING)
    writer.tool("Edit as HTML")
    assert plain(writer.html()) == plain(EVERYTHING)


@pytest.mark.browser
def test_a_text_can_be_written_while_its_pictures_cannot_be_loaded(writer: Writer) -> None:
    writer.page.route("**/pick.json*", lambda route: route.abort())
    writer.open('<figure data-image="7"></figure><p>One</p>')
    expect(writer.surface.locator("figure")).to_contain_text("Picture 7 cannot be shown at the moment.")
    writer.surface.get_by_text("One").click()
    writer.keys("End")
    writer.type("!")
    assert plain(writer.html()) == '<figure data-image="7"></figure><p>One!</p>'


@pytest.mark.browser
def test_a_text_that_begins_with_a_picture_can_be_written_in_and_above(writer: Writer) -> None:
    writer.open('<figure data-image="7"></figure>')
    writer.surface.locator("figcaption").click()
    writer.type("Caption")
    writer.keys("Home", "ArrowUp")
    writer.type("Above")
    assert plain(writer.html()) == '<p>Above</p><figure data-image="7"><figcaption>Caption</figcaption></figure>'


@pytest.mark.browser
def test_an_empty_text_is_an_empty_string(writer: Writer) -> None:
    writer.open("<p>Gone</p>")
    writer.surface.press("Control+a")
    writer.keys("Delete", "Enter", "Enter")
    assert writer.html() == ""


@pytest.mark.browser
def test_scripts_hear_of_each_change_and_can_load_another_text(writer: Writer) -> None:
    writer.page.evaluate(
        "document.forms[0].addEventListener('input', (e) => e.target.id === 'body' && (window.heard = 1))"
    )
    writer.surface.click()
    writer.type("One")
    assert writer.page.evaluate("window.heard") == 1
    assert writer.html() == "<p>One</p>"
    writer.load('<h2>Recovered</h2><figure data-image="3"><figcaption>Here</figcaption></figure>')
    expect(writer.surface.get_by_role("heading")).to_have_text("Recovered")
    expect(writer.surface.locator("img")).to_have_attribute("alt", "Two people walk")
    writer.surface.press("Control+End")
    writer.type("End")
    assert plain(writer.html()).endswith("</figure><p>End</p>")


@pytest.mark.browser
def test_html_can_be_edited_by_hand_there_and_back(writer: Writer) -> None:
    writer.open("<p>One</p>")
    writer.tool("Edit as HTML")
    area = writer.page.locator("#body")
    expect(area).to_be_focused()
    area.fill('<p>Two <b>bold</b></p><script>alert(1)</script><p style="color:red" onclick="x()">Three</p>')
    writer.tool("Edit as HTML")
    expect(area).to_be_hidden()
    expect(writer.surface).to_be_focused()
    writer.surface.press("Control+End")
    writer.type("!")
    assert plain(writer.html()) == "<p>Two <strong>bold</strong></p><p>Three!</p>"


# Pasted text


@pytest.mark.browser
@pytest.mark.parametrize("source", ["word", "google-docs", "web"])
def test_what_is_pasted_comes_out_clean(writer: Writer, source: str) -> None:
    writer.surface.click()
    writer.paste((PASTE / f"{source}.html").read_text(encoding="utf-8"))
    assert plain(writer.html()) == plain((PASTE / f"{source}.expected.html").read_text(encoding="utf-8"))


@pytest.mark.browser
def test_words_pasted_into_a_sentence_stay_in_it(writer: Writer) -> None:
    writer.open("<p>Before after</p>")
    writer.surface.press("Control+Home")
    for _ in "Before ":
        writer.keys("ArrowRight")
    writer.paste('<meta charset="utf-8"><span style="font-weight:700">there</span>')
    assert writer.html() == "<p>Before <strong>there</strong>after</p>"


@pytest.mark.browser
def test_what_is_cut_here_can_be_pasted_here(writer: Writer) -> None:
    writer.open(EVERYTHING)
    writer.surface.press("Control+a")
    copied = writer.page.evaluate("""() => {
      const data = new DataTransfer();
      const event = new ClipboardEvent("cut", { clipboardData: data, bubbles: true, cancelable: true });
      document.querySelector(".editor-surface").dispatchEvent(event);
      return data.getData("text/html");
    }""")
    assert writer.html() == ""
    writer.paste(copied)
    assert plain(writer.html()) == plain(EVERYTHING)


@pytest.mark.browser
@pytest.mark.parametrize("way", ["paste", "drop"])
def test_a_pasted_or_dropped_picture_asks_for_its_words_first(writer: Writer, way: str) -> None:
    writer.surface.click()
    writer.paste(file=png(), way=way)
    expect(writer.dialog.get_by_role("tab", name="Upload")).to_have_attribute("aria-selected", "true")
    writer.dialog.get_by_role("button", name="Upload and insert").click()
    expect(writer.dialog.get_by_label("Alternative text")).to_have_attribute("aria-invalid", "true")
    assert writer.server.uploads == []
    writer.dialog.get_by_label("Alternative text").fill("A green field")
    writer.dialog.get_by_role("button", name="Upload and insert").click()
    expect(writer.dialog).to_be_hidden()
    assert plain(writer.html()) == '<figure data-image="41"></figure>'
    assert writer.server.uploads[0] == {
        "alt": "A green field",
        "credit": "",
        "csrf_token": "token-of-the-session",
        "file": "pasted.png",
        "bytes": str(len(png())),
    }


# Inserted elements


@pytest.mark.browser
@pytest.mark.parametrize(
    ("entry", "html"),
    [
        (
            "Call to action",
            '<aside class="pull-call"><p>New</p><p><a href="/book/">Book a trial session</a></p></aside>',
        ),
        ("Call-out", '<aside class="callout"><p>New</p></aside>'),
        ("Disclaimer", '<aside class="disclaimer"><p>New</p></aside>'),
        ("Sources", '<section class="sources"><h2>Sources</h2><ol><li>New</li></ol></section>'),
        ("Trial form", '<section data-part="trial-form"></section><p>New</p>'),
        ("Line", "<hr><p>New</p>"),
    ],
)
@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_a_part_is_inserted_from_the_menu(writer: Writer, entry: str, html: str, way: str) -> None:
    writer.surface.click()
    writer.type("Before")
    if way == "mouse":
        writer.insert(entry)
    else:
        writer.keys("Alt+F10", "Home")
        expect(writer.toolbar.get_by_role("combobox")).to_be_focused()
        insert = writer.toolbar.get_by_role("button", name="Insert")
        while not insert.evaluate("(button) => button === document.activeElement"):
            writer.keys("ArrowRight")
        writer.keys("Enter")
        item = writer.page.get_by_role("menuitem", name=entry)
        while not item.evaluate("(button) => button === document.activeElement"):
            writer.keys("ArrowDown")
        writer.keys("Enter")
    writer.type("New")
    assert plain(writer.html()) == f"<p>Before</p>{html}"


@pytest.mark.browser
def test_words_and_lists_by_tool_and_by_key(writer: Writer) -> None:
    writer.surface.click()
    writer.tool("Bold")
    writer.type("Bold")
    writer.keys("Control+b")
    writer.type(" ")
    writer.keys("Control+i")
    writer.type("italic")
    writer.keys("Enter")
    writer.toolbar.get_by_role("combobox").select_option(label="Heading 3")
    writer.type("Head")
    writer.keys("Enter")
    writer.tool("Bullet list")
    writer.type("one")
    writer.keys("Enter", "Tab")
    writer.type("inner")
    writer.keys("Enter", "Enter", "Enter")
    writer.type("1. first")
    writer.keys("Enter", "Enter")
    writer.tool("Quote")
    writer.type("said")
    assert plain(writer.html()) == (
        "<p><strong>Bold</strong> <em>italic</em></p><h3>Head</h3><ul><li>one<ul><li>inner</li></ul></li></ul>"
        "<ol><li>first</li></ol><blockquote><p>said</p></blockquote>"
    )
    writer.tool("Undo")
    assert "said" not in writer.html()
    writer.tool("Redo")
    assert "said" in writer.html()


@pytest.mark.browser
def test_a_link_leads_to_one_of_our_articles(writer: Writer) -> None:
    writer.surface.click()
    writer.type("read ")
    writer.keys("Control+k")
    writer.dialog.get_by_label("Or search our articles").fill("knees")
    expect(writer.dialog.get_by_role("listitem")).to_have_count(1)
    writer.dialog.get_by_role("button", name="Knees and stairs").click()
    writer.dialog.get_by_role("button", name="Add link").click()
    writer.type(" now")
    assert writer.html() == '<p>read <a href="/articles/knees-and-stairs/">Knees and stairs</a> now</p>'
    writer.surface.get_by_text("Knees and stairs").click()
    writer.tool("Link")
    writer.dialog.get_by_label("Address").fill("javascript:alert(1)")
    writer.dialog.get_by_role("button", name="Save link").click()
    expect(writer.dialog.get_by_label("Address")).to_have_attribute("aria-invalid", "true")
    writer.dialog.get_by_label("Address").fill("hello@example.org")
    writer.keys("Enter")
    assert 'href="mailto:hello@example.org"' in writer.html()
    writer.tool("Link")
    writer.dialog.get_by_role("button", name="Remove link").click()
    assert writer.html() == "<p>read Knees and stairs now</p>"


@pytest.mark.browser
def test_a_table_is_made_and_changed(writer: Writer) -> None:
    writer.surface.click()
    writer.tool("Table")
    writer.dialog.get_by_label("Rows").fill("2")
    writer.dialog.get_by_label("Columns").fill("2")
    writer.dialog.get_by_role("button", name="Add table").click()
    for words in ("A", "B", "C", "D"):
        writer.type(words)
        writer.keys("Tab")
    writer.type("E")
    writer.tool("Header column")
    writer.tool("Caption")
    writer.dialog.get_by_label("Caption").fill("A & B")
    writer.keys("Enter")
    assert plain(writer.html()) == (
        '<table><caption>A &amp; B</caption><thead><tr><th scope="col">A</th><th scope="col">B</th></tr></thead>'
        '<tbody><tr><th scope="row">C</th><td>D</td></tr><tr><th scope="row">E</th><td></td></tr></tbody></table>'
    )
    for tool in ("Row above", "Column right", "Delete column", "Delete row"):
        writer.tool(tool)
    assert writer.html().count("<tr>") == 3
    writer.tool("Delete table")
    assert writer.html() == ""


@pytest.mark.browser
def test_a_video_is_a_block_that_loads_nothing(writer: Writer) -> None:
    writer.surface.click()
    writer.insert("Video")
    writer.dialog.get_by_label("Address").fill("https://videos.example/1")
    writer.dialog.get_by_role("button", name="Add video").click()
    expect(writer.dialog.get_by_label("Address")).to_have_attribute("aria-invalid", "true")
    writer.dialog.get_by_label("Address").fill("https://youtu.be/dQw4w9WgXcQ?si=abc")
    writer.dialog.get_by_label("Title").fill("A bridge")
    writer.dialog.get_by_role("button", name="Add video").click()
    expect(writer.surface.locator("figure")).to_contain_text("YouTube video")
    assert plain(writer.html()) == '<figure data-video="youtube:dQw4w9WgXcQ"><figcaption>A bridge</figcaption></figure>'


@pytest.mark.browser
def test_a_picture_is_chosen_captioned_and_described_for_this_text(writer: Writer) -> None:
    writer.surface.click()
    writer.tool("Picture")
    expect(writer.dialog.get_by_role("listitem")).to_have_count(8)
    writer.dialog.get_by_role("button", name="Show more").click()
    expect(writer.dialog.get_by_role("listitem")).to_have_count(12)
    writer.dialog.get_by_label("Search").fill("chair")
    writer.dialog.get_by_role("button", name="A chair from the side (2)").click()
    writer.type("A caption")
    writer.keys("Enter")
    writer.type("After")
    assert plain(writer.html()) == '<figure data-image="2"><figcaption>A caption</figcaption></figure><p>After</p>'
    open_details(writer)
    writer.dialog.get_by_label("Use another text here").check()
    writer.dialog.get_by_label("Alternative text in this text").fill("Our best chair")
    writer.dialog.get_by_label("Credit in this text").fill("Photo: Ann")
    writer.dialog.get_by_role("button", name="Save details").click()
    assert '<figure data-image="2" data-alt="Our best chair" data-credit="Photo: Ann">' in writer.html()
    expect(writer.surface.locator("img")).to_have_attribute("alt", "Our best chair")
    open_details(writer)
    writer.dialog.get_by_label("None: the picture is decorative here").check()
    writer.dialog.get_by_label("Credit in this text").fill("")
    writer.dialog.get_by_role("button", name="Save details").click()
    assert '<figure data-image="2" data-alt="">' in writer.html()
    writer.tool("Move down")
    assert plain(writer.html()).startswith("<p>After</p><figure")
    open_details(writer)
    writer.dialog.get_by_role("button", name="Remove picture").click()
    assert writer.html() == "<p>After</p>"


@pytest.mark.browser
def test_a_refused_upload_says_why_and_keeps_everything_for_another_try(writer: Writer) -> None:
    writer.server.refuse = "This file is not a picture that we can read."
    writer.surface.click()
    writer.tool("Picture")
    writer.dialog.get_by_role("tab", name="Upload").click()
    files = [{"name": f"{name}.png", "mimeType": "image/png", "buffer": png()} for name in ("one", "two")]
    writer.dialog.get_by_label("Pictures from this device").set_input_files(files)  # type: ignore[arg-type]
    first, second = writer.dialog.get_by_role("group").all()
    first.get_by_label("Alternative text").fill("One")
    first.get_by_label("Credit").fill("Photo: Ann")
    second.get_by_label("Decorative").check()
    writer.server.may_answer.clear()
    writer.dialog.get_by_role("button", name="Upload and insert").click()
    expect(first.get_by_role("progressbar")).to_be_visible()
    writer.server.may_answer.set()
    expect(first.get_by_role("alert")).to_have_text(writer.server.refuse)
    expect(first.get_by_label("Alternative text")).to_have_value("One")
    writer.server.refuse = ""
    writer.dialog.get_by_role("button", name="Try again").click()
    expect(writer.dialog).to_be_hidden()
    assert [upload["file"] for upload in writer.server.uploads] == ["one.png", "one.png", "two.png"]
    assert writer.server.uploads[1]["credit"] == "Photo: Ann"
    assert writer.server.uploads[2]["is_decorative"] == "y"
    assert plain(writer.html()) == '<figure data-image="42"></figure><figure data-image="43"></figure>'


@pytest.mark.browser
def test_a_box_can_be_opened_moved_and_removed(writer: Writer) -> None:
    writer.open('<p>One</p><aside class="callout"><p>Two</p></aside><p>Three</p>')
    writer.surface.get_by_text("Two").click()
    writer.tool("Move up")
    assert plain(writer.html()) == '<aside class="callout"><p>Two</p></aside><p>One</p><p>Three</p>'
    writer.tool("Remove box, keep text")
    assert plain(writer.html()) == "<p>Two</p><p>One</p><p>Three</p>"
    writer.tool("Undo")
    writer.surface.get_by_text("Two").click()
    writer.tool("Remove")
    assert plain(writer.html()) == "<p>One</p><p>Three</p>"


# Keyboard, touch and other input


@pytest.mark.browser
def test_the_tab_key_is_no_trap(writer: Writer) -> None:
    writer.open("<p>One</p><table><tr><td>a</td><td>b</td></tr></table>")
    writer.surface.press("Control+Home")
    writer.keys("Tab")
    expect(writer.page.get_by_label("Tags")).to_be_focused()
    writer.surface.locator("td").last.click()
    expect(writer.toolbar.get_by_role("button", name="Row above")).to_have_attribute("tabindex", "-1")
    writer.keys("Escape", "Tab")
    expect(writer.page.get_by_label("Tags")).to_be_focused()
    assert writer.html().count("<tr>") == 1
    writer.keys("Shift+Tab")
    expect(writer.surface).to_be_focused()
    writer.keys("Escape", "Shift+Tab")
    expect(writer.toolbar.get_by_role("combobox")).to_be_focused()
    writer.keys("ArrowRight")
    expect(writer.toolbar.get_by_role("button", name="Bold")).to_be_focused()
    writer.keys("Escape")
    expect(writer.surface).to_be_focused()


@pytest.mark.browser
def test_a_dialog_gives_the_focus_back(writer: Writer) -> None:
    writer.surface.click()
    for name in ("Link", "Picture", "Table"):
        writer.tool(name)
        expect(writer.dialog).to_be_visible()
        writer.keys("Escape")
        expect(writer.dialog).to_be_hidden()
        expect(writer.surface).to_be_focused()


@pytest.mark.browser
def test_the_label_the_hint_and_the_error_belong_to_the_surface(writer: Writer) -> None:
    writer.server.is_wrong = True
    writer.open()
    expect(writer.surface).to_have_accessible_description(re.compile(r"The text itself\. .*Alt\+F10"))
    expect(writer.surface).to_have_attribute("aria-invalid", "true")
    writer.page.locator("label", has_text="Body").click()
    expect(writer.surface).to_be_focused()


@pytest.mark.browser
def test_without_javascript_the_textarea_is_there(browser: Browser, server: EditorServer) -> None:
    server.body = "<p>As it stands</p>"
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server.url)
    expect(page.get_by_label("Body")).to_have_value("<p>As it stands</p>")
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize("name", OPENERS)
def test_axe_finds_nothing(browser: Browser, server: EditorServer, name: str) -> None:
    writer = Writer(browser, server, bypass_csp=True)
    writer.open(EVERYTHING)
    OPENERS[name](writer)
    writer.page.wait_for_load_state("networkidle")
    writer.page.evaluate(Axe().axe_script)
    options = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
    for width, scheme in itertools.product((PHONE, DESKTOP), ("light", "dark")):
        writer.page.set_viewport_size({"width": width, "height": HEIGHT})
        writer.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = writer.page.evaluate("(options) => axe.run(document, options)", options)["violations"]
        assert [(one["id"], node["html"], node["failureSummary"]) for one in found for node in one["nodes"]] == []
    assert writer.sticking_out() == []
    writer.leave()


@pytest.mark.browser
def test_fingers_find_the_tools_on_a_phone(writer: Writer) -> None:
    writer.page.set_viewport_size({"width": PHONE, "height": HEIGHT})
    writer.open("<table><tr><td>a</td></tr></table>")
    writer.surface.locator("td").click()
    boxes = [tool.bounding_box() for tool in writer.toolbar.locator("button:visible, select").all()]
    assert len(boxes) > 15
    assert all(box and box["width"] >= 44 and box["height"] >= 44 for box in boxes)
