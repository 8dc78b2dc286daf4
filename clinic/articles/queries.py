"""Read queries on articles and pages."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import defer, joinedload, load_only

from clinic.articles.body import image_ids
from clinic.articles.claims import DEFAULT_PROFILE, read_profile
from clinic.articles.models import (
    Article,
    ArticleState,
    Author,
    Category,
    Kind,
    ReadCount,
    ReadDay,
    Redirect,
    Revision,
    Tag,
    article_tag,
)
from clinic.articles.preflight import Checked, Finding, Picture, preflight
from clinic.bookings.counts import is_trial
from clinic.bookings.models import Booking, Service
from clinic.core import clock, search
from clinic.core.db import UtcDateTime, db
from clinic.core.find import Found, count_up_to, counting_up_to, latest_with, unindexed
from clinic.core.folding import words_of
from clinic.core.html import sanitise
from clinic.core.preferences import preferences
from clinic.core.text import clean_line
from clinic.media.queries import images_by_id

PAGE_SIZE = 12
MOST_LISTED = 100 * PAGE_SIZE + 1  # most articles of a list that are counted; a longer list shows no number of pages
MOST_SORTED = 2000
MOST_COUNTED = 1000
MOST_HITS, MOST_OF_CATEGORY = 100, 2000  # most search results, of the latest texts with the words
MOST_READ_OF_DAY = 10
NEWEST = (Article.published_at.desc(), Article.id.desc())


def is_public() -> sa.ColumnElement[bool]:
    """Return the SQL condition for texts that readers can see now: published, with a time that has come."""
    return Article.is_public_now()


@dataclass(frozen=True)
class Listing:
    """One page of a list of articles. `number` counts from 1; `pages` is None when there are too many to count."""

    articles: list[Article]
    number: int
    pages: int | None
    has_next: bool


def published_articles(
    number: int = 1, *, category: Category | None = None, tag: Tag | None = None, author: Author | None = None
) -> Listing | None:
    """Return a page of published posts, newest first, or None if there is no such page (the first always exists)."""
    owners = {"category_id": category, "author_id": author}
    named = {column: owner.id for column, owner in owners.items() if owner}
    values = named | {"now": clock.now()}
    is_common = tag is not None and _is_common(tag)
    on_page, number_of = _listed(_tagged(tag, is_common)) if tag else _listed_by(*named)
    skipped = (number - 1) * PAGE_SIZE
    ids = list(db.session.scalars(on_page, values | {"skipped": skipped})) if number > 0 else []
    if not ids and number != 1:
        return None
    rows = list(db.session.scalars(_CARDS, {"ids": ids[:PAGE_SIZE]}))
    total = MOST_LISTED if is_common else db.session.scalar(number_of, values) or 0
    pages = None if total == MOST_LISTED else max(1, -(-total // PAGE_SIZE))
    return Listing(rows, number, pages, has_next=len(ids) > PAGE_SIZE)


@cache
def _listed_by(*columns: str) -> tuple[sa.Select[tuple[int]], sa.Select[tuple[int]]]:
    """Return a statement of _listed() for public posts, all or filtered by these columns.

    It is cached, because building it takes longer than the database's answer.
    """
    owned = [getattr(Article, column) == sa.bindparam(column) for column in columns]
    is_shown = Article.is_public_at(sa.bindparam("now", type_=UtcDateTime))
    return _listed(sa.select(Article.id).where(Article.kind == Kind.POST, is_shown, *owned).order_by(*NEWEST))


def _listed(newest: sa.Select[tuple[int]]) -> tuple[sa.Select[tuple[int]], sa.Select[tuple[int]]]:
    """Return the ids of a page plus one more, after `skipped` others, and the total up to a limit."""
    on_page = newest.limit(PAGE_SIZE + 1).offset(sa.bindparam("skipped", type_=sa.Integer))
    return on_page, counting_up_to(MOST_LISTED, newest.order_by(None))


def _is_common(tag: Tag) -> bool:
    of_tag = sa.select(article_tag.c.article_id).where(article_tag.c.tag_id == tag.id)
    return count_up_to(MOST_SORTED, of_tag) == MOST_SORTED


def _tagged(tag: Tag, is_common: bool) -> sa.Select[tuple[int]]:
    """Return the ids of posts with a tag, newest first.

    For a common tag, walking all articles finds the newest ones quickly. For a rare tag, all its posts are fetched and
    sorted. The query planner cannot know which kind a tag is.
    """
    of_tag = sa.select(article_tag.c.article_id).where(article_tag.c.tag_id == tag.id)
    posts = sa.select(Article.id).where(Article.kind == Kind.POST).order_by(*NEWEST)
    if is_common:
        return posts.where(is_public(), of_tag.where(article_tag.c.article_id == Article.id).exists())
    return posts.where(Article.is_public_of_few(), Article.id.in_(of_tag))


def newest_articles(most: int) -> list[Article]:
    """Return the posts published last."""
    posts = cards().where(Article.kind == Kind.POST, is_public())
    return list(db.session.scalars(posts.order_by(*NEWEST).limit(most)))


def most_read(since: date, until: date, *, without: list[Article], most: int = 3) -> list[Article]:
    """Return the most read posts between two days, both included, without the excluded ones.

    Only the most read of each day are considered, because summing all reads gets slower as articles are added.
    """
    days = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    tops = [
        sa.select(ReadCount.article_id)
        .where(ReadCount.day == day)
        .order_by(ReadCount.reads.desc())
        .limit(MOST_READ_OF_DAY)
        .subquery()
        .select()
        for day in days
    ]
    total = sa.func.sum(ReadCount.reads)
    best = db.session.scalars(
        sa.select(ReadCount.article_id)
        .where(ReadCount.article_id.in_(sa.union_all(*tops)), ReadCount.day.between(since, until))
        .group_by(ReadCount.article_id)
        .order_by(total.desc(), ReadCount.article_id.desc())
        .limit(MOST_READ_OF_DAY * most)
    ).all()
    is_shown = (Article.kind == Kind.POST, Article.is_public_of_few(), Article.id.not_in([one.id for one in without]))
    rows = db.session.scalars(cards().where(Article.id.in_(best), *is_shown))
    return sorted(rows, key=lambda row: best.index(row.id))[:most]


def reads_by_day(since: date) -> dict[date, int]:
    """Return the reads of all articles for each day since one. Days without reads are left out."""
    days = sa.select(ReadDay.day, ReadDay.reads).where(ReadDay.day >= since)
    return {row.day: row.reads for row in db.session.execute(days.order_by(ReadDay.day).limit(400))}


def articles_that_lead(since: datetime, most: int = 5) -> list[tuple[int, str, int]]:
    """Return the articles that most of the latest trials since a moment came from: id, title, number."""
    latest = (
        sa.select(Booking.article_id)
        .where(is_trial(), Booking.created_at >= since)
        .order_by(Booking.created_at.desc())
        .limit(MOST_COUNTED)
        .subquery()
    )
    number = sa.func.count().label("number")
    counts = sa.select(latest.c.article_id, number).group_by(latest.c.article_id).subquery()
    rows = db.session.execute(
        sa.select(Article.id, Article.title, counts.c.number)
        .join(counts, counts.c.article_id == Article.id)
        .where(unindexed(Article.trashed_at.is_(None)))
        .order_by(counts.c.number.desc(), Article.id.desc())
        .limit(most)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def find_articles(text: str, most: int) -> dict[Kind, Found[Article]]:
    """Find articles and pages in any state by title and slug, last changed first, without the trash."""
    number, last_changed = sa.func.count(), (Article.updated_at.desc(), Article.id.desc())
    found = (
        sa.select(
            Article.id,
            number.over(partition_by=Article.kind).label("total"),
            sa.func.row_number().over(partition_by=Article.kind, order_by=last_changed).label("place"),
        )
        .where(Article.id.in_(texts_titled(text)), unindexed(Article.trashed_at.is_(None)))
        .subquery()
    )
    first = sa.select(Article, found.c.total).join(found, found.c.id == Article.id).where(found.c.place <= most)
    rows = db.session.execute(first.order_by(found.c.place).options(defer(Article.body))).all()
    return {
        kind: Found(rows=[row.Article for row in of_kind], total=of_kind[0].total if of_kind else 0)
        for kind in Kind
        for of_kind in [[row for row in rows if row.Article.kind == kind]]
    }


def texts_titled(text: str) -> sa.Select[tuple[int]]:
    """Return ids of articles and pages by title and slug: the latest ones, and public ones with these words."""
    words = search.Query(tuple(words_of(text)[: search.MOST_WORDS]))
    others = Article.id.in_(search.find(words, MOST_HITS))
    return latest_with(text, Article.id, Article.title, Article.slug, others=others, most=MOST_COUNTED)


def articles_about(words: str, most: int) -> list[Article]:
    """Return public texts with all of these words or, failing that, with the rarest of them; best first."""
    query = search.read(words)
    longest = sorted(query.words, key=len, reverse=True)[:2]
    for wanted in (query, *(search.Query((word,), common=query.common & {word}) for word in longest)):
        if ids := public_hits(wanted)[:most]:
            rows = {row.id: row for row in db.session.scalars(cards().where(Article.id.in_(ids)))}
            return [rows[id_] for id_ in ids]
    return []


def public_hits(query: search.Query, category: Category | None = None) -> list[int]:
    """Return the ids of public texts with the words of a query, best first: the latest MOST_HITS of them."""
    if not query.words:
        return []
    where = [Article.is_public_of_few(), *([Article.category_id == category.id] if category else [])]
    found = search.find(query, MOST_OF_CATEGORY if category else MOST_HITS)
    public = sa.select(Article.id).where(Article.id.in_(found), *where).order_by(Article.id.desc()).limit(MOST_HITS)
    return search.best_first(query, list(db.session.scalars(public)))


def cards() -> sa.Select[tuple[Article]]:
    """Return articles with only the columns that cards show, because every column read costs time."""
    shown = (Article.kind, Article.slug, Article.title, Article.summary, Article.words)
    return sa.select(Article).options(
        load_only(*shown, raiseload=True),
        joinedload(Article.image),
        joinedload(Article.category).load_only(Category.slug, Category.name, raiseload=True),
    )


_CARDS = cards().where(Article.id.in_(sa.bindparam("ids", expanding=True))).order_by(*NEWEST)


def category_with_slug(slug: str) -> Category | None:
    """Return the category with this slug."""
    return db.session.scalar(sa.select(Category).where(Category.slug == slug))


def author_with_slug(slug: str) -> Author | None:
    """Return the author with this slug."""
    return db.session.scalar(sa.select(Author).where(Author.slug == slug).options(joinedload(Author.image)))


def tag_with_slug(slug: str) -> Tag | None:
    """Return the tag with this slug."""
    return db.session.scalar(sa.select(Tag).where(Tag.slug == slug))


_CATEGORIES = sa.select(Category).order_by(Category.position, Category.id).limit(100)


def categories() -> list[Category]:
    """Return all categories in the clinic's order."""
    return list(db.session.scalars(_CATEGORIES))


