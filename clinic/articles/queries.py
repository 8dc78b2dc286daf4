"""Every read about articles and pages."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import defer, joinedload, selectinload

from clinic.articles.body import image_ids
from clinic.articles.claims import DEFAULT_PROFILE, read_profile
from clinic.articles.models import (
    Article,
    ArticleState,
    Author,
    Category,
    Kind,
    ReadCount,
    Redirect,
    Relation,
    Revision,
    Tag,
    Teaser,
    article_tag,
)
from clinic.articles.preflight import Checked, Finding, Picture, preflight
from clinic.bookings.models import Booking, Service
from clinic.core import search
from clinic.core.db import db
from clinic.core.find import Found, first_found, has_words
from clinic.core.preferences import preferences
from clinic.media.queries import images_by_id

PAGE_SIZE = 12
TEASERS = 3


def is_public() -> sa.ColumnElement[bool]:
    """What readers may see now: published, and its time has come."""
    return Article.is_public_now()


@dataclass(frozen=True)
class Listing:
    """One page of a list of articles. `number` counts from 1."""

    articles: list[Article]
    number: int
    pages: int
    total: int


def published_articles(
    number: int = 1, *, category: Category | None = None, tag: Tag | None = None, author: Author | None = None
) -> Listing | None:
    """Published posts, newest first. None when there is no such page (the first always exists)."""
    where = [Article.kind == Kind.POST, is_public()]
    if category:
        where.append(Article.category_id == category.id)
    if author:
        where.append(Article.author_id == author.id)
    if tag:
        where.append(Article.id.in_(sa.select(article_tag.c.article_id).where(article_tag.c.tag_id == tag.id)))
    total = db.session.scalar(sa.select(sa.func.count(Article.id)).where(*where)) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    if not 1 <= number <= pages:
        return None
    rows = db.session.scalars(
        _cards()
        .where(*where)
        .order_by(Article.published_at.desc(), Article.id.desc())
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Listing(articles=list(rows), number=number, pages=pages, total=total)


def newest_articles(most: int) -> list[Article]:
    """The posts published last."""
    newest = Article.published_at.desc(), Article.id.desc()
    return list(
        db.session.scalars(_cards().where(Article.kind == Kind.POST, is_public()).order_by(*newest).limit(most))
    )


def most_read(since: date, *, without: list[Article], most: int = 3) -> list[Article]:
    """The posts read most since a day, the most read first, but for some."""
    reads = (
        sa.select(ReadCount.article_id, sa.func.sum(ReadCount.reads).label("reads"))
        .where(ReadCount.day >= since)
        .group_by(ReadCount.article_id)
        .subquery()
    )
    rows = db.session.scalars(
        _cards()
        .join(reads, reads.c.article_id == Article.id)
        .where(Article.kind == Kind.POST, is_public(), Article.id.not_in([one.id for one in without]))
        .order_by(reads.c.reads.desc(), Article.id.desc())
        .limit(most)
    )
    return list(rows)


def reads_by_day(since: date) -> dict[date, int]:
    """How often articles were read on each day since one; a day without a reader is left out."""
    days = sa.select(ReadCount.day, sa.func.sum(ReadCount.reads)).where(ReadCount.day >= since).group_by(ReadCount.day)
    return {day: int(reads) for day, reads in db.session.execute(days.order_by(ReadCount.day).limit(400))}


def articles_that_lead(since: datetime, most: int = 5) -> list[tuple[int, str, int]]:
    """The articles from which most trials were asked for: id, title, number."""
    number = sa.func.count(Booking.id)
    rows = db.session.execute(
        sa.select(Article.id, Article.title, number)
        .join(Booking, Booking.article_id == Article.id)
        .where(Booking.created_at >= since, Article.trashed_at.is_(None))
        .group_by(Article.id, Article.title)
        .order_by(number.desc(), Article.id.desc())
        .limit(most)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def find_articles(kind: Kind, text: str, most: int) -> Found[Article]:
    """Texts by title and slug in whatever state, the last changed first; not what lies in the trash."""
    wanted = sa.select(Article).where(
        Article.kind == kind, Article.trashed_at.is_(None), has_words(text, Article.title, Article.slug)
    )
    return first_found(wanted.order_by(Article.updated_at.desc(), Article.id.desc()).options(defer(Article.body)), most)


def articles_about(words: str, most: int) -> list[Article]:
    """What readers may see that has all of these words or, failing that, the rarest of them; best first."""
    query = search.read(words)
    for wanted in (query, *(search.Query((word,)) for word in sorted(query.words, key=len, reverse=True)[:2])):
        if not wanted.words:
            continue
        hits = search.matches(wanted)
        rows = _cards().join(hits, hits.c.ref == Article.id).where(is_public()).order_by(hits.c.rank, Article.id)
        if found := list(db.session.scalars(rows.limit(most))):
            return found
    return []


def article_with_slug(kind: Kind, slug: str) -> Article | None:
    """The article at an address in whatever state, with what its page shows."""
    return db.session.scalar(
        sa.select(Article)
        .where(Article.kind == kind, Article.slug == slug)
        .options(
            joinedload(Article.author).joinedload(Author.image),
            joinedload(Article.reviewer),
            joinedload(Article.category),
            joinedload(Article.image),
            selectinload(Article.tags),
        )
    )


def teasers_for(article: Article) -> list[Article]:
    """What to read next: an editor's picks, then posts that share its telling words, then the newest. Never itself."""
    picked = list(
        db.session.scalars(
            _cards()
            .join(Teaser, Teaser.shown_id == Article.id)
            .where(Teaser.article_id == article.id, is_public(), Article.id != article.id)
            .order_by(Teaser.position)
            .limit(TEASERS)
        )
    )
    related = (
        _cards()
        .join(Relation, Relation.shown_id == Article.id)
        .where(Relation.article_id == article.id)
        .order_by(Relation.score.desc(), Article.id.desc())
    )
    newest = _cards().order_by(Article.published_at.desc(), Article.id.desc())
    for more in (related, newest):
        if len(picked) < TEASERS:
            others = Article.id.not_in([article.id, *(one.id for one in picked)])
            posts = more.where(Article.kind == Kind.POST, is_public(), others).limit(TEASERS - len(picked))
            picked += db.session.scalars(posts)
    return picked


