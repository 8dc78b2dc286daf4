"""Style sheets joined and named by their content at start, so that browsers may keep them for ever. No Node."""

import hashlib
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, current_app

bp = Blueprint("assets", __name__)
FOR_EVER = "public, max-age=31536000, immutable"


class Assets:
    """The joined files in memory: {"site-1a2b3c4d.css": bytes}, and the newest name of each bundle."""

    def __init__(self, static: Path) -> None:
        self.files: dict[str, bytes] = {}
        self.names: dict[str, str] = {}
        for bundle in ("site", "panel"):
            parts = [*sorted((static / "css" / "base").glob("*.css")), *sorted((static / "css" / bundle).glob("*.css"))]
            self._add(bundle, "css", b"\n".join(part.read_bytes() for part in parts))
        for script in sorted((static / "js").glob("*.js")):
            self._add(script.stem, "js", script.read_bytes())

    def _add(self, stem: str, extension: str, content: bytes) -> None:
        name = f"{stem}-{hashlib.sha256(content).hexdigest()[:10]}.{extension}"
        self.files[name] = content
        self.names[f"{stem}.{extension}"] = name

    def url(self, name: str) -> str:
        """The address of a bundle: url("site.css")."""
        return f"/assets/{self.names[name]}"


def init_assets(app: Flask) -> None:
    """Join the files and serve them at /assets/."""
    assets = Assets(Path(app.static_folder or ""))
    app.extensions["clinic.assets"] = assets
    app.jinja_env.globals["asset"] = assets.url
    app.register_blueprint(bp)


@bp.get("/assets/<name>")
def asset(name: str) -> Response:
    """One joined file."""
    files: dict[str, bytes] = current_app.extensions["clinic.assets"].files
    if name not in files:
        abort(404)
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    return Response(files[name], mimetype=kind, headers={"Cache-Control": FOR_EVER})