def authors() -> list[Author]:
    """Return all authors by name."""
    return list(db.session.scalars(sa.select(Author).order_by(Author.name).limit(200)))


def team() -> list[Author]:
    """Return the team members in the clinic's order, with their portraits."""
    people = sa.select(Author).where(Author.is_on_team).options(joinedload(Author.image))
    return list(db.session.scalars(people.order_by(Author.position, Author.id).limit(60)))


def posts_to_pick() -> list[tuple[int, str]]:
    """Return ids and titles of posts that can be a teaser, newest first."""
    rows = db.session.execute(
        sa.select(Article.id, Article.title)
        .where(Article.kind == Kind.POST, Article.state == ArticleState.PUBLISHED, Article.trashed_at.is_(None))
        .order_by(Article.published_at.desc())
        .limit(500)
    )
    return [(row.id, row.title) for row in rows]


def published_ids() -> list[int]:
    """Return the ids of all published texts, including scheduled ones."""
    return list(db.session.scalars(sa.select(Article.id).where(Article.state == ArticleState.PUBLISHED)))


def revisions_of(article: Article, most: int = 200) -> list[Revision]:
    """Return the revisions of an article, newest first."""
    newest = sa.select(Revision).where(Revision.article_id == article.id).order_by(Revision.id.desc())
    return list(db.session.scalars(newest.options(joinedload(Revision.by)).limit(most)))


