"""Tests of the panel's search: it finds only rows that the person may open."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from clinic.accounts.access import RoleName
from clinic.articles.models import Article, Kind
from clinic.core import clock
from clinic.core.db import atomic, db
from tests.admin.statements import statements
from tests.browse import Page, visit
from tests.factories import make_article, make_booking, make_comment, make_image, make_user

SignIn = Callable[..., FlaskClient]


def groups(page: Page) -> list[str]:
    return page.texts("main h2")


def fill() -> None:
    article = make_article(title="Hips for 100% of us", publish=False, slug="hips-for-all")
    make_article(title="Hips at the clinic", kind=Kind.PAGE)
    make_image(alt="Hips from the side")
    make_comment(article, body="My hips thank you.")
    make_booking(name="Hipsworth Tan", mobile="+6591234567")
    make_user(name="Hipson Lee", roles=[RoleName.DESK])


WORDS = {
    "owner": ["Articles", "Pages", "Leads", "Comments", "Media", "People"],
    "editor": ["Articles", "Pages", "Media"],
    "moderator": ["Comments"],
    "desk": ["Leads"],
}


@pytest.mark.parametrize("role", WORDS)
def test_each_role_finds_only_what_it_may_open(sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    fill()
    page = visit(client, "/admin/search/?q=hIPs")
    assert groups(page) == WORDS[role]
    for link in page.tree.css(".found a"):
        visit(client, link.attributes["href"] or "")
    assert ("Settings" in groups(visit(client, "/admin/search/?q=whatsapp"))) == (role == "owner")


def test_a_draft_is_found_with_state_and_summary_and_a_trashed_one_is_not(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    make_article(title="Kept knees", publish=False, summary="About knees.")
    thrown = make_article(title="Thrown knees")
    with atomic():
        db.session.execute(sa.update(Article).where(Article.id == thrown.id).values(trashed_at=clock.now()))
    page = visit(editor, "/admin/search/?q=knees")
    assert page.texts(".found li") == ["Kept knees draft About knees."]


@pytest.mark.parametrize("typed", ["9123 4567", "+65 9123-4567", "0065 9123 4567", "91234567", "(65) 91234567", "4567"])
def test_a_lead_is_found_by_the_mobile_in_any_spelling(sign_in: SignIn, typed: str) -> None:
    make_booking(name="Tan Wei Ling", mobile="+6591234567")
    make_booking(name="Ana Lee", mobile="+6581112222")
    page = visit(sign_in("desk"), "/admin/search/", query={"q": typed})
    assert page.texts(".found a") == ["Tan Wei Ling"]


def test_signs_of_the_database_are_plain_characters(sign_in: SignIn) -> None:
    fill()
    owner = sign_in("owner")
    assert groups(visit(owner, "/admin/search/?q=100%25")) == ["Articles"]
    for typed in ("%", "_", "\\", "h_ps", "h%ps"):
        found = visit(owner, "/admin/search/", query={"q": typed}).texts(".found a")
        assert found in ([], ["Hips for 100% of us"]), typed
    # Leads are found by their words; punctuation is ignored.
    assert visit(owner, "/admin/search/", query={"q": "%%hips"}).texts(".found a") == ["Hipsworth Tan"]


def test_a_group_shows_five_and_leads_to_the_list_with_all(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    for number in range(7):
        make_article(title=f"Strong hips {number}")
    page = visit(editor, "/admin/search/?q=hips+strong")
    assert len(page.texts(".found li")) == 5
    link = page.one("main section > p a")
    assert link.text() == "Show all 7 articles"
    assert len(visit(editor, link.attributes["href"] or "").texts("tbody tr")) == 7


def test_a_setting_leads_to_its_field(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    found = visit(owner, "/admin/search/?q=Opening+hours").one(".found a")
    address, _, field = (found.attributes["href"] or "").partition("#")
    assert visit(owner, address).one(f"#{field}").tag == "textarea"


def test_nothing_typed_and_nothing_found_are_said_kindly(sign_in: SignIn) -> None:
    desk = sign_in("desk")
    assert "Enter a few words" in visit(desk, "/admin/search/").text
    page = visit(desk, "/admin/search/?q=<b>xylophone</b>")
    assert "No results for “<b>xylophone</b>”" in page.text
    assert page.one("#panel-search").attributes["value"] == "<b>xylophone</b>"


def test_the_field_stands_on_every_page_and_the_search_costs_a_fixed_number_of_statements(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    assert visit(owner, "/admin/people/").submit("Find", q="Hips").path == "/admin/search/"
    fill()
    with statements() as few:
        owner.get("/admin/search/?q=hips")
    for _ in range(3):
        fill_more()
    with statements() as more:
        owner.get("/admin/search/?q=hips")
    assert len(more) == len(few) <= 14, more


def fill_more() -> None:
    make_article(title="More hips")
    make_booking(name="More Hips")
    make_comment(make_article(), body="More hips.")
