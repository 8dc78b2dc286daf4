"""Every page with few rows and with ten times as many: the same number of statements, and no query plan that scans or
sorts a whole table."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.engine import Engine

from clinic.articles.lifecycle import publish_article, retire_article
from clinic.articles.models import Article, Author, Category, Kind, Tag
from clinic.articles.operations import edit_article
from clinic.articles.redirects import add_redirect
from clinic.articles.text import Text
from clinic.bookings.models import Booking, Voucher
from clinic.comments.models import Comment
from clinic.core import clock
from clinic.core.audit import AuditLine
from clinic.core.db import db
from clinic.demo.bulk import bulk_articles, bulk_comments, bulk_leads, take_statistics
from clinic.leads.models import Lead
from clinic.media.models import Image
from clinic.outbox.models import Message
from tests.conftest import make_app
from tests.factories import make_article, make_booking, make_image, make_services, make_user
from tests.house.test_routes import TABLE

Sent = list[tuple[str, Any]]
# These are answered from files, from memory, once, or only to a script; or they would end the sign-in.
NOT_WALKED = (
    "/static/",
    "/fs-static/",
    "/admin/static/",
    "/assets/",
    "/media/",
    "/articles/<slug>/share.jpg",
    "/styleguide/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/link/",
    "/calendar/",
    "/preview/",
    "/login",
    "/reset",
    "/mf-",
    "/tf-",
    "/wan-",
    "/change",
    "/verify",
)
BIG = {
    "article",
    "article_tag",
    "audit_line",
    "booking",
    "comment",
    "image",
    "lead",
    "message",
    "read_count",
    "redirect",
    "relation",
    "revision",
    "search_vector",
    "teaser",
    "voucher",
}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def grown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An app of its own, without statistics about the number of rows."""
    environ = {}
    if request.param == "postgresql":
        environ["DATABASE_URL"] = request.getfixturevalue("postgres").new_database(f"rows_{secrets.token_hex(4)}")
    app = make_app(tmp_path_factory.mktemp("rows"), **environ)
    with app.app_context():
        begin()
        yield app
        db.session.remove()
        db.engine.dispose()


def begin() -> None:
    """Create the subjects of the pages: the first row of everything."""
    make_services()
    image = make_image()
    article = make_article(title="Strong hips", image_id=image.id, tags=["hips"], slug="strong-hips")
    edit_article(
        article,
        Text(
            title="Strong hips",
            summary="Hips.",
            body="<p>Hips carry us.</p>",
            tags=["hips"],
            category_id=article.category_id,
            author_id=article.author_id,
        ),
    )
    make_article(kind=Kind.PAGE, slug="about", title="About us")
    publish_article(make_article(kind=Kind.PAGE, publish=False))
    retire_article(make_article(slug="old-hips", title="Old hips"))
    add_redirect("/older/", "/about/")
    make_booking(article=article)
    make_user(email="owner@example.org")
    grow(60, 120, 60)


def grow(articles: int, comments: int, leads: int) -> None:
    for bulk in (bulk_articles(articles), bulk_comments(comments), bulk_leads(leads)):
        for _ in bulk:
            pass
    with db.session.begin_nested():
        _add_log_mail_and_pictures(leads)
    db.session.commit()


def _add_log_mail_and_pictures(number: int) -> None:
    rows = range(number)
    at = [clock.now() - timedelta(minutes=row) for row in rows]
    lines = [
        {
            "at": at[row],
            "actor_id": row % 3,
            "actor": "Mei Tan",
            "verb": "edited",
            "thing": f"article:{row}",
            "detail": "",
        }
        for row in rows
    ]
    db.session.execute(sa.insert(AuditLine), lines)
    names = [secrets.token_hex(8) for _ in rows]
    mails = [
        {
            "uid": names[row],
            "kind": "x",
            "to": f"{names[row]}@example.org",
            "subject": "Hips",
            "text": "",
            "html": "",
            "state": "sent",
            "due_at": at[row],
            "created_at": at[row],
            "attachments": [],
            "tries": 1,
        }
        for row in rows
    ]
    db.session.execute(sa.insert(Message), mails)
    pictures = [
        {
            "key": names[row],
            "filename": "picture.jpg",
            "extension": "jpg",
            "width": 1,
            "height": 1,
            "colour": "#fff",
            "alt": f"Hips {row}" if row % 50 == 0 else f"Knees {row}",
            "credit": "Mei Tan",
            "uploaded_at": at[row],
        }
        for row in rows
    ]
    db.session.execute(sa.insert(Image), pictures)


def addresses() -> dict[str, str]:
    """Return the addresses of the site by rule, with their parameters filled in from begin()."""
    category: Any
    tag: Any
    author: Any
    category, tag, author = (db.session.scalars(sa.select(model)).first() for model in (Category, Tag, Author))
    article = db.session.scalars(sa.select(Article).where(Article.slug == "strong-hips")).one()
    assert category
    assert tag
    assert author
    return {
        "/<slug>/": "/about/",
        "/articles/<slug>/": article.address,
        "/articles/category/<slug>/": category.address,
        "/articles/tag/<slug>/": tag.address,
        "/team/<slug>/": author.address,
        "/services/<slug>/": "/services/pilates-1-to-1/",
        "/sitemap-<int:number>.xml": "/sitemap-1.xml",
        "/search/": "/search/?q=hips",
        "/admin/search/": "/admin/search/?q=hips",
        "/admin/redeem/": f"/admin/redeem/?code={first(Voucher).code}",
    }


def first(model: Any) -> Any:
    return db.session.scalars(sa.select(model).order_by(model.id)).first()


