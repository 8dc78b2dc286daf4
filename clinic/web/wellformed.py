"""The last guard of every page, feed and file of text: whatever is stored, no answer holds what XML or HTML forbid."""

from flask import Flask, Response

from clinic.core.characters import storable

TEXTS = ("text/", "application/atom+xml", "application/xml", "application/json", "application/manifest+json")


def init_wellformed(app: Flask) -> None:
    """Clean each answer that is text and made in one piece; those that are streamed clean their own pieces."""

    @app.after_request
    def clean(response: Response) -> Response:
        if (response.mimetype or "").startswith(TEXTS) and not response.is_streamed and not response.direct_passthrough:
            made = response.get_data(as_text=True)
            cleaned = storable(made)
            if cleaned is not made:
                response.set_data(cleaned)
        return response
