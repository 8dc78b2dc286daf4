"""Loader of the demo clinic into an empty database."""

import os
import re
import secrets
import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from clinic.accounts.access import RoleName
from clinic.accounts.models import User
from clinic.accounts.operations import create_user
from clinic.articles.lifecycle import publish_article
from clinic.articles.models import Article, Kind
from clinic.articles.operations import edit_article, write_article
from clinic.articles.taxonomy import ensure_author, ensure_category
from clinic.articles.text import Text
from clinic.bookings.models import Service
from clinic.bookings.operations import TrialRequest, book_trial
from clinic.bookings.services import ensure_service
from clinic.bookings.sources import FormPlace
from clinic.comments.models import Comment, CommentState
from clinic.comments.operations import moderate_comment, post_comment
from clinic.core import clock
from clinic.core.db import atomic, db
from clinic.core.settings import read_env_file, settings
from clinic.leads.models import Letter, Stage
from clinic.leads.operations import add_note, change_stage, save_letter
from clinic.media.operations import Description, add_image
from clinic.outbox.models import Message, MessageState
from clinic.reading.reads import add_reads
from clinic.visits.operations import keep_wish, set_visit
from clinic.visits.queries import bookings_without_time, free_starts
from clinic.visits.therapists import add_therapist
from clinic.web.filters import local_now

CONTENT = Path(__file__).parent / "content"
STAFF = (
    ("owner@example.org", "Corinne Pereira", RoleName.OWNER),
    ("editor@example.org", "Lim Pei Shuang", RoleName.EDITOR),
    ("moderator@example.org", "Anitha Devarajan", RoleName.MODERATOR),
    ("desk@example.org", "Haziq Rosman", RoleName.DESK),
)
SERVICES = (
    (
        "move-therapy-1-to-1",
        "Move Therapy 1-to-1",
        "Hands-on assessment and exercise with a physiotherapist, for pain that keeps you from moving.",
    ),
    (
        "pilates-1-to-1",
        "Pilates 1-to-1",
        "Guided Pilates on mat and reformer at your own pace, for strength, balance and a back you can rely on.",
    ),
)
CATEGORIES = (
    ("back-pain", "Back and spine"),
    ("movement", "Everyday movement"),
    ("pilates", "Pilates"),
    ("joints", "Joints"),
)


def load_demo(*, if_empty: bool) -> bool:
    """Load the demo clinic in one transaction. Returns False with `if_empty` if the database has users or articles."""
    if if_empty and is_used():
        return False
    pictures = {entry["name"]: entry for entry in _toml("pictures.toml")["picture"]}
    with atomic():
        password = _password()
        staff = {
            role: create_user(email=email, name=name, roles=[role], password=password) for email, name, role in STAFF
        }
        for position, (slug, name, summary) in enumerate(SERVICES):
            body = (CONTENT / "services" / f"{slug}.html").read_text(encoding="utf-8")
            ensure_service(slug=slug, name=name, summary=summary, minutes=60, position=position, body=body)
        images = {name: _add_picture(entry, staff[RoleName.EDITOR]) for name, entry in pictures.items()}
        articles = _add_articles(images, staff[RoleName.EDITOR])
        _add_pages(images, staff[RoleName.EDITOR])
        _add_reads(articles)
        _add_comments(articles, staff[RoleName.MODERATOR])
        _add_leads(articles, staff[RoleName.DESK])
        _add_visits(staff[RoleName.DESK])
        for entry in _toml("letters.toml")["letter"]:
            letter = {"name": entry["name"], "subject": entry["subject"], "body": entry["body"].strip()}
            save_letter(Letter(), **letter, by=staff[RoleName.DESK])
        # The people of the demo do not exist, so their emails are marked as sent and never leave.
        sent = {"state": MessageState.SENT, "is_to_file": True, "sent_at": clock.now(), "secrets": {}}
        db.session.execute(sa.update(Message).values(sent))
    return True


def is_used() -> bool:
    """Return whether there is any user or article."""
    return any(db.session.scalar(sa.select(model.id).limit(1)) is not None for model in (User, Article))


def _password() -> str:
    """Return DEMO_PASSWORD, or a random password that is stored in instance/demo-password.txt."""
    path = settings().instance / "demo-password.txt"
    password = (
        os.environ.get("DEMO_PASSWORD")
        or read_env_file(path.with_name("settings.env")).get("DEMO_PASSWORD")
        or (path.read_text().strip() if path.exists() else secrets.token_urlsafe(9))
    )
    path.touch(mode=0o600)
    path.write_text(f"{password}\n")
    return password


def _add_picture(entry: dict[str, Any], by: User) -> int:
    data = (CONTENT / "pictures" / f"{entry['name']}.png").read_bytes()
    said = Description(alt=entry["alt"], credit=entry["credit"])
    return add_image(data, filename=f"{entry['name']}.png", said=said, by=by).id


