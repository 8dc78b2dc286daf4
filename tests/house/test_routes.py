"""Every route of the site with its audience, so that no page is open or lost by accident."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.browse import visit

SignIn = Callable[..., FlaskClient]
Route = tuple[str, str]  # method and rule

EVERYONE, SIGNED_IN = "everyone", "signed in"
ROLES = ("editor", "moderator", "desk", "owner")

# The routes that each screen of the panel has from Flask-Admin, and the permission of the screen.
LIST_SCREEN = (
    "GET ",
    "POST action/",
    "GET ajax/lookup/",
    "POST ajax/update/",
    "GET delete/",
    "POST delete/",
    "GET details/",
    "GET edit/",
    "POST edit/",
    "GET export/<export_type>/",
    "GET new/",
    "POST new/",
)
SCREENS = {
    "articles": "editor owner",
    "pages": "editor owner",
    "media": "editor owner",
    "categories": "editor owner",
    "tags": "editor owner",
    "team": "editor owner",
    "menus": "editor owner",
    "home": "editor owner",
    "redirects": "editor owner",
    "services": "owner",
    "comments": "moderator owner",
    "leads": "desk owner",
    "bookings": "desk owner",
    "outbox": "desk owner",
    "therapists": "desk owner",
    "letters": "desk owner",
    "blocked-guests": "desk owner",
    "people": "owner",
    "activity": "owner",
}
# Further routes of the article and page screens.
ARTICLE_SCREEN = (
    "POST autosave.json",
    "GET check/",
    "POST check/",
    "POST confirm/",
    "POST forget/",
    "GET pick.json",
    "GET preview/",
    "GET purge/",
    "POST purge/",
    "POST restore/",
    "POST retire/",
    "GET revisions/",
    "POST share/",
    "GET shown/",
    "POST unschedule/",
    "POST unshare/",
    "POST untrash/",
)
OTHERS = {
    "GET /": EVERYONE,
    "GET /<slug>/": EVERYONE,
    "GET /articles/": EVERYONE,
    "GET /articles/<slug>/": EVERYONE,
    "POST /articles/<slug>/comments": EVERYONE,
    "GET /articles/category/<slug>/": EVERYONE,
    "GET /articles/tag/<slug>/": EVERYONE,
    "GET /articles/<slug>/share.jpg": EVERYONE,
    "GET /team/<slug>/": EVERYONE,
    "GET /preview/<secret>/": EVERYONE,
    "GET /link/<purpose>/<token>/": EVERYONE,
    "POST /link/<purpose>/<token>/": EVERYONE,
    "GET /services/<slug>/": EVERYONE,
    "GET /search/": EVERYONE,
    "GET /feed.xml": EVERYONE,
    "GET /sitemap.xml": EVERYONE,
    "GET /sitemap-<int:number>.xml": EVERYONE,
    "GET /robots.txt": EVERYONE,
    "GET /site.webmanifest": EVERYONE,
    "GET /.well-known/security.txt": EVERYONE,
    "GET /fs-static/<path:filename>": EVERYONE,
    "GET /admin/static/<path:filename>": EVERYONE,
    "GET /media/<key>/<name>": EVERYONE,
    "GET /book/": EVERYONE,
    "POST /book/": EVERYONE,
    "GET /book/thanks/": EVERYONE,
    "POST /book/times/": EVERYONE,
    "GET /calendar/<secret>.ics": EVERYONE,
    "GET /healthz": EVERYONE,
    "GET /readyz": EVERYONE,
    "GET /styleguide/": EVERYONE,  # not registered in production
    "GET /media/styleguide/<name>": EVERYONE,  # the same
    "GET /metrics": EVERYONE,  # from this machine, or with a token
    "GET /login": EVERYONE,
    "POST /login": EVERYONE,
    "POST /logout": EVERYONE,
    "GET /reset": EVERYONE,
    "POST /reset": EVERYONE,
    "GET /reset/<token>": EVERYONE,
    "POST /reset/<token>": EVERYONE,
    "GET /mf-recovery": EVERYONE,
    "POST /mf-recovery": EVERYONE,
    "GET /tf-rescue": EVERYONE,
    "POST /tf-rescue": EVERYONE,
    "GET /tf-select": EVERYONE,
    "POST /tf-select": EVERYONE,
    "GET /tf-validate": EVERYONE,
    "POST /tf-validate": EVERYONE,
    "GET /wan-signin": EVERYONE,
    "POST /wan-signin": EVERYONE,
    "POST /wan-signin/<token>": EVERYONE,
    "GET /change": SIGNED_IN,
    "POST /change": SIGNED_IN,
    "GET /mf-recovery-codes": SIGNED_IN,
    "POST /mf-recovery-codes": SIGNED_IN,
    "GET /tf-setup": SIGNED_IN,
    "POST /tf-setup": SIGNED_IN,
    "POST /tf-setup/<token>": SIGNED_IN,
    "GET /verify": SIGNED_IN,
    "POST /verify": SIGNED_IN,
    "GET /wan-delete": SIGNED_IN,
    "POST /wan-delete": SIGNED_IN,
    "GET /wan-register": SIGNED_IN,
    "POST /wan-register": SIGNED_IN,
    "POST /wan-register/<token>": SIGNED_IN,
    "GET /wan-verify": SIGNED_IN,
    "POST /wan-verify": SIGNED_IN,
    "POST /wan-verify/<token>": SIGNED_IN,
    "GET /admin/": SIGNED_IN,
    "GET /admin/account/": SIGNED_IN,
    "GET /admin/search/": SIGNED_IN,
    **{
        f"POST /admin/{screen}/{verb}/": SCREENS[screen]
        for screen in ("categories", "team", "menus", "home", "services", "therapists", "letters")
        for verb in ("move", "order")
    },
    "POST /admin/tags/merge/": "editor owner",
    "GET /admin/redirects/import/": "editor owner",
    "POST /admin/redirects/import/": "editor owner",
    "GET /admin/media/describe/": "editor owner",
    "POST /admin/media/describe/": "editor owner",
    "GET /admin/media/pick.json": "editor owner",
    "GET /admin/media/replace/": "editor owner",
    "POST /admin/media/replace/": "editor owner",
    "GET /admin/media/upload/": "editor owner",
    "POST /admin/media/upload/": "editor owner",
    "POST /admin/media/upload.json": "editor owner",
    "POST /admin/media/again/": "editor owner",
    "POST /admin/jobs/again/": "editor desk owner",
    "POST /admin/comments/moderate/": "moderator owner",
    "POST /admin/comments/undo/": "moderator owner",
    "GET /admin/leads/export.csv": "desk owner",
    "POST /admin/leads/stage/": "desk owner",
    "POST /admin/leads/stage/undo/": "desk owner",
    "POST /admin/leads/note/": "desk owner",
    "GET /admin/leads/export.xlsx": "desk owner",
    "GET /admin/leads/board/": "desk owner",
    "POST /admin/leads/stages/undo/": "desk owner",
    "POST /admin/leads/plan/": "desk owner",
    "POST /admin/leads/letter/": "desk owner",
    "POST /admin/leads/merge/": "desk owner",
    "POST /admin/leads/split/": "desk owner",
    "GET /admin/bookings/compare/": "desk owner",
    "GET /admin/known-customers/": "desk owner",
    "POST /admin/known-customers/": "desk owner",
    "GET /admin/report/": "desk owner",
    "GET /admin/report/report.csv": "desk owner",
    "POST /admin/bookings/decide/": "desk owner",
    "POST /admin/bookings/redeem/": "desk owner",
    "POST /admin/outbox/again/": "desk owner",
    "GET /admin/today/": "desk owner",
    "POST /admin/today/outcome/": "desk owner",
    "POST /admin/today/undo/": "desk owner",
    "GET /admin/calendar/": "desk owner",
    "GET /admin/calendar/set/": "desk owner",
    "POST /admin/calendar/set/": "desk owner",
    "POST /admin/calendar/cancel/": "desk owner",
    "GET /admin/redeem/": "desk owner",
    "POST /admin/redeem/": "desk owner",
    "POST /admin/redeem/undo/": "desk owner",
    "POST /admin/therapists/feed/": "desk owner",
    "POST /admin/therapists/unfeed/": "desk owner",
    "POST /admin/account/end/": SIGNED_IN,
    "POST /admin/people/reset-second-factor/": "owner",
    "GET /admin/settings/": "owner",
    "POST /admin/settings/": "owner",
}


def table() -> dict[Route, str]:
    """Return the audience of each method and rule."""
    audiences = {
        f"{method} /admin/{screen}/{rest}": roles
        for screen, roles in SCREENS.items()
        for method, _, rest in (line.partition(" ") for line in LIST_SCREEN)
    } | OTHERS
    for screen in ("articles", "pages"):
        for line in ARTICLE_SCREEN:
            method, _, rest = line.partition(" ")
            audiences[f"{method} /admin/{screen}/{rest}"] = "editor owner"
    return {(line.partition(" ")[0], line.partition(" ")[2]): audience for line, audience in audiences.items()}


TABLE = table()
FOR_SCRIPTS = {"/admin/media/pick.json", "/admin/media/upload.json"}  # answer visitors with a sentence
CLOSED = {route: audience for route, audience in TABLE.items() if audience != EVERYONE}
one_database = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


def routes_of(app: Flask) -> Iterator[Route]:
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield method, rule.rule


def path_of(rule: str) -> str:
    return re.sub(r"<[^>]+>", "x", rule)


def token_of(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).get_data(as_text=True))
    assert found
    return found[1]


def ask(client: FlaskClient, route: Route, token: str) -> tuple[int, str]:
    """Return status and Location of the response, with a token where one is needed, so that only the audience
    decides."""
    method, rule = route
    data = {"csrf_token": token} if method == "POST" else None
    answer = client.open(path_of(rule), method=method, data=data)
    return answer.status_code, answer.headers.get("Location", "")


@one_database
def test_every_route_has_an_audience_and_every_entry_a_route(app: Flask) -> None:
    routes = set(routes_of(app))
    assert routes - set(TABLE) == set(), "say in this module who may open it"
    assert set(TABLE) - routes == set(), "an address is lost: bookmarks lead to it"


@one_database
def test_visitors_reach_what_is_open_and_nothing_breaks(app: Flask) -> None:
    for route, audience in TABLE.items():
        if audience == EVERYONE:
            client = app.test_client()  # some of these end an unfinished sign-in
            status, _ = ask(client, route, token_of(client, "/login"))
            assert status < 500 or route == ("GET", "/readyz"), (route, status)
            assert status not in (401, 403), (route, status)


@one_database
def test_visitors_are_sent_to_sign_in_from_everything_else(app: Flask, client: FlaskClient) -> None:
    token = token_of(client, "/login")
    for route in CLOSED:
        status, location = ask(client, route, token)
        if route[1] in FOR_SCRIPTS:
            assert status == 401, (route, status)
            continue
        assert status == 302, (route, status)
        assert re.match(r"(http://localhost)?/login(\?|$)", location), (route, location)


@one_database
def test_posts_without_a_token_are_refused_before_anything_else(app: Flask, sign_in: SignIn) -> None:
    client = sign_in("owner")
    for method, rule in CLOSED:
        if method == "POST":
            answer = client.post(path_of(rule), headers={"Sec-Fetch-Site": "same-origin"})
            assert answer.status_code == 400, rule
            answer = client.post(path_of(rule), headers={"Sec-Fetch-Site": "cross-site"})
            assert answer.status_code == 403, rule


@one_database
@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_what_is_theirs_and_gets_403_elsewhere(app: Flask, sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    token = token_of(client, "/admin/")
    for route, audience in CLOSED.items():
        status, location = ask(client, route, token)
        if audience == SIGNED_IN or role in audience.split():
            assert status not in (401, 403), (route, status)
            assert status < 500, (route, status)
            assert "/login" not in location, (route, location)
        else:
            assert status == 403, (route, status)
    assert client.get("/admin/").status_code == 200, "the walk has ended the sign-in"


@one_database
def test_pages_of_staff_are_never_cached_and_public_ones_set_no_cookie(app: Flask, sign_in: SignIn) -> None:
    client, visitor = sign_in("owner"), app.test_client()
    for (method, rule), audience in TABLE.items():
        if method != "GET":
            continue
        if audience != EVERYONE:
            assert client.get(path_of(rule)).headers["Cache-Control"] == "no-store", rule
        elif not re.match(r"/(login|reset|mf-|tf-|wan-)", rule):
            assert "Set-Cookie" not in visitor.get(path_of(rule)).headers, rule
    assert visitor.get("/login").headers["Cache-Control"] == "no-store"


@one_database
def test_only_methods_of_the_table_are_answered(app: Flask, client: FlaskClient) -> None:
    for _, rule in TABLE:
        for method in ("PUT", "DELETE", "PATCH", "TRACE"):
            assert client.open(path_of(rule), method=method).status_code in (400, 404, 405), (method, rule)


@one_database
def test_the_sign_in_page_is_where_a_visitor_lands(client: FlaskClient) -> None:
    page = visit(client, "/admin/people/?sort=1")
    assert page.texts("h1") == ["Sign in"]
