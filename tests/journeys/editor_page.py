"""A page with only the text editor, under the strictest policy, and a server that answers its requests."""

import io
import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect
from werkzeug.formparser import parse_form_data

from clinic.web.assets import KINDS, Assets
from tests.journeys.browser import DESKTOP, HEIGHT, ROOT, SMALLEST, STICKING_OUT

POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'"
PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Edit article</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="{css}">
  <script src="{js}" defer></script>
</head>
<body class="panel">
  <header class="panel-head"><p class="panel-name"><a href="/">Move Therapy</a></p></header>
  <main class="panel-main">
    <h1>Edit article</h1>
    <form class="panel-form" method="post">
      <input type="hidden" name="csrf_token" value="token-of-the-session">
      <div class="field"><label for="title">Title</label><input id="title" name="title" value="Sitting"></div>
      <div class="field{field}">
        <label for="body">Body</label>
        <p class="hint" id="body-hint">The text itself.</p>
        {error}
        <textarea id="body" name="body" class="code" rows="20" aria-describedby="body-hint" {invalid}
          data-editor data-pictures="/admin/media/pick.json" data-upload="/admin/media/upload.json"
          data-articles="/admin/articles/pick.json">{body}</textarea>
      </div>
      <div class="field"><label for="tags">Tags</label><input id="tags" name="tags"></div>
      <button class="button" type="submit">Save</button>
    </form>
  </main>
</body>
</html>
"""
ALTS = ["A woman stands on one leg", "Three steps of a stair", "A chair from the side", "Two people walk"]
ARTICLES = [
    {"title": "Knees and stairs", "address": "/articles/knees-and-stairs/", "state": "published"},
    {"title": "Walking after 60", "address": "/articles/walking-after-60/", "state": "draft"},
]


def png(red: int = 90) -> bytes:
    """Return a small picture."""
    file = io.BytesIO()
    Image.new("RGB", (480, 320), (red, 140, 120)).save(file, "PNG")
    return file.getvalue()


def picture(number: int) -> dict[str, Any]:
    """Return a picture as the panel describes it."""
    address = f"/media/{number}/480.png"
    return {
        "id": number,
        "url": address,
        "full": address,
        "alt": ALTS[number % len(ALTS)],
        "credit": "Photo: Mei Tan",
        "is_decorative": False,
        "width": 480,
        "height": 320,
    }


@dataclass
class EditorServer:
    """Serves the page and simulates the panel. `refuse` is the error for uploads; `may_answer` delays responses to
    them."""

    assets: Assets
    url: str = ""
    body: str = ""
    is_wrong: bool = False
    refuse: str = ""
    may_answer: threading.Event = field(default_factory=threading.Event)
    uploads: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        status, kind, content = self._answer(environ)
        headers = [("Content-Type", kind), ("Content-Length", str(len(content))), ("Content-Security-Policy", POLICY)]
        start(f"{status} {'OK' if status < 400 else 'Refused'}", headers)
        return [content]

    def _answer(self, environ: dict[str, Any]) -> tuple[int, str, bytes]:
        path: str = environ["PATH_INFO"]
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        if path == "/":
            return 200, "text/html; charset=utf-8", self._page().encode()
        if path.startswith("/assets/"):
            file = self.assets.folder / path.removeprefix("/assets/")
            return 200, KINDS[file.suffix], file.read_bytes()
        if path.startswith("/media/"):
            return 200, "image/png", png(int(path.split("/")[2]) * 20 % 255)
        if path == "/admin/media/pick.json":
            return self._json(200, self._pictures(query))
        if path == "/admin/media/upload.json":
            return self._upload(environ)
        if path == "/admin/articles/pick.json":
            words = query.get("q", "").lower()
            return self._json(200, {"items": [one for one in ARTICLES if words in one["title"].lower()]})
        return self._json(404, {"error": f"nothing at {path}"})

    def _page(self) -> str:
        return PAGE.format(
            css=self.assets.url("panel.css"),
            js=self.assets.url("editor.js"),
            body=escape(self.body),
            field=" field-wrong" if self.is_wrong else "",
            error='<p class="error" id="body-error">Write something.</p>' if self.is_wrong else "",
            invalid='aria-invalid="true"' if self.is_wrong else "",
        )

    def _pictures(self, query: dict[str, str]) -> dict[str, Any]:
        if "ids" in query:
            return {"images": [picture(int(number)) for number in query["ids"].split(",") if int(number) < 100]}
        words = query.get("q", "").lower()
        numbers = range(1, 9) if query["page"] == "1" else range(9, 13)
        found = [one for one in map(picture, numbers) if words in one["alt"].lower()]
        return {"images": found, "more": query["page"] == "1" and not words}

    def _upload(self, environ: dict[str, Any]) -> tuple[int, str, bytes]:
        _, form, files = parse_form_data(environ)
        name, content = files["file"].filename or "", files["file"].read()
        self.uploads.append({**form.to_dict(), "file": name, "bytes": str(len(content))})
        assert self.may_answer.wait(10)
        if self.refuse:
            return self._json(422, {"error": self.refuse})
        made = picture(40 + len(self.uploads)) | {"alt": form["alt"], "credit": form["credit"]}
        return self._json(201, made | {"is_decorative": "is_decorative" in form})

    def _json(self, status: int, answer: dict[str, Any]) -> tuple[int, str, bytes]:
        return status, "application/json", json.dumps(answer).encode()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing; the tests check the browser."""


