"""Tests of the pages around the article form: checks, conflicts, unsaved changes, previews, revisions, trash."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from clinic.accounts.access import RoleName
from clinic.accounts.models import StaffSession
from clinic.articles.models import Article, Kind
from clinic.articles.operations import edit_article
from clinic.articles.revisions import revisions_of
from clinic.core.audit import AuditLine
from clinic.core.db import atomic, db
from clinic.editing.autosave import sweep_autosaves
from clinic.editing.models import Autosave
from tests.articles.test_operations import changed
from tests.browse import Page, visit
from tests.conftest import MovableClock
from tests.factories import make_article, make_author, make_category, make_user

SignIn = Callable[..., FlaskClient]
SUMMARY = "What the muscles of the hip do for us every day, and how to train them at home."


def edit(client: FlaskClient, article: Article, **more: str) -> Page:
    return visit(client, f"/admin/articles/edit/?{urlencode({'id': article.id} | more)}")


def draft(**text: Any) -> Article:
    return make_article(publish=False, **{"summary": SUMMARY} | text)


# Before publishing


def test_a_claim_is_warned_of_and_publishing_anyway_needs_a_reason_that_is_logged(
    sign_in: SignIn, client: FlaskClient
) -> None:
    article = draft(body="<p>Our exercises cure back pain.</p>")
    page = edit(sign_in("editor"), article).submit("Publish")
    assert page.texts("h1") == ["Check before publishing"]
    assert "cure" in " ".join(page.texts(".findings-claim"))
    visit(client, article.address, status=404)
    refused = page.submit("Publish anyway", reason="  ")
    assert (refused.status, "Enter a reason" in refused.alert()) == (422, True)
    done = refused.submit("Publish anyway", reason="Checked with the owner")
    assert "ublished" in done.status_text()
    visit(client, article.address)
    line = db.session.scalars(sa.select(AuditLine).where(AuditLine.verb == "published")).one()
    assert line.detail == "Checked with the owner"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('<p>See <a href="/articles/nowhere/">the knee</a>.</p>', "no page at this address"),
        ('<p><a href="/book/">click here</a></p>', "describes the target"),
        ("<h2>A</h2><h4>B</h4><p>Text.</p>", "Make this heading h3"),
        ('<p>Look</p><figure data-image="4711"></figure>', "is not in Media"),
    ],
)
def test_a_defect_holds_publishing_back_and_leads_to_the_field(sign_in: SignIn, body: str, words: str) -> None:
    editor, article = sign_in("editor"), draft(body=body)
    page = edit(editor, article).submit("Publish")
    assert words in page.text
    link = page.one(".findings-should a").attributes["href"] or ""
    assert link.endswith(f"id={article.id}#body")
    assert words in edit(editor, article).text, "the form warns too"


def test_hints_do_not_hold_publishing_back(sign_in: SignIn) -> None:
    page = edit(sign_in("editor"), draft(summary="Short.", title="x" * 70)).submit("Publish")
    assert page.status_text() == "Saved and published."
    assert "Shorten the title" in " ".join(page.texts(".findings-hint"))


def test_a_time_to_come_schedules_and_is_kept_over_the_check(sign_in: SignIn, clock: MovableClock) -> None:
    editor, article = sign_in("editor"), draft()
    page = edit(editor, article).submit("Publish", publish_at="2026-11-21T09:30")
    assert "It will be published on 21 Nov 2026, 09:30." in page.status_text()
    assert edit(editor, article).values("Save")["publish_at"] == "2026-11-21T09:30"
    assert "draft again" in edit(editor, article).submit("Cancel the schedule").status_text()
    with atomic():
        article.body = "<p>We guarantee it.</p>"
    check = edit(editor, article).submit("Publish", publish_at="2026-11-22T07:00")
    check.submit("Publish anyway", reason="Because")
    db.session.expire_all()
    assert (article.state_word, article.published_at) == ("scheduled", clock.now.replace(day=21, hour=23))
    assert "Hips" not in visit(editor, "/admin/articles/?tab=published").text
    assert visit(editor, "/admin/articles/?tab=scheduled").texts("tbody .state") == ["scheduled"]


# Two editors at once


def test_the_second_saver_sees_both_texts_and_chooses(sign_in: SignIn, client: FlaskClient) -> None:
    mei = make_user(name="Mei", roles=[])
    editor, article = sign_in("editor"), make_article(title="Hips", body="<p>Hips carry us.</p>")
    mine = edit(editor, article)
    edit_article(article, changed(article, title="Hips by Mei", body="<p>Hips carry all of us.</p>"), by=mei)
    page = mine.submit("Save", title="Hips by me", body="<p>Hips carry me.</p>", tag_words="hips, me")
    assert page.status == 409
    assert "Mei saved “Hips by Mei”" in page.alert()
    assert "all of" in " ".join(page.texts("[aria-labelledby=theirs-title] ins"))
    assert "me." in " ".join(page.texts("[aria-labelledby=mine-title] ins"))
    db.session.expire_all()
    assert article.title == "Hips by Mei"
    kept = edit(editor, article, unsaved="1").values("Save")
    assert (kept["title"], kept["body"], kept["tag_words"]) == ("Hips by me", "<p>Hips carry me.</p>", "hips, me")
    page.submit("Save my version over theirs")
    db.session.expire_all()
    assert (article.title, sorted(tag.name for tag in article.tags)) == ("Hips by me", ["hips", "me"])
    assert [one.fields["title"] for one in revisions_of(article)] == ["Hips by me", "Hips by Mei", "Hips"]


def test_saving_over_theirs_is_told_when_theirs_is_newer_still(sign_in: SignIn) -> None:
    editor, article = sign_in("editor"), make_article()
    mine = edit(editor, article)
    edit_article(article, changed(article, title="Second"))
    page = mine.submit("Save", title="Mine")
    edit_article(article, changed(article, title="Third"))
    assert page.submit("Save my version over theirs").status == 409


def test_who_has_the_form_open_too_is_named_while_it_lasts(sign_in: SignIn, clock: MovableClock) -> None:
    article = make_article()
    mei, bo = sign_in(user=make_user(name="Mei", roles=[RoleName.EDITOR])), sign_in("editor")
    edit(mei, article)
    assert "Mei is also editing this text." in edit(bo, article).text
    clock.move(seconds=61)
    assert "also editing this text" not in edit(bo, article).text


# Unsaved changes


def keep(client: FlaskClient, page: Page, **fields: str) -> dict[str, object]:
    data = page.values("Save") | fields
    article_id = re.search(r"id=(\d+)", page.path) or re.search(r'data-id="(\d*)"', page.html)
    answer = client.post("/admin/articles/autosave.json", data=data | {"id": article_id[1] if article_id else ""})
    assert answer.status_code == 200
    kept: dict[str, object] = answer.get_json()
    return kept


def test_what_is_typed_is_kept_apart_from_the_saves_and_offered_again(sign_in: SignIn, clock: MovableClock) -> None:
    editor, article = sign_in("editor"), make_article(title="Hips")
    answer = keep(editor, edit(editor, article), title="Hips, half written", tag_words="one")
    assert answer == {"at": "10:00", "others": [], "version": 1}
    db.session.expire_all()
    assert (article.title, len(revisions_of(article))) == ("Hips", 1)
    page = edit(editor, article)
    assert "unsaved changes" in page.text
    assert page.values("Save")["title"] == "Hips", "never put in unasked"
    again = edit(editor, article, unsaved="1")
    assert (again.values("Save")["title"], again.values("Save")["tag_words"]) == ("Hips, half written", "one")
    again.submit("Save")
    assert "unsaved changes" not in edit(editor, article).text
    db.session.expire_all()
    assert article.title == "Hips, half written"


def test_a_new_article_is_kept_before_it_has_a_number(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    keep(editor, visit(editor, "/admin/articles/new/"), title="Half an idea")
    page = visit(editor, "/admin/articles/new/")
    assert "unsaved changes" in page.text
    assert visit(editor, "/admin/articles/new/?unsaved=1").values("Save")["title"] == "Half an idea"
    page.submit("Discard")
    assert "unsaved changes" not in visit(editor, "/admin/articles/new/").text


def test_one_persons_unsaved_text_is_not_anothers(sign_in: SignIn) -> None:
    article, one, two = make_article(), sign_in("editor"), sign_in("editor")
    keep(one, edit(one, article), title="Mine")
    assert "unsaved changes" not in edit(two, article).text


def test_unsaved_text_is_forgotten_after_a_month(sign_in: SignIn, clock: MovableClock) -> None:
    editor, article = sign_in("editor"), make_article()
    keep(editor, edit(editor, article), title="Mine")
    clock.move(days=29)
    sweep_autosaves()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Autosave)) == 1
    clock.move(days=2)
    sweep_autosaves()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Autosave)) == 0


def test_a_sign_in_that_ended_takes_no_text_with_it(app: Flask, sign_in: SignIn) -> None:
    user = make_user(roles=[RoleName.EDITOR])
    editor, article = sign_in(user=user), make_article(title="Hips")
    form = edit(editor, article)
    with atomic():
        db.session.execute(sa.delete(StaffSession))
    body = '<p>Long & "difficult" <em>text</em></p>\n<p>Two</p>'
    page = form.submit("Save", title="Hard work", body=body)
    assert (page.status, page.texts("h1")) == (401, ["Your changes are safe"])
    again = sign_in(user=user)
    page.client = again
    page = page.submit("Send again")
    if page.texts("h1") == ["Your changes are safe"]:  # another session has another token
        page = page.submit("Send again")
    assert "Saved" in page.status_text()
    db.session.expire_all()
    assert (article.title, article.body) == ("Hard work", body.replace("&", "&amp;"))


def test_a_visitor_who_types_nothing_is_simply_sent_to_sign_in(client: FlaskClient) -> None:
    assert client.get("/admin/articles/").status_code == 302
    assert client.post("/admin/articles/autosave.json", data={"title": "x"}).status_code == 400


# Preview


def test_the_preview_shows_the_real_page_in_two_frames_of_our_own(sign_in: SignIn) -> None:
    editor, article = sign_in("editor"), draft(title="Not yet")
    page = visit(editor, f"/admin/articles/preview/?id={article.id}")
    assert len(page.tree.css("iframe[title]")) == 2
    shown = visit(editor, page.tree.css("iframe")[0].attributes["src"] or "")
    assert shown.texts("h1") == ["Not yet"]
    assert "frame-ancestors 'self'" in shown.response.headers["Content-Security-Policy"]
    assert shown.response.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_link_for_somebody_without_a_login_is_shown_once_and_can_be_revoked(
    sign_in: SignIn, client: FlaskClient
) -> None:
    editor, article = sign_in("editor"), draft(title="Not yet")
    page = edit(editor, article).submit("Create a preview link to share")
    url = page.one("input#link").attributes["value"] or ""
    path = "/preview/" + url.partition("/preview/")[2]
    assert visit(client, path).texts("h1") == ["Not yet"]
    assert url not in edit(editor, article).html
    assert "is revoked" in edit(editor, article).submit("Revoke").status_text()
    visit(client, path, status=404)


def test_all_saves_are_listed_compared_and_brought_back(sign_in: SignIn, clock: MovableClock) -> None:
    editor = sign_in(user=make_user(name="Mei", roles=[RoleName.EDITOR]))
    article = make_article(title="Hips", body="<p>Hips carry us.</p>")
    clock.move(hours=1)
    edit(editor, article).submit("Save", title="Strong hips", body="<p>Hips carry us far.</p>")
    page = visit(editor, f"/admin/articles/revisions/?id={article.id}&version=2")
    assert "20 Nov 2026, 11:00 , Mei" in page.text
    assert "Strong" in " ".join(page.texts("ins"))
    assert "far." in " ".join(page.texts("ins"))
    assert "Restore this version" not in page.texts("button")
    old = visit(editor, f"/admin/articles/revisions/?id={article.id}&version=1")
    assert "Restored" in old.submit("Restore this version").status_text()
    db.session.expire_all()
    assert (article.title, article.version) == ("Hips", 3)
    for version in ("99", "x", "-1"):
        assert editor.get(f"/admin/articles/revisions/?id={article.id}&version={version}").status_code in (200, 404)


# States


def test_deleting_can_be_undone_from_the_toast_and_from_the_trash(sign_in: SignIn, client: FlaskClient) -> None:
    editor, article = sign_in("editor"), make_article(title="Strong hips", slug="hips")
    page = visit(editor, f"/admin/articles/delete/?id={article.id}").submit("Delete")
    visit(client, "/articles/hips/", status=404)
    page.submit("Undo")
    visit(client, "/articles/hips/")
    visit(editor, f"/admin/articles/delete/?id={article.id}").submit("Delete")
    taken = visit(editor, "/admin/articles/new/").submit("Save", title="Other", slug="hips")
    assert "in use by “Strong hips” (in the trash)" in taken.alert()
    assert visit(editor, "/admin/articles/?tab=trash").texts("td .state") == ["published"]
    assert "Restored" in visit(editor, "/admin/articles/?tab=trash").submit("Restore").status_text()
    visit(client, "/articles/hips/")
    visit(editor, f"/admin/pages/purge/?id={article.id}", status=404)


@pytest.mark.slow
def test_where_readers_go_instead_is_chosen_when_a_text_is_taken_down(sign_in: SignIn, client: FlaskClient) -> None:
    editor, old, new = sign_in("editor"), make_article(slug="old"), make_article(slug="new", title="The new one")
    page = edit(editor, old).submit("Unpublish", reason="Out of date", successor=str(new.id))
    assert "redirects to “The new one”" in page.status_text()
    assert "Out of date" in page.text
    assert client.get("/articles/old/").headers["Location"] == "/articles/new/"
    assert "circle" in edit(editor, new).submit("Unpublish", reason="x", successor=str(old.id)).alert()


def test_a_review_is_confirmed_and_a_text_that_changed_since_is_marked(sign_in: SignIn, clock: MovableClock) -> None:
    editor = sign_in("editor")
    article = make_article(reviewer_id=make_author("Dr Koh", "koh").id, reviewed_on=(clock.now - timedelta(400)).date())
    assert article.title in visit(editor, "/admin/articles/?tab=review").text
    edit(editor, article).submit("Save", body="<p>New words.</p>")
    assert "has changed since Dr Koh reviewed it" in edit(editor, article).text
    page = edit(editor, article).submit("Mark as reviewed today")
    assert "has changed since" not in page.text
    assert article.title not in visit(editor, "/admin/articles/?tab=review").text


def test_a_link_can_be_picked_from_all_texts_but_those_in_the_trash(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    make_article(title="Strong knees", slug="knees")
    make_article(title="Strong hips 100%", slug="hips", publish=False)
    make_article(kind=Kind.PAGE, title="Strong team", slug="people")
    items = editor.get("/admin/articles/pick.json?q=strong").get_json()["items"]
    assert {item["address"]: item["state"] for item in items} == {
        "/articles/knees/": "published",
        "/articles/hips/": "draft",
        "/people/": "published",
    }
    assert [item["title"] for item in editor.get("/admin/articles/pick.json?q=100%").get_json()["items"]] == [
        "Strong hips 100%"
    ]


def test_pages_have_all_of_it_too(sign_in: SignIn) -> None:
    editor, page = sign_in("editor"), make_article(kind=Kind.PAGE, slug="about", summary=SUMMARY)
    for path in ("edit", "preview", "revisions", "check", "shown"):
        visit(editor, f"/admin/pages/{path}/?id={page.id}")
        visit(editor, f"/admin/articles/{path}/?id={page.id}", status=404)
    assert (
        "Unpublished" in visit(editor, f"/admin/pages/edit/?id={page.id}").submit("Unpublish", reason="x").status_text()
    )


def test_the_autosave_of_a_stranger_to_the_screen_is_refused(sign_in: SignIn) -> None:
    desk = sign_in("desk")
    token = visit(desk, "/admin/").values("Sign out")["csrf_token"]
    answer = desk.post("/admin/articles/autosave.json", data={"csrf_token": token, "title": "x"})
    assert answer.status_code == 403
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Autosave)) == 0


def test_a_category_can_be_chosen_on_the_unsaved_form(sign_in: SignIn) -> None:
    editor, category = sign_in("editor"), make_category("Joints", "joints")
    keep(editor, visit(editor, "/admin/articles/new/"), title="x", category_id=str(category.id))
    assert visit(editor, "/admin/articles/new/?unsaved=1").values("Save")["category_id"] == str(category.id)


# Findings of a review


def test_a_date_is_never_thrown_away(sign_in: SignIn, clock: MovableClock) -> None:
    editor = sign_in("editor")
    draft = make_article(publish=False)
    refused = edit(editor, draft).submit("Save", publish_at="2027-03-01T08:00")
    assert refused.status == 422
    assert "Press “Publish” to schedule it" in refused.alert()
    assert refused.values("Save")["publish_at"] == "2027-03-01T08:00"
    out = edit(editor, make_article()).submit("Save", publish_at="2027-03-01T08:00")
    assert "cannot schedule it" in out.alert()
    scheduled = make_article(at=datetime(2027, 3, 1, tzinfo=UTC))
    moved = edit(editor, scheduled).submit("Save", publish_at="2027-04-01T08:00")
    assert "It will be published on 1 Apr 2027, 08:00" in moved.status_text()


def test_a_draft_takes_no_address_from_a_redirect_that_readers_use(
    sign_in: SignIn, client: FlaskClient, clock: MovableClock
) -> None:
    editor = sign_in("editor")
    article = make_article(slug="old-address", title="Moved")
    edit(editor, article).submit("Save", slug="new-address")
    visit(editor, "/admin/articles/new/").submit("Save", title="Old address")
    assert client.get("/articles/old-address/").headers["Location"] == "/articles/new-address/"
    chosen = make_article(slug="old-address", at=clock.now + timedelta(hours=1))
    assert client.get("/articles/old-address/").status_code == 301  # until its time has come
    clock.move(hours=2)
    assert client.get("/articles/old-address/").status_code == 200
    assert chosen.address == "/articles/old-address/"


CLAIM = "We guarantee a cure for every back. The best in town."


def test_a_claim_cannot_slip_into_a_published_text(sign_in: SignIn, client: FlaskClient) -> None:
    editor, article = sign_in("editor"), make_article(summary="What hips do, and how to train them.")
    page = edit(editor, article).submit("Save", summary=CLAIM)
    assert page.status == 422
    assert "Readers would see this immediately" in page.alert()
    assert CLAIM not in client.get(article.address).get_data(as_text=True)
    saved = page.submit("Save", despite="The owner insists")
    assert "Saved and published" in saved.status_text()
    assert CLAIM in client.get(article.address).get_data(as_text=True)
    assert "The owner insists" in db.session.scalars(sa.select(AuditLine.detail)).all()
    # Old findings need no second reason.
    assert "Saved and published" in edit(editor, article).submit("Save", title="Other words").status_text()


def test_a_claim_cannot_come_back_with_an_earlier_save(sign_in: SignIn, client: FlaskClient) -> None:
    editor = sign_in("editor")
    article = make_article(summary=CLAIM)
    edit_article(article, changed(article, summary="What hips do, and how to train them."))
    page = visit(editor, f"/admin/articles/revisions/?id={article.id}&version=1")
    asked = page.submit("Restore this version")
    assert "Not restored." in asked.alert()
    assert CLAIM not in client.get(article.address).get_data(as_text=True)
    asked.submit("Restore this version", reason="It is a quotation")
    assert CLAIM in client.get(article.address).get_data(as_text=True)


def test_two_open_forms_of_one_person_keep_two_texts(sign_in: SignIn) -> None:
    editor = sign_in("editor")
    forms = [visit(editor, "/admin/articles/new/") for _ in range(2)]
    for number, form in enumerate(forms):
        fields = form.values("Save") | {"title": f"Idea {number}"}
        assert editor.post("/admin/articles/autosave.json", data=fields).status_code == 200
    page = visit(editor, "/admin/articles/new/")
    assert sorted(text.partition("“")[2].partition("”")[0] for text in page.texts(".unsaved p:first-child")) == [
        "Idea 0",
        "Idea 1",
    ]
    first = forms[0].values("Save")["draft"]
    again = visit(editor, "/admin/articles/new/", query={"unsaved": first})
    assert again.values("Save")["title"] == "Idea 0"
    again.submit("Save")
    assert "Idea 1" in visit(editor, "/admin/articles/new/").texts(".unsaved p")[0]
    assert len(visit(editor, "/admin/articles/new/").texts(".unsaved")) == 1


def test_four_teasers_are_too_many_and_an_empty_trash_says_so(sign_in: SignIn) -> None:
    editor, article = sign_in("editor"), make_article()
    others = [str(make_article().id) for _ in range(4)]
    assert "Choose at most three" in edit(editor, article).submit("Save", teaser_ids=others).alert()
    assert "The trash is empty" in visit(editor, "/admin/articles/?tab=trash").text
