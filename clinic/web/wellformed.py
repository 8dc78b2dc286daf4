"""Last filter of every text response: removes characters that XML or HTML forbid."""

from typing import Any

from flask import Flask, Response
from flask.json.provider import DefaultJSONProvider

from clinic.core.characters import storable, storable_in

TEXTS = ("text/", "application/atom+xml", "application/xml", "application/json", "application/manifest+json")


class Provider(DefaultJSONProvider):
    """Flask's JSON provider, without characters that a page must not contain."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return the object as JSON."""
        return super().dumps(storable_in(obj), **kwargs)


def init_wellformed(app: Flask) -> None:
    """Filter each text response that is not streamed. Streamed responses filter their own chunks."""
    app.json_provider_class = Provider  # Flask-Security adds to it
    app.json = Provider(app)

    @app.after_request
    def clean(response: Response) -> Response:
        if (response.mimetype or "").startswith(TEXTS) and not response.is_streamed and not response.direct_passthrough:
            made = response.get_data(as_text=True)
            cleaned = storable(made)
            if cleaned is not made:
                response.set_data(cleaned)
        return response
