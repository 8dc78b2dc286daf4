"""The cache of values for one content version."""

import contextvars
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from clinic.articles.operations import edit_article
from clinic.comments.models import CommentState
from clinic.preferences import change_preferences
from clinic.web.pages.memory import MOST_THINGS, VERSION, Memory, cached_for_version
from tests.admin.statements import statements
from tests.articles.test_operations import changed
from tests.factories import make_article, make_comment, make_image, make_services, make_user


def test_what_was_made_is_kept_until_the_version_changes() -> None:
    memory, made = Memory(), iter(range(10))
    assert [memory.recall(version, "thing", lambda: next(made)) for version in "aabba"] == [0, 0, 1, 1, 2]


def test_no_more_than_so_many_things_are_kept() -> None:
    memory = Memory()
    for number in range(MOST_THINGS * 2):
        memory.recall("a", str(number), object)
        assert len(memory._of[1]) <= MOST_THINGS


def test_without_a_version_it_is_made_once_for_each_request(app: Flask) -> None:
    made = iter(range(10))
    assert [recalled(app, {}, lambda: next(made)) for _ in range(2)] == [[0, 0], [1, 1]]


def test_another_version_in_the_request_is_another_thing(app: Flask) -> None:
    made = iter(range(10))
    told = [recalled(app, {VERSION: version}, lambda: next(made)) for version in "aab"]
    assert told == [[0, 0], [0, 0], [1, 1]]


def recalled(app: Flask, environ: dict[str, str], make: Callable[[], int]) -> list[int]:
    """Return the results of two calls in one request, which does not share the test's context."""

    def ask() -> list[int]:
        with app.test_request_context("/", environ_base=environ):
            return [cached_for_version("thing", make) for _ in range(2)]

    return contextvars.Context().run(ask)


def test_a_change_shows_in_the_next_page_that_is_not_stored(app: Flask, client: FlaskClient) -> None:
    make_services()
    article = make_article()
    path = f"{article.address}?x=1"
    assert "Move Therapy" in client.get(path).text
    change_preferences({"name": "Good Knees"}, by=make_user())
    assert "Good Knees" in client.get(path).text
    edit_article(article, changed(article, body="<p>Rise more slowly.</p>"), by=make_user())
    assert "Rise more slowly." in client.get(path).text


def test_an_article_that_is_not_stored_takes_six_statements_and_the_first_one_three_more(
    app: Flask, client: FlaskClient
) -> None:
    make_services()
    image = make_image()
    body = f'<p>Hips carry us.</p><figure data-image="{image.id}"></figure>'
    articles = [make_article(tags=("Walking",), body=body) for _ in range(5)]
    for _ in range(3):
        make_comment(articles[0], state=CommentState.APPROVED)
    assert [asked(client, f"{articles[0].address}?x=1") for _ in range(3)] == [9, 5, 5]


def test_a_list_that_is_not_stored_takes_four_statements_and_the_first_one_two_more(
    app: Flask, client: FlaskClient
) -> None:
    for _ in range(20):
        make_article()
    assert [asked(client, f"/articles/?page={number}&x=1") for number in (1, 1, 2)] == [6, 4, 4]


def asked(client: FlaskClient, path: str) -> int:
    with statements() as sent:
        assert client.get(path).status_code == 200
    return len([one for one in sent if one.startswith("SELECT")])