def revision_of(article: Article, version: int) -> Revision | None:
    """Return the revision of one version."""
    wanted = sa.select(Revision).where(Revision.article_id == article.id, Revision.version == version)
    return db.session.scalar(wanted.options(joinedload(Revision.by)).order_by(Revision.id.desc()).limit(1))


def holder_of_slug(slug: str) -> Article | None:
    """Return the text that has a slug, in any state, including the trash."""
    return db.session.scalar(sa.select(Article).where(Article.slug == slug).options(defer(Article.body)))


def article_in_trash(kind: Kind, id_: int) -> Article | None:
    """Return the article with this id if it is in the trash."""
    return db.session.scalar(
        sa.select(Article).where(Article.id == id_, Article.kind == kind, Article.trashed_at.is_not(None))
    )


def articles_to_link(words: str, most: int = 20) -> list[dict[str, str]]:
    """Return articles and pages with these words in the title, for a link: title, address, state."""
    found = sa.select(Article).options(defer(Article.body)).where(Article.trashed_at.is_(None))
    for word in clean_line(words).split():
        found = found.where(Article.title.icontains(word, autoescape=True))
    rows = db.session.scalars(found.order_by(Article.updated_at.desc()).limit(most))
    return [{"title": row.title, "address": row.address, "state": row.state_word} for row in rows]


