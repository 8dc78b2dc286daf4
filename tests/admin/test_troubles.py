"""Tests of the panel's warnings (mail, worker, menu links), of the trash, and of the counts."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.admin.troubles import is_found
from clinic.articles.lifecycle import retire_article, trash_article
from clinic.articles.models import Kind
from clinic.articles.redirects import add_redirect
from clinic.bookings.operations import allow_booking, decline_booking, redeem_voucher
from clinic.bookings.services import Offer, add_service, change_service
from clinic.core import clock as time
from clinic.core.db import db
from clinic.core.heartbeat import SILENT_AFTER, beat
from clinic.core.settings import MailServer
from clinic.frame.models import MenuItem, MenuPlace
from clinic.frame.operations import add_menu_item
from clinic.leads.models import Stage
from clinic.leads.operations import change_stage
from clinic.outbox.models import Message
from clinic.outbox.operations import send_due
from clinic.visits.models import VisitState
from clinic.visits.operations import cancel_visit, mark_attended, mark_missed
from tests.browse import Page, visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_author, make_booking, make_category, make_user, make_visit

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def mail_server(app: Flask) -> Iterator[None]:
    """Set a mail server, so that emails are sent."""
    settings = app.config["CLINIC"]
    server = MailServer(host="mail.example.org", port=25, user=None, password=None, tls="off")
    app.config["CLINIC"] = replace(settings, mail_server=server)
    yield
    app.config["CLINIC"] = settings


def no_menus() -> None:
    db.session.execute(sa.delete(MenuItem))
    db.session.commit()


# Mail


def test_without_a_mail_server_a_mail_is_written_to_a_file_and_nowhere_called_sent(sign_in: SignIn) -> None:
    booking = make_booking()
    send_due(lambda message: None, owner="w")
    desk = sign_in("desk")
    page = visit(desk, "/admin/outbox/")
    assert set(page.texts("tbody .state")) == {"written to a file, not sent"}
    assert set(page.texts("td[data-label=Sent]")) == {"–"}
    assert "nobody receives it" in page.text
    assert visit(desk, "/admin/outbox/?tab=sent").texts("tbody tr") == []
    assert len(visit(desk, "/admin/outbox/?tab=files").texts("tbody tr")) == 2
    message = db.session.scalars(sa.select(Message)).first()
    assert message
    details = visit(desk, f"/admin/outbox/details/?id={message.id}")
    assert details.texts(".facts .state") == ["written to a file, not sent"]
    assert "Written to a file" in details.texts("dt")
    for path in ("/admin/", f"/admin/leads/details/?id={booking.lead_id}", "/admin/outbox/"):
        assert "emails are written to files and not sent" in visit(desk, path).text


def test_with_a_mail_server_a_mail_is_sent_and_one_of_before_is_still_a_file(
    app: Flask, sign_in: SignIn, request: pytest.FixtureRequest
) -> None:
    make_booking()
    send_due(lambda message: None, owner="w")
    request.getfixturevalue("mail_server")
    make_booking()
    send_due(lambda message: None, owner="w")
    desk = sign_in("desk")
    page = visit(desk, "/admin/outbox/")
    assert sorted(page.texts("tbody .state")) == ["sent", "sent", *["written to a file, not sent"] * 2]
    assert len(visit(desk, "/admin/outbox/?tab=sent").texts("tbody tr")) == 2
    assert "written to a file" not in visit(desk, "/admin/").text


# The worker


def test_a_worker_that_never_ran_is_said_instead_of_everything_is_answered(
    sign_in: SignIn, mail_server: None, clock: MovableClock
) -> None:
    no_menus()
    page = visit(sign_in("owner"), "/admin/")
    assert "The background worker has never run" in page.text
    assert "Everything is up to date" not in page.text
    beat("one")
    assert "You have no open tasks. Everything is up to date." in visit(sign_in("owner"), "/admin/").text


@pytest.mark.parametrize("role", ["owner", "editor", "moderator", "desk"])
def test_a_worker_that_is_silent_is_named_with_the_time(sign_in: SignIn, clock: MovableClock, role: str) -> None:
    beat("one")
    clock.move(minutes=-5)
    beat("two")  # the one that was seen last counts
    clock.move(minutes=5)
    clock.now += SILENT_AFTER
    client = sign_in(role)
    assert "has not run since" not in visit(client, "/admin/").text
    clock.move(seconds=1)
    assert "The background worker has not run since 20 Nov 2026, 10:00." in visit(client, "/admin/").text


# Links of the menus


def test_menu_links_that_lead_nowhere_are_named_on_the_owners_dashboard(sign_in: SignIn, client: FlaskClient) -> None:
    no_menus()
    make_article(kind=Kind.PAGE, slug="about", title="About")
    make_article(kind=Kind.PAGE, slug="draft", title="Draft", publish=False)
    retire_article(make_article(slug="old-hips"), because="Old", by=make_user())
    by = make_user()
    for label, address in (
        ("About", "/about/"),
        ("Draft", "/draft/"),
        ("Gone", "/articles/old-hips/?from=menu"),
        ("Nowhere", "/no-such-page/"),
        ("Outside", "https://example.org/x/"),
    ):
        add_menu_item(label=label, address=address, place=MenuPlace.HEADER, by=by)
    page = visit(sign_in("owner"), "/admin/")
    (text,) = [text for text in page.texts(".trouble") if "menu" in text]
    assert text == (
        "3 pages in your menu cannot be found: Draft (/draft/), Gone (/articles/old-hips/?from=menu),"
        " Nowhere (/no-such-page/). Menus"
    )
    assert "in your menu" not in visit(sign_in("desk"), "/admin/").text


def test_a_link_is_found_exactly_when_a_visitor_finds_the_page(app: Flask, client: FlaskClient) -> None:
    make_article(kind=Kind.PAGE, slug="about", title="About")
    post = make_article(slug="hips")
    trash_article(make_article(slug="trashed"), by=make_user())
    make_article(slug="soon", at=time.now() + timedelta(days=1))
    make_category()
    make_author()
    service = add_service(Offer("Yoga", "Calm.", 60))
    change_service(add_service(Offer("Past", "Over.", 60)), Offer("Past", "Over.", 60, is_active=False))
    add_redirect("/moved/", post.address, by=make_user())
    for address in (
        *("/", "/about/", "/about", "/articles/", "/articles/hips/", "/articles/trashed/", "/articles/soon/"),
        *("/articles/category/back-pain/", "/articles/category/none/", "/articles/tag/none/", "/team/lim-pei-shuang/"),
        *("/team/nobody/", service.address, "/services/past/", "/services/none/", "/book/", "/book/thanks/", "/moved/"),
        *("/search/", "/search/?q=hips", "/feed.xml", "/sitemap.xml", "/login", "/none", "/a/b/c/d/", "/%61bout/"),
    ):
        answer = client.get(address)
        while answer.status_code in (301, 302, 303, 307, 308):
            answer = client.get(answer.headers["Location"])
        assert is_found(address) == (answer.status_code == 200), address
        assert is_found(f"{app.config['CLINIC'].site_url}{address}") == (answer.status_code == 200), address


# One bar, and what is true


def bars(page: Page) -> list[str]:
    return page.texts("[data-toast] p")


def test_a_link_to_nowhere_is_saved_with_one_word_about_it(sign_in: SignIn) -> None:
    page = visit(sign_in("owner"), "/admin/menus/new/").submit("Save", label="Nowhere", address="/no-such-page/")
    assert bars(page) == [
        "Saved, but there is no page at /no-such-page/ yet. Readers who follow this link see an error."
    ]


def test_a_draft_that_cannot_be_published_is_saved_with_one_word_about_it(sign_in: SignIn) -> None:
    page = visit(sign_in("owner"), "/admin/articles/new/").submit("Publish", title="Hips", body="<p>Text</p>")
    if page.path.startswith("/admin/articles/check"):
        page = page.submit("Publish", reason="So it is")
    (bar,) = bars(page)
    assert bar.startswith("Saved, but not published. To publish, add ")


@pytest.mark.parametrize("screen", ["articles", "pages"])
def test_before_the_trash_nobody_is_told_that_it_cannot_be_undone(sign_in: SignIn, screen: str) -> None:
    article = make_article(kind=Kind.POST if screen == "articles" else Kind.PAGE)
    owner = sign_in("owner")
    page = visit(owner, f"/admin/{screen}/delete/?id={article.id}")
    assert "cannot be undone" not in page.text
    assert "You can restore it from there for 30 days" in page.text
    page.submit("Delete")
    assert "cannot be undone" in visit(owner, f"/admin/{screen}/purge/?id={article.id}").text


# One definition of each count


def report(client: FlaskClient, by: str) -> dict[str, int]:
    page = visit(client, f"/admin/report/?by={by}")
    columns = ("Trials", "Attended", "Joined")
    return {name: sum(int(text) for text in page.texts(f"td[data-label={name}]")) for name in columns}


def mixed_requests() -> None:
    """Create two booked requests, one allowed, one declined and one held."""
    article = make_article()
    make_booking(email="one@example.org", article=article)
    make_booking(email="two@example.org", article=article)
    allow_booking(make_booking(email="one@example.org", article=article), by=make_user())
    decline_booking(make_booking(email="one@example.org", article=article), by=make_user())
    make_booking(email="two@example.org", article=article)


def test_trials_are_one_number_on_the_dashboard_and_in_every_report(sign_in: SignIn, clock: MovableClock) -> None:
    mixed_requests()
    owner = sign_in("owner")
    dashboard = visit(owner, "/admin/")
    assert "3 trials in total; highest value 3" in dashboard.texts(".chart-number")
    (leading,) = dashboard.tree.css(".chart table")[-1].css("td:last-child")
    assert leading.text() == "3"
    assert {report(owner, by)["Trials"] for by in ("article", "service", "week")} == {3}
    for page in (dashboard, visit(owner, "/admin/report/")):
        assert "Held and declined requests do not count" in page.text


@pytest.mark.parametrize("how", ["stage", "redeemed", "visit", "joined", "lost after it"])
def test_who_attended_is_the_same_in_leads_and_in_every_report(sign_in: SignIn, clock: MovableClock, how: str) -> None:
    booking = make_booking()
    make_booking()
    by = make_user()
    if how == "stage":
        change_stage(booking.lead, Stage.ATTENDED, by=by)
    elif how == "joined":
        change_stage(booking.lead, Stage.JOINED, by=by)
    elif how == "visit":
        mark_attended(make_visit(booking), by=by)
    else:
        assert booking.voucher
        redeem_voucher(booking.voucher, by=by)
        if how == "lost after it":
            change_stage(booking.lead, Stage.LOST, by=by)
    desk = sign_in("desk")
    assert {report(desk, by)["Attended"] for by in ("article", "service", "week")} == {1}
    assert {report(desk, by)["Joined"] for by in ("article", "service", "week")} == {int(how == "joined")}
    assert "at the stage attended or joined" in visit(desk, "/admin/report/").text


def test_trials_today_are_the_visits_that_the_day_lists(sign_in: SignIn, clock: MovableClock) -> None:
    at = clock.now + timedelta(hours=2)
    visits = [make_visit(at=at + timedelta(hours=number)) for number in range(4)]
    mark_attended(visits[0], by=make_user())
    mark_missed(visits[1], VisitState.NO_SHOW, by=make_user())
    cancel_visit(visits[2], by=make_user())
    desk = sign_in("desk")
    assert "3 Trials today" in visit(desk, "/admin/").texts(".task")
    assert len(visit(desk, "/admin/today/").texts(".visit")) == 3
    assert "visits set for today" in visit(desk, "/admin/").text
