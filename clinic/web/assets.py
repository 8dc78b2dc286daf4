"""Style sheets joined at start and, like scripts and fonts, named by their content: browsers keep them. No Node."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, current_app, request

bp = Blueprint("assets", __name__)
FOR_EVER = "public, max-age=31536000, immutable"
KINDS = {"css": "text/css", "js": "text/javascript", "woff2": "font/woff2"}


@dataclass(frozen=True)
class File:
    """One served file, and its gzip form where that is smaller."""

    content: bytes
    zipped: bytes | None
    kind: str


class Assets:
    """The files in memory by their served name ("site-1a2b3c4d5e.css"), and that name by the plain one ("site.css")."""

    def __init__(self, static: Path) -> None:
        self.files: dict[str, File] = {}
        self.names: dict[str, str] = {}
        for font in sorted((static / "fonts").glob("*.woff2")):
            self._add(font.stem, "woff2", font.read_bytes())
        for bundle in ("site", "panel"):
            parts = [*sorted((static / "css" / "base").glob("*.css")), *sorted((static / "css" / bundle).glob("*.css"))]
            joined = "\n".join(part.read_text(encoding="utf-8") for part in parts)
            self._add(bundle, "css", self._with_served_fonts(joined).encode())
        for script in sorted((static / "js").glob("*.js")):
            self._add(script.stem, "js", script.read_bytes())

    def _with_served_fonts(self, css: str) -> str:
        return re.sub(r"url\(\"../../fonts/([^\"]+)\"\)", lambda match: f'url("{self.url(match[1])}")', css)

    def _add(self, stem: str, extension: str, content: bytes) -> None:
        name = f"{stem}-{hashlib.sha256(content).hexdigest()[:10]}.{extension}"
        zipped = gzip.compress(content, 9, mtime=0)
        self.files[name] = File(content, zipped if len(zipped) < len(content) * 0.9 else None, KINDS[extension])
        self.names[f"{stem}.{extension}"] = name

    def url(self, name: str) -> str:
        """The address of a file: url("site.css"). Raises KeyError when there is none of that name."""
        return f"/assets/{self.names[name]}"


def init_assets(app: Flask) -> None:
    """Join the files and serve them at /assets/."""
    assets = Assets(Path(app.static_folder or ""))
    app.extensions["clinic.assets"] = assets
    app.jinja_env.globals["asset"] = assets.url
    app.register_blueprint(bp)


@bp.get("/assets/<name>")
def asset(name: str) -> Response:
    """One file."""
    files: dict[str, File] = current_app.extensions["clinic.assets"].files
    file = files.get(name) or abort(404)
    headers = {"Cache-Control": FOR_EVER}
    if file.zipped:
        headers["Vary"] = "Accept-Encoding"
        if request.accept_encodings.quality("gzip") > 0:
            return Response(file.zipped, mimetype=file.kind, headers=headers | {"Content-Encoding": "gzip"})
    return Response(file.content, mimetype=file.kind, headers=headers)