def findings_in(article: Article, text: Any = None) -> list[Finding]:
    """Return the findings for this article: as it is stored, or as `text` (a Text) would make it."""
    kind = article.kind
    body = article.body if text is None else sanitise(text.body)
    article = article if text is None else text
    pictures = {
        id_: Picture(image.alt, image.credit, image.is_decorative)
        for id_, image in images_by_id([*image_ids(body), article.image_id or 0]).items()
    }
    main = pictures.get(article.image_id or 0)
    if main and (article.image_alt or article.image_credit):
        main = Picture(article.image_alt or main.alt, article.image_credit or main.credit, main.is_decorative)
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


FIXED_ADDRESSES = frozenset(["/", "/articles/", "/book/", "/search/", "/feed.xml", "/sitemap.xml"])
LISTED: dict[str, type[Category] | type[Tag]] = {"category": Category, "tag": Tag}


def is_known_address(path: str) -> bool:
    """Return True if this site answers at a path, or will once the text there is published."""
    parts = path.strip("/").split("/")
    if path in FIXED_ADDRESSES or path.startswith("/media/"):
        return True
    match parts:
        case ["articles", ("category" | "tag") as kind, slug]:
            known = sa.select(LISTED[kind].id).where(LISTED[kind].slug == slug)
        case ["articles", slug]:
            known = sa.select(Article.id).where(Article.kind == Kind.POST, Article.slug == slug)
        case ["services", slug]:
            known = sa.select(Service.id).where(Service.slug == slug)
        case ["team", slug]:
            known = sa.select(Author.id).where(Author.slug == slug)
        case [slug]:
            known = sa.select(Article.id).where(Article.kind == Kind.PAGE, Article.slug == slug)
        case _:
            return False
    old = sa.select(Redirect.id).where(Redirect.path == f"/{path.strip('/')}/")
    return db.session.scalar(known.limit(1)) is not None or db.session.scalar(old) is not None


def count_reviews_due(today: date) -> int:
    """Count published posts whose review is due by a day of the clinic's calendar, up to a thousand."""
    is_kept = unindexed(Article.state == ArticleState.PUBLISHED, Article.trashed_at.is_(None))
    return count_up_to(MOST_COUNTED, sa.select(Article.id).where(Article.review_due_on <= today, is_kept))


def count_articles(state: ArticleState) -> int:
    """Count posts in this state, up to a thousand."""
    where = (Article.kind == Kind.POST, Article.state == state, Article.trashed_at.is_(None))
    return count_up_to(MOST_COUNTED, sa.select(Article.id).where(*where))


def articles_by_category() -> dict[int, int]:
    """Count articles and drafts of each category, up to a thousand."""
    return _counts(Category.id, Article.category_id)


def articles_by_tag() -> dict[int, int]:
    """Count articles and drafts of each tag, up to a thousand."""
    return _counts(Tag.id, article_tag.c.tag_id)


def articles_by_author() -> dict[int, int]:
    """Count articles and drafts of each author, up to a thousand."""
    return _counts(Author.id, Article.author_id)


def _counts(id_: Any, named_by: Any) -> dict[int, int]:
    some = sa.select(sa.literal(1)).where(named_by == id_).correlate(id_.class_).limit(MOST_COUNTED).subquery()
    number = sa.select(sa.func.count()).select_from(some).scalar_subquery()
    return {row[0]: row[1] for row in db.session.execute(sa.select(id_, number))}


def tags() -> list[Tag]:
    """Return all tags by name."""
    return list(db.session.scalars(sa.select(Tag).order_by(Tag.name).limit(1000)))


def next_due_at(after: datetime) -> datetime | None:
    """Return the time at which the next scheduled text becomes public, after a moment."""
    waits = sa.select(sa.func.min(Article.published_at)).where(
        Article.state == ArticleState.PUBLISHED, Article.trashed_at.is_(None), Article.published_at > after
    )
    return db.session.scalar(waits)