@dataclass(frozen=True)
class Neighbours:
    """The posts published just before and just after one."""

    older: Article | None
    newer: Article | None


def neighbours_of(article: Article) -> Neighbours:
    """What stands before and after a post in the list: one statement."""
    if article.published_at is None:
        return Neighbours(None, None)
    public = (Article.kind == Kind.POST, is_public(), Article.id != article.id)
    older = sa.select(Article.id).where(*public, Article.published_at <= article.published_at)
    newer = sa.select(Article.id).where(*public, Article.published_at > article.published_at)
    ids = sa.union_all(
        older.order_by(Article.published_at.desc(), Article.id.desc()).limit(1).subquery().select(),
        newer.order_by(Article.published_at, Article.id).limit(1).subquery().select(),
    )
    rows = db.session.scalars(sa.select(Article).options(defer(Article.body)).where(Article.id.in_(ids)))
    by_side = {(one.published_at or article.published_at) > article.published_at: one for one in rows}
    return Neighbours(older=by_side.get(False), newer=by_side.get(True))


def _cards() -> sa.Select[tuple[Article]]:
    """Articles as cards show them: with picture, category and author, without the body."""
    return sa.select(Article).options(
        joinedload(Article.image),
        joinedload(Article.category),
        joinedload(Article.author),
        defer(Article.body),
    )


def category_with_slug(slug: str) -> Category | None:
    """The category at an address."""
    return db.session.scalar(sa.select(Category).where(Category.slug == slug))


def author_with_slug(slug: str) -> Author | None:
    """The author at an address."""
    return db.session.scalar(sa.select(Author).where(Author.slug == slug).options(joinedload(Author.image)))


def tag_with_slug(slug: str) -> Tag | None:
    """The tag at an address."""
    return db.session.scalar(sa.select(Tag).where(Tag.slug == slug))


def categories() -> list[Category]:
    """All categories in the clinic's order."""
    return list(db.session.scalars(sa.select(Category).order_by(Category.position, Category.id).limit(100)))


def authors() -> list[Author]:
    """All authors by name."""
    return list(db.session.scalars(sa.select(Author).order_by(Author.name).limit(200)))


def team() -> list[Author]:
    """Who is on the team, in the clinic's order, with their portraits."""
    people = sa.select(Author).where(Author.is_on_team).options(joinedload(Author.image))
    return list(db.session.scalars(people.order_by(Author.position, Author.id).limit(60)))


def posts_to_pick() -> list[tuple[int, str]]:
    """Ids and titles of posts that can be a teaser, newest first."""
    rows = db.session.execute(
        sa.select(Article.id, Article.title)
        .where(Article.kind == Kind.POST, Article.state == ArticleState.PUBLISHED, Article.trashed_at.is_(None))
        .order_by(Article.published_at.desc())
        .limit(500)
    )
    return [(row.id, row.title) for row in rows]


