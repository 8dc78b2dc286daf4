"""Preferences: defaults until changed, changed all or none, with a line in the log."""

import dataclasses

import pytest
import sqlalchemy as sa
from flask import Flask

from clinic.core.audit import AuditLine
from clinic.core.db import atomic, db
from clinic.preferences import Preference, Preferences, change_preferences, preferences
from tests.factories import make_user


def stored() -> dict[str, str]:
    return {row.name: row.value for row in db.session.scalars(sa.select(Preference))}


def logged() -> list[str]:
    return list(db.session.scalars(sa.select(AuditLine.thing).where(AuditLine.verb == "changed")))


def test_what_nobody_has_changed_is_the_default(app: Flask) -> None:
    assert preferences() == Preferences()


def test_a_changed_preference_is_kept_with_its_type_and_logged_with_who_did_it(app: Flask) -> None:
    owner = make_user(name="Corinne Rajan")
    change_preferences({"name": "Move & Mend", "voucher_days": 30}, by=owner)
    assert preferences() == dataclasses.replace(Preferences(), name="Move & Mend", voucher_days=30)
    assert logged() == ["preference:name", "preference:voucher_days"]
    assert set(db.session.scalars(sa.select(AuditLine.actor).where(AuditLine.verb == "changed"))) == {"Corinne Rajan"}


def test_only_what_differs_is_stored_and_logged(app: Flask) -> None:
    owner = make_user()
    change_preferences({"name": "Move Therapy", "phone": "+65 6000 0000", "voucher_days": 90}, by=owner)
    change_preferences({"phone": "+65 6000 0000"}, by=owner)
    assert stored() == {"phone": "+65 6000 0000"}
    assert logged() == ["preference:phone"]


def test_a_preference_can_go_back_to_its_default(app: Flask) -> None:
    owner = make_user()
    change_preferences({"tagline": "Something else"}, by=owner)
    change_preferences({"tagline": Preferences().tagline}, by=owner)
    assert preferences() == Preferences()


def test_an_unknown_name_is_refused_and_nothing_of_the_change_is_kept(app: Flask) -> None:
    with pytest.raises(KeyError):
        change_preferences({"name": "Not kept", "colour": "red"}, by=make_user())
    assert (stored(), logged()) == ({}, [])


def test_a_number_that_is_none_is_refused_before_it_breaks_every_page(app: Flask) -> None:
    with pytest.raises(ValueError):
        change_preferences({"name": "Not kept", "voucher_days": "ninety"}, by=make_user())
    db.session.rollback()
    assert stored() == {}


def test_a_row_that_this_release_does_not_know_is_left_alone(app: Flask) -> None:
    with atomic():
        db.session.add(Preference(name="of_another_release", value="x"))
    assert preferences() == Preferences()


def test_text_is_kept_as_it_is(app: Flask) -> None:
    hours = "Monday <8:00>\nTuesday “9:00” 陈伟玲 👩"
    change_preferences({"hours": hours}, by=make_user())
    assert preferences().hours == hours