@contextmanager
def running_server() -> Iterator[EditorServer]:
    """The server on a free port."""
    with (
        tempfile.TemporaryDirectory() as folder,
        make_server("127.0.0.1", 0, None, WSGIServer, _Quiet) as wsgi,  # type: ignore[call-overload]
    ):
        server = EditorServer(Assets(Path(folder) / "assets"))
        server.may_answer.set()
        wsgi.set_app(server)
        server.url = f"http://127.0.0.1:{wsgi.server_port}"
        thread = threading.Thread(target=wsgi.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            wsgi.shutdown()
            thread.join()


class Writer:
    """A person at the editor. `complaints` collects errors of the browser."""

    def __init__(self, browser: Browser, server: EditorServer, *, width: int = DESKTOP, **options: Any) -> None:
        self.server = server
        self.complaints: list[str] = []
        self.context: BrowserContext = browser.new_context(
            base_url=server.url, viewport={"width": width, "height": HEIGHT}, reduced_motion="reduce", **options
        )
        self.context.set_default_timeout(5_000)
        self.context.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " (event) => console.error(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`))"
        )
        self.page: Page = self.context.new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error.stack or error}"))
        self.page.on("request", self._on_request)

    def open(self, body: str = "") -> None:
        """Open the page with a stored body."""
        self.server.body = body
        self.page.goto("/")
        expect(self.surface).to_be_visible()

    @property
    def surface(self) -> Locator:
        """The editing surface."""
        return self.page.get_by_role("textbox", name="Body")

    @property
    def toolbar(self) -> Locator:
        """The toolbar."""
        return self.page.get_by_role("toolbar")

    @property
    def dialog(self) -> Locator:
        """The open dialog."""
        return self.page.get_by_role("dialog")

    def html(self) -> str:
        """Return the body that the form would send."""
        return str(self.page.evaluate("document.querySelector('#body').value"))

    def tool(self, name: str) -> None:
        """Click a tool."""
        self.toolbar.get_by_role("button", name=name, exact=True).click()

    def insert(self, name: str) -> None:
        """Choose from the insert menu."""
        self.tool("Insert")
        self.page.get_by_role("menuitem", name=name).click()

    def keys(self, *names: str) -> None:
        """Press keys, one after the other."""
        for name in names:
            self.page.keyboard.press(name)

    def type(self, words: str) -> None:
        """Type at the cursor. Waits first, because the editor learns its position a moment after a click or key."""
        self.page.wait_for_timeout(60)
        self.page.keyboard.type(words)

    def paste(self, html: str = "", file: bytes = b"", way: str = "paste") -> None:
        """Paste into the text, or drop on it."""
        self.page.evaluate(
            """async ([html, bytes, way]) => {
              await new Promise((resolve) => setTimeout(resolve, 30)); // the cursor is where the last key put it
              const data = new DataTransfer();
              if (html) data.setData("text/html", html);
              if (bytes.length) data.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
              const options = { clipboardData: data, dataTransfer: data, bubbles: true, cancelable: true };
              const surface = document.querySelector(".editor-surface"), box = surface.getBoundingClientRect();
              const at = { clientX: box.left + 60, clientY: box.top + 40 };
              const kind = way === "drop" ? DragEvent : ClipboardEvent;
              surface.dispatchEvent(new kind(way, { ...options, ...at }));
            }""",
            [html, list(file), way],
        )

    def load(self, html: str) -> None:
        """Set the body in the textarea from a script, and dispatch the event for it."""
        self.page.evaluate(
            """(html) => {
              const area = document.querySelector("#body");
              area.value = html;
              area.dispatchEvent(new CustomEvent("editor:load"));
            }""",
            html,
        )

    def sticking_out(self) -> list[str]:
        """Return the elements that cause sideways scrolling on the smallest screen."""
        self.page.set_viewport_size({"width": SMALLEST, "height": HEIGHT})
        self.page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
        return list(self.page.evaluate(STICKING_OUT))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"console: {message.text}")

    def _on_request(self, request: Any) -> None:
        if not request.url.startswith((urljoin(self.server.url, "/"), "data:")):
            self.complaints.append(f"a request to {request.url}")

    def leave(self) -> None:
        """Close the browser; fail if there were complaints."""
        self.context.close()
        assert self.complaints == []


def demo_bodies() -> dict[str, str]:
    """Return the body of each demo text by file name, with a number for the name of each picture."""
    folder = Path(ROOT / "clinic" / "demo" / "content")
    files = sorted([*(folder / "articles").glob("*.html"), *(folder / "pages").glob("*.html")])
    return {path.name: path.read_text(encoding="utf-8").split("+++", 2)[2].strip() for path in files}
