"""Checks of an article's text before it is saved or published."""

from typing import Any

from clinic.articles.addresses import is_known_address
from clinic.articles.body import image_ids
from clinic.articles.models import (
    Article,
)
from clinic.core.html import sanitise
from clinic.editing.advertising import DEFAULT_PROFILE, read_profile
from clinic.editing.preflight import Checked, CheckedImage, Finding, preflight
from clinic.media.queries import images_by_id
from clinic.preferences import preferences


def findings_in(article: Article, text: Any = None) -> list[Finding]:
    """Return the findings for this article: as it is stored, or as `text` (a Text) would make it."""
    kind = article.kind
    body = article.body if text is None else sanitise(text.body)
    article = article if text is None else text
    pictures = {
        id_: CheckedImage(image.alt, image.credit, image.is_decorative)
        for id_, image in images_by_id([*image_ids(body), article.image_id or 0]).items()
    }
    main = pictures.get(article.image_id or 0)
    if main and (article.image_alt or article.image_credit):
        main = CheckedImage(article.image_alt or main.alt, article.image_credit or main.credit, main.is_decorative)
    checked = Checked(
        kind=kind,
        title=article.title,
        slug=article.slug,
        summary=article.summary,
        body=body,
        pictures=pictures,
        main_picture=main,
        has_author=article.author_id is not None,
        has_category=article.category_id is not None,
        has_reviewer=article.reviewer_id is not None,
        reviewed_on=article.reviewed_on,
        # Articles end in the site's own; which pages give advice on health, only their writers know.
        has_disclaimer=True,
        is_known_address=is_known_address,
    )
    claims = preferences().claims
    return preflight(checked, read_profile(claims) if claims else DEFAULT_PROFILE)