def walked() -> list[str]:
    """Return every page of the walk: for each screen the list, its tabs, searches and sorts, and the first row."""
    filled = addresses()
    rules = [
        rule for method, rule in TABLE if method == "GET" and not rule.startswith(NOT_WALKED) and "export" not in rule
    ]
    paths = [filled.get(rule, rule) for rule in rules]
    rows = {
        "articles": Article,
        "pages": None,
        "comments": Comment,
        "leads": Lead,
        "bookings": Booking,
        "media": Image,
        "outbox": Message,
        "categories": Category,
        "tags": Tag,
        "team": Author,
    }
    for screen, model in rows.items():
        if model:
            id_ = first(model).id
            paths = [
                f"{path}?id={id_}" if path.startswith(f"/admin/{screen}/") and path != f"/admin/{screen}/" else path
                for path in paths
            ]
    lists = [
        f"/admin/{screen}/" for screen in ("articles", "comments", "leads", "bookings", "outbox", "activity", "media")
    ]
    paths += [
        f"{path}?{query}" for path in lists for query in ("page=1", "search=hips", "tab=all", "sort=0", "sort=0&desc=1")
    ]
    paths += [
        f"/admin/articles/?tab={tab}" for tab in ("draft", "scheduled", "published", "retired", "trash", "review")
    ]
    paths += ["/articles/?page=2", "/articles/old-hips/", "/articles/no-hips-here/", "/search/?q=piriformes"]
    paths += [
        "/admin/comments/?tab=approved",
        "/admin/leads/?tab=new",
        "/admin/leads/?tab=mine",
        "/admin/outbox/?tab=sent",
    ]
    paths += [
        "/admin/bookings/?tab=booked",
        "/admin/activity/?who=1",
        "/admin/activity/?verb=edited",
        "/admin/activity/?thing=article:1",
    ]
    assert not [path for path in paths if "<" in path], (
        "fill in the parts of these addresses, or list them as not walked"
    )
    return [f"{path}{'&' if '?' in path else '?'}x=1" for path in paths]  # bypasses the page store


def owner_of(app: Flask) -> FlaskClient:
    client = app.test_client()
    page = client.get("/login").get_data(as_text=True)
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    data = {"email": "owner@example.org", "password": "correct horse battery", "csrf_token": token}
    assert client.post("/login", data=data).status_code == 302
    return client


@contextmanager
def sent_statements() -> Iterator[Sent]:
    sent: Sent = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            sent.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def statements_by_page(app: Flask) -> dict[str, Sent]:
    client, visitor = owner_of(app), app.test_client()
    found = {}
    for path in walked():
        with sent_statements() as sent:
            answer = (client if path.startswith("/admin/") else visitor).get(path)
            answer.get_data()
        assert answer.status_code < 500, path
        found[path] = list(sent)
    return found


def test_no_page_needs_more_statements_with_ten_times_the_rows(grown: Flask) -> None:
    statements_by_page(grown)  # runs statements that each process needs once, or once after a change
    few = statements_by_page(grown)
    grow(540, 1080, 540)
    take_statistics()
    first, many = statements_by_page(grown), statements_by_page(grown)
    more = {path: (len(few[path]), len(many[path])) for path in few if len(many[path]) != len(few[path])}
    assert not more
    bad = {
        (path, sent[0]): why
        for path, statements in first.items()
        for sent in statements
        if (why := read_too_much(*sent))
    }
    assert not bad, "\n\n".join(f"{path}\n{statement}\n{why}" for (path, statement), why in bad.items())


def read_too_much(statement: str, parameters: Any) -> str:
    """Return why a statement takes longer with more rows, or ""."""
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        # With so few rows the planner would scan even with an index. So rows cost as if there were many, and pages
        # nothing.
        for setting in (
            "enable_seqscan = off",
            "cpu_tuple_cost = 10",
            "cpu_index_tuple_cost = 10",
            "random_page_cost = 0",
        ):
            connection.exec_driver_sql(f"SET LOCAL {setting}")
        plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
        tree = plan if isinstance(plan, list) else json.loads(plan)
        return _postgres_reads_all(tree[0]["Plan"], is_limited=False)
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    return _sqlite_reads_all(statement, [(row[1], row[3]) for row in rows])


def _postgres_reads_all(node: dict[str, Any], *, is_limited: bool) -> str:
    kind = node["Node Type"]
    if kind == "Limit":
        is_limited = True
    elif kind in ("Sort", "Aggregate", "WindowAgg", "Hash", "HashAggregate", "Unique", "SetOp"):
        is_limited = False
    is_walk = "Scan" in kind and "Index Cond" not in node and "Recheck Cond" not in node and not _is_by_bitmap(node)
    if node.get("Relation Name") in BIG and is_walk and not is_limited:
        return f"{kind} on {node['Relation Name']} {node.get('Index Name', '')}"
    return next(
        (why for part in node.get("Plans", []) if (why := _postgres_reads_all(part, is_limited=is_limited))), ""
    )


def _is_by_bitmap(node: dict[str, Any]) -> bool:
    return bool(node["Node Type"] == "Bitmap Heap Scan")


def _sqlite_reads_all(statement: str, steps: list[tuple[int, str]]) -> str:
    sorts = {parent for parent, step in steps if step.startswith("USE TEMP B-TREE FOR ORDER BY")}
    for parent, step in steps:
        words = step.split()
        if words[0] == "SCAN" and words[1] in BIG and (parent in sorts or "LIMIT" not in statement):
            return step
    return ""
