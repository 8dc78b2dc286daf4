"""Tests of settings: readers see the owner's changes."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from clinic.admin.settings.preferences import PreferenceForm
from clinic.core.audit import AuditLine
from clinic.core.db import db
from clinic.preferences import Preference, Preferences, preferences
from tests.browse import check, visit
from tests.factories import make_booking

SignIn = Callable[..., FlaskClient]


def test_a_change_is_read_on_every_page_and_in_the_mails_from_now_on(sign_in: SignIn, client: FlaskClient) -> None:
    owner = sign_in("owner")
    page = visit(owner, "/admin/settings/").submit(
        "Save", name="Hips & Co <b>", phone="+65 6999 8888", hours="Mon 8:00-9:00", desk_email="hips@example.org"
    )
    assert "Saved" in page.status_text()
    assert page.values("Save")["name"] == "Hips & Co <b>"
    for path in ("/", "/articles/", "/book/", "/book/thanks/"):
        public = visit(client, path)
        for words in ("Hips & Co <b>", "+65 6999 8888", "Monday 8:00–9:00"):
            assert words in public.text
        assert public.tree.css("a[href='tel:+6569998888']")
    make_booking()
    assert "hips@example.org" in visit(owner, "/admin/outbox/").texts("td[data-label=To]")


def test_only_what_changed_is_kept_and_logged(sign_in: SignIn) -> None:
    page = visit(sign_in("owner"), "/admin/settings/")
    for _ in range(2):
        page.submit("Save", voucher_days="14")
    assert db.session.scalars(sa.select(Preference.name)).all() == ["voucher_days"]
    assert db.session.scalars(sa.select(AuditLine.thing).where(AuditLine.verb == "changed")).all() == [
        "preference:voucher_days"
    ]
    assert preferences().voucher_days == 14


WRONG = (
    {"name": ""},
    {"name": "   "},
    {"email": "nobody"},
    {"desk_email": "a@b@c"},
    {"voucher_days": "0"},
    {"voucher_days": "soon"},
    {"voucher_days": "9" * 30},
    {"tagline": "x" * 161},
)


def test_what_is_missing_or_wrong_is_refused_and_stays_in_the_box(sign_in: SignIn) -> None:
    form = visit(sign_in("owner"), "/admin/settings/")
    for changed in WRONG:
        typed: dict[str, Any] = {"address": "1 New Street"} | changed
        page = form.submit("Save", **typed)
        assert page.status == 422, changed
        assert page.alert()
        check(page)
        for name, value in typed.items():
            assert page.values("Save")[name] == value.strip()
    assert db.session.scalars(sa.select(Preference)).all() == []


def test_every_preference_has_a_field_in_one_group_with_help(sign_in: SignIn) -> None:
    grouped = [name for _, _, names in PreferenceForm.groups for name in names]
    assert sorted(grouped) == sorted(field.name for field in fields(Preferences))
    page = visit(sign_in("owner"), "/admin/settings/")
    assert page.texts("section h2") == [heading for heading, _, _ in PreferenceForm.groups]
    for name in grouped:
        assert page.one(f"#{name}-hint").text(), name


def test_the_rules_of_practice_are_kept(sign_in: SignIn) -> None:
    page = visit(sign_in("owner"), "/admin/settings/")
    page.submit("Save", review_months="6", review_email="expert@example.org", claims="cure | Say what may help")
    kept = preferences()
    assert (kept.review_months, kept.review_email) == (6, "expert@example.org")
    assert kept.claims == "cure | Say what may help"
