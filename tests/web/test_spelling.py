"""Every form keeps invisible characters that are part of a spelling, and refuses input that is invisible as a whole."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.articles.models import Article, Tag
from clinic.articles.redirects import add_redirect
from clinic.bookings.customers import Known, read_customers
from clinic.bookings.models import Service
from clinic.comments.models import Comment
from clinic.core.db import db
from clinic.leads.models import Lead
from clinic.preferences import change_preferences, preferences
from tests.browse import visit
from tests.factories import make_article, make_booking, make_services, make_user

SignIn = Callable[..., FlaskClient]

SRI, WANT, NURSE = "ශ්\u200dරී", "می\u200cخواهم", "👩\u200d⚕\ufe0f"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
WORDS = f"{SRI} {WANT} {NURSE} {ENGLAND}"
DECEIVING = f"\u202e{WORDS}\u200b\x0b\ufeff"
FILLERS = ["\u3164", "\u2800\u2800", "\u115f\u1160", "\u200d", "\u200f \u00ad"]


def post(client: FlaskClient, path: str, **data: str) -> int:
    return client.post(path, data=data, headers={"Sec-Fetch-Site": "same-origin"}).status_code


def test_a_comment_is_kept_as_it_is_spelled(client: FlaskClient) -> None:
    article = make_article()
    visit(client, article.address).submit("Post comment", body=DECEIVING, name=DECEIVING, email="jo@example.org")
    comment = db.session.scalars(sa.select(Comment)).one()
    assert (comment.name, comment.body) == (WORDS, WORDS)


def test_a_trial_is_booked_under_the_name_as_it_is_spelled(client: FlaskClient) -> None:
    make_services()
    person = {"email": "jo@example.org", "mobile": "9123 4567", "service": "pilates-1-to-1", "consent": "y"}
    assert post(client, "/book/", name=DECEIVING, **person) == 303
    assert db.session.scalars(sa.select(Lead.name)).one() == WORDS


@pytest.mark.parametrize("name", FILLERS)
def test_a_name_that_nobody_sees_is_no_name(client: FlaskClient, name: str) -> None:
    article = make_article()
    make_services()
    page = visit(client, article.address).submit("Post comment", body="Thank you.", name=name, email="jo@example.org")
    assert (page.status, page.texts("[role=alert] li")) == (422, ["Enter your name"])
    page = visit(client, article.address).submit("Post comment", body=name, name="Jo", email="jo@example.org")
    assert (page.status, page.texts("[role=alert] li")) == (422, ["Write your comment"])
    person = {"email": "jo@example.org", "mobile": "9123 4567", "service": "pilates-1-to-1", "consent": "y"}
    assert post(client, "/book/", name=name, **person) == 422
    assert db.session.scalars(sa.select(Lead)).all() == []


def test_an_article_keeps_title_summary_body_and_tags_as_they_are_spelled(sign_in: SignIn, client: FlaskClient) -> None:
    visit(sign_in("editor"), "/admin/articles/new/").submit(
        "Save", title=DECEIVING, summary=DECEIVING, body=f"<p>{DECEIVING}</p>", tag_words=f"{SRI}\u200b, {WANT}"
    )
    article = db.session.scalars(sa.select(Article)).one()
    assert (article.title, article.summary) == (WORDS, WORDS)
    assert article.body == f"<p>{WORDS}\n</p>"
    assert sorted(tag.name for tag in article.tags) == sorted([SRI, WANT])


def test_an_article_needs_a_title_that_is_seen(sign_in: SignIn) -> None:
    page = visit(sign_in("editor"), "/admin/articles/new/").submit("Save", title="\u3164", body="<p>Hips</p>")
    assert page.status == 422
    assert db.session.scalars(sa.select(Article)).all() == []


def test_screens_of_the_panel_keep_words_as_they_are_spelled(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    visit(owner, "/admin/tags/new/").submit("Save", name=DECEIVING)
    assert db.session.scalars(sa.select(Tag.name)).one() == WORDS
    visit(owner, "/admin/services/new/").submit("Save", name=DECEIVING, summary=DECEIVING, minutes="60")
    assert db.session.execute(sa.select(Service.name, Service.summary)).one() == (WORDS, WORDS)
    visit(owner, "/admin/settings/").submit("Save", name=DECEIVING, what_to_wear=DECEIVING)
    assert (preferences().name, preferences().what_to_wear) == (WORDS, WORDS)


def test_an_operation_keeps_words_as_they_are_spelled_whoever_calls_it(app: Flask) -> None:
    article = make_article(title=DECEIVING, summary=DECEIVING, tags=[DECEIVING])
    assert (article.title, article.summary, [tag.name for tag in article.tags]) == (WORDS, WORDS, [WORDS])
    assert make_booking(name=DECEIVING).lead.name == WORDS
    change_preferences({"name": DECEIVING}, by=make_user())
    assert preferences().name == WORDS


def test_an_imported_line_is_read_without_what_programs_left_in_it(app: Flask) -> None:
    lines = "\u200bE-mail\u200b,\u2060Mobile\njo@example.org\u200b,\u202a9123 4567\u202c\n"
    assert [line.outcome for line in read_customers(lines, "SG", is_trial=True)] == [Known.ADDED]


def test_an_old_path_with_a_joiner_leads_on(app: Flask, client: FlaskClient) -> None:
    make_article(slug="hips")
    add_redirect(f"/{WANT}/", "/articles/hips/")
    assert client.get(f"/{WANT}/").headers["Location"].endswith("/articles/hips/")


@pytest.mark.parametrize("typed", [WANT, f"{WANT}\u200b", f"\u202e{WANT}", f"{SRI} {WANT}"])
def test_the_panel_finds_words_as_they_are_spelled(sign_in: SignIn, typed: str) -> None:
    make_article(title=f"{SRI} {WANT}")
    page = visit(sign_in("editor"), "/admin/articles/", query={"search": typed})
    assert len(page.tree.css("tbody tr")) == 1


def test_a_search_with_signs_that_no_database_takes_finds_nothing_and_breaks_nothing(
    sign_in: SignIn, client: FlaskClient
) -> None:
    owner = sign_in("owner")
    make_article()
    for path, name in (
        ("/search/", "q"),
        ("/admin/articles/", "search"),
        ("/admin/leads/", "search"),
        ("/admin/people/", "search"),
    ):
        assert visit(owner, path, query={name: "\x01\x02\ufffe\u202e"}).status == 200
