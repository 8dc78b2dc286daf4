"""Generated rows: as valid as those of staff and visitors, and nobody's."""

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.articles.lists import PAGE_SIZE, published_articles
from clinic.articles.models import Article, Relation, Tag
from clinic.comments.models import Comment, CommentState
from clinic.comments.queries import count_pending
from clinic.core import search
from clinic.core.db import db
from clinic.demo.bulk import bulk_articles, bulk_comments, bulk_leads, take_statistics
from clinic.leads.models import Lead
from clinic.reading.article_queries import teasers_for
from tests.browse import visit
from tests.factories import make_article, make_comment, make_services


def count(model: type) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def public_ids() -> list[int]:
    return list(db.session.scalars(sa.select(Article.id).where(Article.is_public_now())))


def fill(articles: int, comments: int) -> None:
    for bulk in (bulk_articles(articles), bulk_comments(comments)):
        for _ in bulk:
            pass
    take_statistics()


def test_bulk_articles_are_listed_found_tagged_and_lead_to_others(app: Flask, client: FlaskClient) -> None:
    fill(300, 0)
    listing = published_articles()
    assert listing
    assert 270 <= len(public_ids()) < 300  # some are drafts, retired or scheduled
    assert listing.pages == -(-len(public_ids()) // PAGE_SIZE)
    first = listing.articles[0]
    page = visit(client, first.address)
    assert first.title in page.texts("h1")
    assert len(teasers_for(first)) == 3
    assert count(Relation) > 300
    tag = db.session.scalars(sa.select(Tag).order_by(Tag.id).limit(1)).one()
    assert visit(client, tag.address).texts(".teaser-title")
    assert visit(client, "/search/", query={"q": "piriformis"}).texts(".hit h2")
    assert search.read("piriformes").words == ("piriformis",)


def test_bulk_comments_stand_under_articles_and_some_wait(app: Flask, client: FlaskClient) -> None:
    fill(20, 2000)
    assert count(Comment) == 2000
    assert 1 <= count_pending() <= 40
    shown = sa.select(Comment).where(Comment.state == CommentState.APPROVED).limit(1)
    comment = db.session.scalars(shown).one()
    article = db.session.get_one(Article, comment.article_id)
    assert comment.body in visit(client, article.address).text


def test_what_is_made_after_bulk_rows_has_ids_of_its_own_and_more_can_follow(app: Flask) -> None:
    make_services()
    fill(30, 30)
    fill(10, 10)
    make_comment(make_article())
    for _ in bulk_leads(10):
        pass
    assert (count(Article), count(Comment), count(Lead)) == (41, 41, 10)


def test_without_an_article_there_is_nothing_to_comment_on(app: Flask) -> None:
    fill(0, 10)
    assert count(Comment) == 0


def test_the_command_loads_the_demo_first_and_adds_to_what_is_there(app: Flask) -> None:
    for _ in range(2):
        command = ["clinic", "demo", "--articles", "20", "--comments", "50", "--leads", "10"]
        answer = app.test_cli_runner().invoke(args=command)
        assert answer.exit_code == 0, answer.output
    assert answer.output.count("Articles") >= 1
    assert "demo clinic" not in answer.output
    assert (count(Article) > 40, count(Comment) >= 100, count(Lead) >= 20) == (True, True, True)
