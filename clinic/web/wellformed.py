"""The last guard of every page, feed and file of text: whatever is stored, no answer holds what XML or HTML forbid."""

from typing import Any

from flask import Flask, Response
from flask.json.provider import DefaultJSONProvider

from clinic.core.characters import storable, storable_in

TEXTS = ("text/", "application/atom+xml", "application/xml", "application/json", "application/manifest+json")


class Provider(DefaultJSONProvider):
    """Flask's JSON, without characters that a program could not put into a page again."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """As JSON."""
        return super().dumps(storable_in(obj), **kwargs)


def init_wellformed(app: Flask) -> None:
    """Clean each answer that is text and made in one piece; those that are streamed clean their own pieces."""
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