def published_ids() -> list[int]:
    """The ids of all published texts, scheduled ones too."""
    return list(db.session.scalars(sa.select(Article.id).where(Article.state == ArticleState.PUBLISHED)))


def revisions_of(article: Article, most: int = 200) -> list[Revision]:
    """The revisions of an article, the newest first."""
    newest = sa.select(Revision).where(Revision.article_id == article.id).order_by(Revision.id.desc())
    return list(db.session.scalars(newest.options(joinedload(Revision.by)).limit(most)))


def revision_of(article: Article, version: int) -> Revision | None:
    """The revision of one version."""
    wanted = sa.select(Revision).where(Revision.article_id == article.id, Revision.version == version)
    return db.session.scalar(wanted.options(joinedload(Revision.by)).order_by(Revision.id.desc()).limit(1))


def holder_of_slug(slug: str) -> Article | None:
    """Which text has a slug, in whatever state, the trash included."""
    return db.session.scalar(sa.select(Article).where(Article.slug == slug).options(defer(Article.body)))


def article_in_trash(kind: Kind, id_: int) -> Article | None:
    """The article with this id, if it lies in the trash."""
    return db.session.scalar(
        sa.select(Article).where(Article.id == id_, Article.kind == kind, Article.trashed_at.is_not(None))
    )


def articles_to_link(words: str, most: int = 20) -> list[dict[str, str]]:
    """Articles and pages whose title has these words, for a link: title, address, state."""
    found = sa.select(Article).options(defer(Article.body)).where(Article.trashed_at.is_(None))
    for word in words.split():
        found = found.where(Article.title.icontains(word, autoescape=True))
    rows = db.session.scalars(found.order_by(Article.updated_at.desc()).limit(most))
    return [{"title": row.title, "address": row.address, "state": row.state_word} for row in rows]


def findings_in(article: Article, text: Any = None) -> list[Finding]:
    """What an editor should look at before publishing this article: as it is stored, or as `text` (a Text) makes it."""
    kind = article.kind
    article = article if text is None else text
    pictures = {
        id_: Picture(image.alt, image.credit, image.is_decorative)
        for id_, image in images_by_id([*image_ids(article.body), article.image_id or 0]).items()
    }
    main = pictures.get(article.image_id or 0)
    if main and (article.image_alt or article.image_credit):
        main = Picture(article.image_alt or main.alt, article.image_credit or main.credit, main.is_decorative)
    checked = Checked(
        kind=kind,
        title=article.title,
        slug=article.slug,
        summary=article.summary,
        body=article.body,
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
    """Whether this site answers at a path, or will once what is there is published."""
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
    """How many published posts are to be reviewed by a day of the clinic's calendar."""
    where = (Article.review_due_on <= today, Article.state == ArticleState.PUBLISHED, Article.trashed_at.is_(None))
    return db.session.scalar(sa.select(sa.func.count(Article.id)).where(*where)) or 0


def count_articles(state: ArticleState) -> int:
    """How many posts are in this state."""
    where = (Article.kind == Kind.POST, Article.state == state, Article.trashed_at.is_(None))
    return db.session.scalar(sa.select(sa.func.count(Article.id)).where(*where)) or 0


def articles_by_category() -> dict[int, int]:
    """How many articles and drafts each category has."""
    rows = sa.select(Article.category_id, sa.func.count(Article.id)).where(Article.category_id.is_not(None))
    return {row[0]: row[1] for row in db.session.execute(rows.group_by(Article.category_id))}


def articles_by_tag() -> dict[int, int]:
    """How many articles and drafts have each tag."""
    rows = sa.select(article_tag.c.tag_id, sa.func.count()).group_by(article_tag.c.tag_id)
    return {row[0]: row[1] for row in db.session.execute(rows)}


def articles_by_author() -> dict[int, int]:
    """How many articles and drafts each person wrote."""
    rows = sa.select(Article.author_id, sa.func.count(Article.id)).where(Article.author_id.is_not(None))
    return {row[0]: row[1] for row in db.session.execute(rows.group_by(Article.author_id))}


def tags() -> list[Tag]:
    """All tags by name."""
    return list(db.session.scalars(sa.select(Tag).order_by(Tag.name).limit(1000)))


def next_due_at(after: datetime) -> datetime | None:
    """When the next scheduled text shows, after a moment."""
    waits = sa.select(sa.func.min(Article.published_at)).where(
        Article.state == ArticleState.PUBLISHED, Article.trashed_at.is_(None), Article.published_at > after
    )
    return db.session.scalar(waits)
