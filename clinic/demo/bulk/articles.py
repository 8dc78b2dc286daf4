"""Generated articles: short ones with category, tags, author, picture, search index and related articles."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from clinic.articles.models import Tag
from clinic.articles.taxonomy import ensure_author, ensure_category
from clinic.core import clock, search
from clinic.core.db import atomic, db
from clinic.core.folding import tokens_of
from clinic.core.html import plain_text
from clinic.core.text import slugify
from clinic.demo.bulk.rows import (
    THREE_YEARS,
    Row,
    ago,
    as_day,
    go_on_counting,
    in_portions,
    insert_all,
    is_postgres,
    mixed,
    next_id,
)
from clinic.demo.bulk.words import OCCASIONS, PARTS, RARE, sentences_of, title_of
from clinic.media.models import Image

CATEGORIES = ("Back and spine", "Joints", "Running", "Work", "Sleep", "Growing older")
# Number in each state per thousand articles. The rest is published; SCHEDULED of those get a future date.
DRAFTS, RETIRED, SCHEDULED = 30, 20, 6
READ_DAYS = 28


def bulk_articles(number: int) -> Iterator[int]:
    """Add `number` articles. Yields the number done after each batch."""
    first = next_id("article")
    given = _given()
    words: Counter[str] = Counter()

    def insert(places: range) -> None:
        rows = [_row(first + place, given, words) for place in places]
        _insert_articles(rows)
        _insert_around([row["id"] for row in rows], first, given)

    yield from in_portions(number, insert)
    with atomic():
        search.count_words(words)
        db.session.execute(
            sa.text(
                "INSERT INTO read_day (day, reads) SELECT day, sum(reads) FROM read_count WHERE true GROUP BY day"
                " ON CONFLICT (day) DO UPDATE SET reads = excluded.reads"
            )
        )
    go_on_counting("article")


def _given() -> dict[str, list[int]]:
    """Return the ids that articles refer to: authors, categories, tags, pictures."""
    with atomic():
        author = ensure_author(slug="tan-bee-choo", name="Tan Bee Choo", title="Physiotherapist", bio="Likes numbers.")
        categories = [ensure_category(slug=f"bulk-{slugify(name)}", name=f"{name} (many)") for name in CATEGORIES]
        known = {tag.slug: tag for tag in db.session.scalars(sa.select(Tag))}
        tags = [known.get(slugify(name)) or Tag(slug=slugify(name), name=name) for name in (*PARTS, *OCCASIONS)]
        db.session.add_all(tags)
        db.session.flush()
        images = list(db.session.scalars(sa.select(Image.id).order_by(Image.id).limit(20)))
        return {
            "authors": [author.id],
            "categories": [one.id for one in categories],
            "tags": [one.id for one in tags],
            "images": images,
        }


def _row(id_: int, given: dict[str, list[int]], words: Counter[str]) -> Row:
    title, rare = title_of(id_), RARE[mixed(id_, 2) % len(RARE)]
    heading = f"What the {rare} does"
    parts = (sentences_of(id_, 5, 4), sentences_of(id_, 6, 5), sentences_of(id_, 7, 3))
    body = f"<p>{parts[0]}</p><h2>{heading}</h2><p>{parts[1]}</p><h2>A plan</h2><p>{parts[2]}</p>"
    state = _state(mixed(id_, 8) % 1000)
    if is_public := state == "published":
        words.update(search.distinct_words(title, f"{heading} A plan", " ".join(parts)))
    seconds = mixed(id_, 9) % THREE_YEARS
    is_scheduled = is_public and mixed(id_, 8) % 1000 < DRAFTS + RETIRED + SCHEDULED
    return {
        "id": id_,
        "slug": f"{slugify(title)[:60]}-{id_}",
        "title": title,
        "summary": parts[0].partition(".")[0] + ".",
        "body": body,
        "words": len(body.split()),
        "state": state,
        "published_at": None if state == "draft" else ago(-3600 - seconds // 40 if is_scheduled else seconds),
        "at": ago(seconds),
        "review": as_day((clock.now() + timedelta(days=seconds % 1000)).date()) if is_public else None,
        "author": given["authors"][0],
        "category": _skewed(given["categories"], id_, 10),
        "image": given["images"][mixed(id_, 11) % len(given["images"])] if given["images"] else None,
        "headings": f"{heading} A plan",
        "text": f"{parts[0].partition('.')[0]}. {plain_text(body)}",
    }


def _state(of_thousand: int) -> str:
    if of_thousand < DRAFTS:
        return "draft"
    return "retired" if of_thousand < DRAFTS + RETIRED else "published"


def _skewed(choices: list[Any], number: int, salt: int) -> Any:
    """Return one of the choices: the first ones often, the last ones seldom."""
    return choices[mixed(number, salt) % (mixed(number, salt + 50) % len(choices) + 1)]


def _insert_articles(rows: list[Row]) -> None:
    insert_all(
        "INSERT INTO article (id, kind, slug, title, summary, body, words, version, state, published_at, created_at,"
        " updated_at, retired_because, signed_off, review_due_on, author_id, category_id, image_id, image_alt,"
        " image_credit, image_source, image_licence) VALUES (:id, 'post', :slug, :title, :summary, :body, :words, 1,"
        " :state, :published_at, :at, :at, '', '', :review, :author, :category, :image, '', '', '', '')",
        rows,
    )
    vector = (
        "INSERT INTO search_vector (ref, title, headings, body, vector) VALUES (:id, :title, :headings, :text,"
        " setweight(to_tsvector('english', :title), 'A') || setweight(to_tsvector('english', :headings), 'B')"
        " || setweight(to_tsvector('english', :text), 'D'))"
    )
    fts = "INSERT INTO search_fts (rowid, title, headings, body) VALUES (:id, :title, :headings, :text)"
    public = (row for row in rows if row["state"] == "published")
    folded = [
        {"id": row["id"]} | {name: tokens_of(row[name]) for name in ("title", "headings", "text")} for row in public
    ]
    insert_all(vector if is_postgres() else fts, folded)


def _insert_around(ids: list[int], first: int, given: dict[str, list[int]]) -> None:
    """Insert tags, related articles, teasers of editors, and reads of one article in twenty."""
    tags = {(id_, _skewed(given["tags"], id_, 12 + place)) for id_ in ids for place in range(3)}
    insert_all(
        "INSERT INTO article_tag (article_id, tag_id) VALUES (:id, :tag)",
        [{"id": id_, "tag": tag} for id_, tag in sorted(tags)],
    )
    near = [(id_, id_ - step) for id_ in ids for step in (1, 7, 30) if id_ - step >= first]
    insert_all(
        "INSERT INTO relation (article_id, shown_id, score) VALUES (:id, :other, :score)",
        [
            {"id": a, "other": b, "score": mixed(id_, 15) % 100 / 10}
            for id_, other in near
            for a, b in ((id_, other), (other, id_))
        ],
    )
    insert_all(
        "INSERT INTO teaser (article_id, shown_id, position) VALUES (:id, :other, 0)",
        [{"id": id_, "other": other} for id_, other in near if id_ % 10 == 0 and id_ - other == 7],
    )
    today = clock.now().date()
    days = [today - timedelta(days=number) for number in range(READ_DAYS)]
    insert_all(
        "INSERT INTO read_count (article_id, day, reads) VALUES (:id, :day, :reads)",
        [
            {"id": id_, "day": as_day(day), "reads": mixed(id_, day.day) % 40 + 1}
            for id_ in ids
            if id_ % 20 == 0
            for day in days
        ],
    )
