"""The offer to undo what was just done."""

from flask import flash

MOST_TO_UNDO = 200


def flash_undo(text: str, url: str, **fields: str) -> None:
    """Flash a message with an Undo button that posts `fields` and the token to `url`.

    The session cookie carries the message, and browsers limit a cookie to 4 KB. Write ids as "1,2,3", at most
    MOST_TO_UNDO of them. The view at `url` must accept a repeated request and must report if somebody has changed the
    rows since.
    """
    flash({"text": text, "url": url, "fields": fields}, "undo")  # type: ignore[arg-type]
