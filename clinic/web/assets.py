"""Static files with a content hash in their names, so that browsers cache them for ever. Style sheets are joined at
start.

Each file is written to instance/assets/ as it is and, if that is smaller, as brotli and gzip. WhiteNoise serves the
folder in front of routing, or nginx does. Files of earlier releases stay, because pages opened before an update still
ask for them.
"""

import hashlib
import os
import re
import tempfile
from importlib.resources import files
from pathlib import Path
from wsgiref.headers import Headers

from flask import Flask, current_app
from whitenoise import WhiteNoise
from whitenoise.compress import Compressor

from clinic.core.file_modes import make_readable, make_readable_folder
from clinic.core.settings import settings
from clinic.web.headers import headers_of_all

STATIC = Path(__file__).resolve().parent.parent / "static"
PASSKEY_SCRIPTS = Path(str(files("flask_security"))) / "static" / "js"
FOR_EVER = "public, max-age=31536000, immutable"
KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


def style_sheets(bundle: str) -> list[Path]:
    """Return the style sheets of a bundle in the order of their names, whatever folder they are in."""
    return sorted((STATIC / "css" / bundle).rglob("*.css"), key=lambda path: path.name)


class Assets:
    """Served addresses of static files by their plain names: "site.css" is served as "/assets/site-1a2b3c4d5e.css"."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: dict[str, str] = {}
        self._contents: dict[str, bytes] = {}
        for font in sorted((STATIC / "fonts").glob("*.woff2")):
            self._add(font.name, font.read_bytes())
        for bundle in ("site", "panel"):
            parts = [*style_sheets("base"), *style_sheets(bundle)]
            joined = "\n".join(part.read_text(encoding="utf-8") for part in parts)
            self._add(f"{bundle}.css", self._with_served_fonts(joined).encode())
        scripts = [*(STATIC / "js").glob("*.js"), PASSKEY_SCRIPTS / "base64.js", PASSKEY_SCRIPTS / "webauthn.js"]
        for file in sorted([*scripts, *(STATIC / "img").iterdir()]):
            self._add(file.name, file.read_bytes())
        self._write()

    def _with_served_fonts(self, css: str) -> str:
        return re.sub(r"url\(\"../../fonts/([^\"]+)\"\)", lambda match: f'url("{self.url(match[1])}")', css)

    def _add(self, name: str, content: bytes) -> None:
        stem, dot, extension = name.rpartition(".")
        self._names[name] = f"{stem}-{hashlib.sha256(content).hexdigest()[:10]}{dot}{extension}"
        self._contents[self._names[name]] = content

    def _write(self) -> None:
        """Write missing files to the folder. Processes that start at the same time write identical files."""
        new = {name: content for name, content in self._contents.items() if not (self.folder / name).exists()}
        self._contents.clear()
        if not new:
            return
        make_readable_folder(self.folder)
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as drafts:  # another process may be listing the folder
            for name, content in new.items():
                Path(drafts, name).write_bytes(content)
            compressor = Compressor(quiet=True)
            smaller = [
                one
                for name in new
                if compressor.should_compress(name)
                for one in compressor.compress(f"{drafts}/{name}")
            ]
            os.sync()  # after a power cut a file under its final name must be complete
            for file in (*smaller, *new):  # plain files last: their presence means that all variants exist
                make_readable(Path(drafts, file))
                Path(drafts, file).replace(self.folder / Path(file).name)

    def url(self, name: str) -> str:
        """Return the address of a file: url("site.css"). Raises KeyError for an unknown name."""
        return f"/assets/{self._names[name]}"


def asset_url(name: str) -> str:
    """Return the address of a static file of the running app."""
    assets: Assets = current_app.extensions["clinic.assets"]
    return assets.url(name)


def init_assets(app: Flask) -> None:
    """Write the static files and serve them at /assets/."""
    with app.app_context():
        assets = Assets(settings().instance / "assets")
        always = headers_of_all()

    def add_headers(headers: Headers, path: str, _url: str) -> None:
        for name, value in always.items():
            headers[name] = value
        headers["Cache-Control"] = FOR_EVER
        headers["Content-Type"] = KINDS[Path(path).suffix]

    app.extensions["clinic.assets"] = assets
    app.jinja_env.globals["asset"] = assets.url
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app, assets.folder, "/assets/", allow_all_origins=False, add_headers_function=add_headers
    )
