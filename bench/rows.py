"""Page times with all rows and with a hundredth of them, on SQLite and, if available, on PostgreSQL.

The result is a ratio: for each page, the median time with many rows to that with few, in interleaved rounds. The page
store is bypassed for public pages.
"""

import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from clinic.app import create_app
from clinic.articles.models import Article
from clinic.comments.models import Comment, CommentState
from clinic.core.db import db
from clinic.core.settings import load_settings
from clinic.demo.bulk import bulk_articles, bulk_comments, bulk_leads, take_statistics
from clinic.demo.load import load_demo
from tests.browse import visit
from tests.services import Postgres, find_postgres

MANY = {"articles": 100_000, "comments": 1_000_000, "leads": 1_000_000}
MAKERS = {"articles": bulk_articles, "comments": bulk_comments, "leads": bulk_leads}
SHARE, ROUNDS = 100, 15
MOST = 1.5
COMMENTS = 8  # under the article that is opened
PASSWORD = "a bench of rows"
PUBLIC = {
    "home": "/?x=1",
    "article": "{article}?x=1",
    "list": "/articles/?x=1",
    "list, page 80": "/articles/?page=80&x=1",
    "category": "/articles/category/bulk-joints/?x=1",
    "common tag": "/articles/tag/your-lower-back/?x=1",
    "rare tag": "/articles/tag/in-the-garden/?x=1",
    "author": "/team/tan-bee-choo/?x=1",
    "search, common word": "/search/?q=pain",
    "search, common words": "/search/?q=strength+balance",
    "search, rare word": "/search/?q=piriformis",
    "search, typo": "/search/?q=piriformes",
    "feed": "/feed.xml?x=1",
    "sitemap": "/sitemap.xml",
    "not found": "/articles/strong-lower-back/",
}
PANEL = {
    "dashboard": "/admin/",
    "articles": "/admin/articles/",
    "articles by title": "/admin/articles/?sort=0",
    "articles, search": "/admin/articles/?search=piriformis",
    "comment queue": "/admin/comments/",
    "comments": "/admin/comments/?tab=all",
    "comments, page 100": "/admin/comments/?tab=all&page=99",
    "comments, search": "/admin/comments/?tab=all&search=surgery",
    "leads": "/admin/leads/",
    "leads of a stage": "/admin/leads/?tab=joined",
    "leads, board": "/admin/leads/board/",
    "leads by name": "/admin/leads/?search=menon+siti",
    "leads by number": "/admin/leads/?search=80009999",
    "lead": "/admin/leads/details/?id=9999",
    "leads, export opens": "/admin/leads/export.csv",
    "bookings": "/admin/bookings/",
    "bookings, search": "/admin/bookings/?search=menon+siti",
    "today": "/admin/today/",
    "activity": "/admin/activity/",
    "outbox": "/admin/outbox/",
    "media": "/admin/media/",
    "search everywhere": "/admin/search/?q=id9999",
}


def main(share: int = 1) -> int:
    """Print a table for each database. Returns 1 if a target is missed. With `share` 10 a tenth of the rows is
    created."""
    logging.getLogger("clinic").setLevel(logging.ERROR)
    os.environ["DEMO_PASSWORD"] = PASSWORD
    is_good = True
    with tempfile.TemporaryDirectory() as folder:
        is_good &= _measure("SQLite", Path(folder), share, lambda name: {})
        if find_postgres():
            server = Postgres()
            try:
                is_good &= _measure(
                    "PostgreSQL", Path(folder) / "pg", share, lambda name: {"DATABASE_URL": server.new_database(name)}
                )
            finally:
                server.stop()
    print("All targets are met." if is_good else "* A target is missed.")
    return 0 if is_good else 1


def _measure(database: str, folder: Path, share: int, environ: Callable[[str], dict[str, str]]) -> bool:
    apps = {}
    for name, part in (("few", SHARE * share), ("many", share)):
        apps[name] = _app(folder / name, **environ(f"bench_{name}"))
        with apps[name].app_context():
            for what, number in MANY.items():
                started = time.monotonic()
                for _ in MAKERS[what](number // part):
                    pass
                db.session.remove()
                taken = time.monotonic() - started
                print(f"{database}: {number // part:,} {what} made in {taken:.0f} s", flush=True)
            take_statistics()
    return compare(apps)


def compare(apps: dict[str, Flask]) -> bool:
    """Print the time of each page in the apps "few" and "many". Returns whether all ratios meet the target."""
    clients = {name: _owner(app) for name, app in apps.items()}
    articles = {name: _address_of_article(app) for name, app in apps.items()}
    is_good = True
    print(f"{'ms':<24}{'few':>9}{'many':>9}{'ratio':>8}   target ≤ {MOST}")
    for page, path in (PUBLIC | PANEL).items():
        taken: dict[str, list[float]] = {"few": [], "many": []}
        for _ in range(ROUNDS):
            for name, client in clients.items():
                taken[name].append(_milliseconds(client, path.format(article=articles[name])))
        few, lots = (statistics.median(taken[name][2:]) for name in ("few", "many"))  # the first requests fill caches
        is_missed = lots / few > MOST
        is_good &= not is_missed
        print(f"{page:<24}{few:>9.1f}{lots:>9.1f}{'* ' * is_missed + f'{lots / few:.2f}':>8}", flush=True)
    return is_good


def _app(folder: Path, **environ: str) -> Flask:
    folder.mkdir(parents=True)
    values = {"CLINIC_ENV": "test", "RATE_LIMITS": "off"} | environ
    app = create_app(load_settings(values, folder))
    with app.app_context():
        upgrade()
        load_demo(if_empty=True)
    return app


def _owner(app: Flask) -> FlaskClient:
    client = app.test_client()
    visit(client, "/login").submit("Sign in", follow=False, email="owner@example.org", password=PASSWORD)
    return client


def _address_of_article(app: Flask) -> str:
    """Return the address of an article with COMMENTS comments, which exists in both databases."""
    with app.app_context():
        counts = (
            sa.select(Comment.article_id)
            .where(Comment.state == CommentState.APPROVED)
            .group_by(Comment.article_id)
            .having(sa.func.count() == COMMENTS)
        )
        is_one = (Article.id.in_(counts), Article.is_public_now(), Article.slug.like("%0"))
        return db.session.scalars(sa.select(Article).where(*is_one).order_by(Article.id).limit(1)).one().address


def _milliseconds(client: FlaskClient, path: str) -> float:
    with _closing(client, path) as started:
        return (time.perf_counter() - started) * 1000


@contextmanager
def _closing(client: FlaskClient, path: str) -> Iterator[float]:
    """Send a request and wait for the first part of the response."""
    started = time.perf_counter()
    answer = client.get(path, buffered=False)
    assert answer.status_code in (200, 404), (path, answer.status_code)
    next(answer.iter_encoded())
    yield started
    answer.close()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