def _add_articles(images: dict[str, int], by: User) -> dict[str, Article]:
    authors = {
        entry["key"]: ensure_author(slug=entry["slug"], name=entry["name"], title=entry["title"], bio=entry["bio"]).id
        for entry in _toml("authors.toml")["author"]
    }
    categories = {slug: ensure_category(slug=slug, name=name).id for slug, name in CATEGORIES}
    read = [(path.stem, *_read(path, images)) for path in sorted((CONTENT / "articles").glob("*.html"))]
    articles = {}
    texts = {}
    for slug, meta, body in read:
        texts[slug] = Text(
            title=meta["title"],
            slug=slug,
            summary=meta["summary"],
            body=body,
            author_id=authors[meta["author"]],
            reviewer_id=authors[meta["reviewer"]],
            reviewed_on=meta["reviewed_on"],
            category_id=categories[meta["category"]],
            image_id=images[meta["image"]],
            tags=meta["tags"],
        )
        articles[slug] = write_article(Kind.POST, texts[slug], by=by)
    for slug, meta, _body in read:
        texts[slug].teaser_ids = [articles[other].id for other in meta["teasers"]]
        edit_article(articles[slug], texts[slug], by=by)
        publish_article(articles[slug], at=meta["published_at"], by=by)
    return articles


def _add_reads(articles: dict[str, Article]) -> None:
    """Add four weeks of reads, more on working days."""
    today = local_now().date()
    days = [today - timedelta(days=ago) for ago in range(1, 29)]
    add_reads(
        {
            (slug, day): 4 + (7 * place + 3 * day.toordinal()) % 9 + (6 if day.weekday() < 5 else 0) + 3 * place
            for place, slug in enumerate(sorted(articles))
            for day in days
        }
    )


def _add_pages(images: dict[str, int], by: User) -> None:
    for path in sorted((CONTENT / "pages").glob("*.html")):
        meta, body = _read(path, images)
        page = write_article(
            Kind.PAGE, Text(title=meta["title"], slug=path.stem, summary=meta["summary"], body=body), by=by
        )
        publish_article(page, by=by)


def _add_comments(articles: dict[str, Article], by: User) -> None:
    for entry in _toml("comments.toml")["comment"]:
        article = articles[entry["article"]]
        post_comment(
            article_id=article.id,
            article_title=article.title,
            name=entry["name"],
            email=entry["email"],
            body=entry["body"].strip(),
        )
        comment = db.session.scalars(sa.select(Comment).order_by(Comment.id.desc()).limit(1)).one()
        comment.posted_at = _days_ago(entry["days_ago"])
        if entry["state"] != CommentState.PENDING:
            moderate_comment(comment, CommentState(entry["state"]), by=by)


def _add_leads(articles: dict[str, Article], by: User) -> None:
    services = {service.slug: service for service in db.session.scalars(sa.select(Service))}
    for entry in _toml("leads.toml")["lead"]:
        article = articles.get(entry["article"])
        booking = book_trial(
            TrialRequest(
                name=entry["name"],
                email=entry["email"],
                mobile=entry["mobile"],
                service_id=services[entry["service"]].id,
                article_id=article.id if article else None,
                source=FormPlace.END if article else FormPlace.BOOK,
            )
        )
        booking.created_at = booking.lead.created_at = _days_ago(entry["days_ago"])
        change_stage(booking.lead, Stage(entry["stage"]), by=by)
        if entry.get("note"):
            add_note(booking.lead, entry["note"], by=by)


def _add_visits(by: User) -> None:
    """Add therapists, and visits for some bookings: today if the clinic is still open, and on the days after."""
    anna, ravi = add_therapist("Anna Koh"), add_therapist("Ravi Menon")
    days = [local_now().date() + timedelta(days=number) for number in range(9)]
    free = free_starts([anna.id, ravi.id], days, 60)
    waiting = [booking for booking in bookings_without_time().rows if booking.lead.stage == Stage.BOOKED]
    wishes: tuple[list[str], ...] = (["mon-morning", "wed-morning"], ["fri-afternoon"], [])
    for number, booking in enumerate(waiting[:3]):
        therapist = (anna, ravi)[number % 2]
        keep_wish(booking, wishes[number], "")
        set_visit(booking, therapist, free[therapist.id][number * 25], by=by)


def _read(path: Path, images: dict[str, int]) -> tuple[dict[str, Any], str]:
    """Return front matter and body of a text, with the names of pictures replaced by their ids."""
    _, front, body = path.read_text(encoding="utf-8").split("+++\n", 2)
    body = re.sub(r'data-image="([a-z-]+)"', lambda match: f'data-image="{images[match[1]]}"', body)
    return tomllib.loads(front), body.strip()


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((CONTENT / name).read_text(encoding="utf-8"))


def _days_ago(days: float) -> datetime:
    return clock.now() - timedelta(days=days)
