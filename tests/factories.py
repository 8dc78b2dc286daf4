"""make_article(), make_lead() …: rows created by the same operations as on the site."""

import io
import itertools
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_security import hash_password
from PIL import Image as Pillow

from clinic.accounts.access import RoleName
from clinic.accounts.models import User
from clinic.accounts.queries import roles_named
from clinic.articles.lifecycle import publish_article
from clinic.articles.models import Article, Author, Category, Kind
from clinic.articles.operations import write_article
from clinic.articles.taxonomy import ensure_author, ensure_category
from clinic.articles.text import Text
from clinic.bookings.models import Booking, Service
from clinic.bookings.operations import TrialRequest, book_trial
from clinic.bookings.services import ensure_service
from clinic.comments.models import Comment, CommentState
from clinic.comments.operations import moderate_comment, post_comment
from clinic.core import clock
from clinic.core.db import atomic, db
from clinic.media.models import Image
from clinic.media.operations import Description, add_image, render_next
from clinic.visits.models import Therapist, Visit
from clinic.visits.operations import set_visit
from clinic.visits.therapists import add_therapist

numbers = itertools.count(1)
PASSWORD = "correct horse battery"


@cache
def _hashed() -> str:
    hashed: str = hash_password(PASSWORD)
    return hashed


def make_user(*, roles: list[RoleName] | None = None, email: str = "", name: str = "Mei Tan") -> User:
    """Create a user who signs in with PASSWORD."""
    number = next(numbers)
    with atomic():
        user = User(
            email=email or f"person{number}@example.org",
            name=name,
            password=_hashed(),
            active=True,
            created_at=clock.now(),
            fs_uniquifier=f"uniquifier-{number}",
            roles=roles_named(roles or [RoleName.OWNER]),
        )
        db.session.add(user)
    return user


def picture_bytes(width: int = 640, height: int = 400, kind: str = "JPEG", **save: Any) -> bytes:
    """Return the bytes of a small picture."""
    buffer = io.BytesIO()
    Pillow.new("RGB", (width, height), (168, 63, 38)).save(buffer, kind, **save)
    return buffer.getvalue()


def make_image(alt: str = "A woman stands on one leg", credit: str = "Photo: Mei Tan") -> Image:
    """Create an image with its files."""
    image = add_image(picture_bytes(), filename="one-leg.jpg", said=Description(alt=alt, credit=credit))
    while render_next():
        pass
    return image


def make_category(name: str = "Back and spine", slug: str = "back-pain") -> Category:
    """Create a category."""
    return ensure_category(slug=slug, name=name)


def make_author(name: str = "Lim Pei Shuang", slug: str = "lim-pei-shuang") -> Author:
    """Create an author."""
    return ensure_author(slug=slug, name=name, title="Physiotherapist", bio="Works with people in pain.")


def make_article(*, publish: bool = True, at: datetime | None = None, kind: Kind = Kind.POST, **text: Any) -> Article:
    """Create an article, published by default. Keyword arguments are fields of Text."""
    number = next(numbers)
    fields = {
        "title": f"Strong hips {number}",
        "summary": "What the hip muscles do, and how to train them.",
        "body": "<p>Hips carry us.</p><h2>How</h2><p>Step by step.</p>",
    } | text
    if kind == Kind.POST:
        fields.setdefault("category_id", make_category().id)
        fields.setdefault("author_id", make_author().id)
    article = write_article(kind, Text(**fields))
    return publish_article(article, at=at) if publish else article


def make_services() -> list[Service]:
    """Create the two services of the demo clinic."""
    return [
        ensure_service(
            slug="move-therapy-1-to-1", name="Move Therapy 1-to-1", summary="For pain.", minutes=60, position=0
        ),
        ensure_service(slug="pilates-1-to-1", name="Pilates 1-to-1", summary="For strength.", minutes=60, position=1),
    ]


def make_booking(
    *, name: str = "Tan Wei Ling", email: str = "", mobile: str = "", article: Article | None = None
) -> Booking:
    """Create a booking. `mobile` is E.164."""
    number = next(numbers)
    return book_trial(
        TrialRequest(
            name=name,
            email=email or f"weiling{number}@example.org",
            mobile=mobile or f"+6591{number:06d}",
            service_id=make_services()[0].id,
            article_id=article.id if article else None,
        )
    )


def make_comment(
    article: Article,
    *,
    state: CommentState = CommentState.PENDING,
    body: str = "",
    name: str = "Jo",
    by: User | None = None,
) -> Comment:
    """Create a comment in the given state."""
    number = next(numbers)
    post_comment(
        article_id=article.id,
        article_title=article.title,
        name=name,
        email=f"jo{number}@example.org",
        body=body or f"Thank you, number {number}.",
    )
    comment = db.session.scalars(sa.select(Comment).order_by(Comment.id.desc()).limit(1)).one()
    if state != CommentState.PENDING:
        moderate_comment(comment, state, by=by or make_user())
    return comment


def make_therapist(name: str = "") -> Therapist:
    """Create a therapist."""
    return add_therapist(name or f"Therapist {next(numbers)}")


def make_visit(
    booking: Booking | None = None, *, at: datetime | None = None, therapist: Therapist | None = None
) -> Visit:
    """Create a visit that is set, by default three days ahead at 10:00 in Singapore."""
    day = (clock.now() + timedelta(days=3)).astimezone(ZoneInfo("Asia/Singapore"))
    starts_at = at or day.replace(hour=10, minute=0, second=0, microsecond=0)
    return set_visit(booking or make_booking(), therapist or make_therapist(), starts_at, by=make_user())
