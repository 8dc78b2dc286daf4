"""The offer to undo what was just done."""

from flask import flash

MOST_TO_UNDO = 200


def flash_undo(text: str, url: str, **fields: str) -> None:
    """Say on the next page what was done, beside an Undo button that posts `fields` and the token to `url`.

    The session cookie carries it and browsers keep 4 KB of one: write ids as "1,2,3", at most MOST_TO_UNDO of them.
    The view at `url` must be harmless when it is asked twice, and must say so when somebody has acted in between.
    """
    flash({"text": text, "url": url, "fields": fields}, "undo")  # type: ignore[arg-type]
