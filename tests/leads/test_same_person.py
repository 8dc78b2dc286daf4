"""Leads that may be one person: evidence, merging and splitting; families with one address stay apart."""

import pytest
import sqlalchemy as sa
from flask import Flask

from clinic.bookings.errors import TrialAlreadyUsed
from clinic.core.db import Base, db
from clinic.demo.bulk import bulk_leads
from clinic.leads import lead_index
from clinic.leads.errors import CannotMerge, CannotSplit
from clinic.leads.models import Lead, LeadEvent, Merge, Stage
from clinic.leads.operations import add_note, change_stage, keep_apart, merge_leads, split_leads
from clinic.leads.queries import count_in_stage, find_leads, likely_same
from clinic.leads.same_person import evidence
from tests.conftest import MovableClock
from tests.factories import make_booking, make_user

SAME, NEAR, OTHER = "Same name", "Same name except for one letter", ""


def rows() -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of all tables, except the log."""
    db.session.rollback()
    return {
        table.name: [tuple(row) for row in db.session.execute(table.select().order_by(*table.primary_key))]
        for table in Base.metadata.sorted_tables
        if table.name != "audit_line"
    }


def lead(name: str, email: str, mobile: str) -> Lead:
    return make_booking(name=name, email=email, mobile=mobile).lead


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Tan Wei Ling", "Wei Ling Tan", SAME),
        ("Tan Wei Ling", "tan wei-ling", SAME),
        ("Zoë Müller", "Zoe Muller", SAME),
        ("Tan Wei Ling", "Tan Wei Lin", NEAR),
        ("Nur Syafiqah", "Nur Shafiqah", NEAR),
        ("Nur Syafiqah", "Nur Syafiqha", NEAR),  # two letters swapped
        ("Priya Raghunathan", "Prija Raghunathan", NEAR),
        ("Tan Wei Ling", "Lim Wei Ling", OTHER),
        ("Jo Tan", "Jo Tam", OTHER),  # short names, both real
        ("Ng", "Ong", OTHER),
    ],
)
def test_names_a_typo_apart(one: str, other: str, expected: str) -> None:
    first = Lead(name=one, email="a@example.org", email_key="a@example.org", mobile="+6591234567")
    second = Lead(name=other, email="b@example.org", email_key="b@example.org", mobile="+6581234567")
    assert ", ".join(evidence(first, second)) == expected


def test_who_may_be_the_same_is_suggested_with_evidence(app: Flask) -> None:
    one = lead("Tan Wei Ling", "wei.ling@gmail.com", "+6591234567")
    same = lead("Wei Ling", "weiling+trial@gmail.com", "+6581234567")
    near = lead("Tan Wei Lin", "else@example.org", "+6582234567")
    lead("Priya Raghunathan", "priya@example.org", "+6583234567")
    assert {(found.id, *why) for found, why in likely_same(one)} == {
        (same.id, "Same mailbox, different spelling"),
        (near.id, "Same name except for one letter"),
    }


def test_a_family_on_one_address_stays_two(app: Flask) -> None:
    mother = lead("Tan Wei Ling", "tans@example.org", "+6591234567")
    son = lead("Tan Jun Jie", "tans@example.org", "+6581234567")
    assert [found.id for found, _ in likely_same(mother)] == [son.id]
    keep_apart(son, mother, by=make_user())
    keep_apart(mother, son, by=make_user())
    assert likely_same(mother) == likely_same(son) == []
    assert {mother.merged_into_id, son.merged_into_id} == {None}


def test_a_merge_moves_all_and_a_split_gives_back_just_what_was(app: Flask, clock: MovableClock) -> None:
    kept = lead("Tan Wei Ling", "weiling@example.org", "+6591234567")
    other = lead("Tan Wei Lin", "wl@example.org", "+6581234567")
    by = make_user()
    add_note(other, "Prefers mornings", by=by)
    change_stage(other, Stage.CONTACTED, by=by)
    before = rows()
    merge_leads(kept, other, by=by)
    assert db.session.get_one(Lead, other.id).merged_into_id == kept.id
    texts = db.session.scalars(sa.select(LeadEvent.text).where(LeadEvent.lead_id == kept.id)).all()
    assert "Prefers mornings" in texts
    assert [found.id for found in find_leads("wl@example", most=5).rows] == [kept.id]
    clock.move(days=30)
    split_leads(db.session.scalars(sa.select(Merge)).one(), by=by)
    assert rows() == before
    assert [found.id for found in find_leads("wl@example", most=5).rows] == [other.id]


def test_after_a_merge_both_contacts_are_one_person_for_the_ledger(app: Flask) -> None:
    kept = lead("Tan Wei Ling", "weiling@example.org", "+6591234567")
    other = lead("Tan Wei Ling", "wl@example.org", "+6581234567")
    merge_leads(kept, other, by=make_user())
    with pytest.raises(TrialAlreadyUsed):
        make_booking(email="weiling@example.org", mobile="+6581234567")


def test_two_made_one_are_counted_once(app: Flask) -> None:
    kept, other = (make_booking(name=name).lead for name in ("One", "Two"))
    assert count_in_stage(Stage.NEW) == 2
    merge_leads(kept, other, by=make_user())
    assert count_in_stage(Stage.NEW) == 1


def test_what_happened_after_a_merge_stays_with_the_kept_one(app: Flask) -> None:
    kept, other = lead("A Tan", "a@example.org", "+6591234567"), lead("A Tan", "b@example.org", "+6581234567")
    by = make_user()
    merge_leads(kept, other, by=by)
    add_note(db.session.get_one(Lead, kept.id), "Called", by=by)
    split_leads(db.session.scalars(sa.select(Merge)).one(), by=by)
    assert db.session.scalars(sa.select(LeadEvent.lead_id).where(LeadEvent.text == "Called")).all() == [kept.id]


def test_what_cannot_be_merged_or_split_says_why(app: Flask, clock: MovableClock) -> None:
    one, two, three = (lead(f"A {n}", f"{n}@example.org", f"+6591234{n:03}") for n in range(3))
    by = make_user()
    with pytest.raises(CannotMerge, match="already the same lead"):
        merge_leads(one, one, by=by)
    merge_leads(one, two, by=by)
    with pytest.raises(CannotMerge, match="already merged"):
        merge_leads(three, two, by=by)
    clock.move(days=30, seconds=1)
    with pytest.raises(CannotSplit):
        split_leads(db.session.scalars(sa.select(Merge)).one(), by=by)


@pytest.mark.parametrize(
    "typed", ["wei", "WEI LING", "ling tan", "weiling@", "example", "9123", "4567", "+65 9123 4567", "0065-9123-4567"]
)
def test_a_lead_is_found_by_any_word_or_number(app: Flask, typed: str) -> None:
    wanted = lead("Tan Wei Ling", "weiling@example.org", "+6591234567")
    lead("Priya Raghunathan", "priya@other.test", "+6588887777")
    assert [one.id for one in find_leads(typed, most=5).rows] == [wanted.id]


@pytest.mark.parametrize("typed", ["", " ", "%", "'", '"', "*", "tan AND wei:*", "a" * 500, "NEAR(tan wei)", "-tan"])
def test_odd_words_find_something_or_nothing_and_never_break(app: Flask, typed: str) -> None:
    lead("Tan Wei Ling", "weiling@example.org", "+6591234567")
    assert find_leads(typed, most=5).total in (0, 1)


def test_of_many_with_the_same_name_the_newest_are_found(app: Flask) -> None:
    make_booking()  # creates the services
    for _ in bulk_leads(2500):
        pass
    for typed in ("menon", "meno", "siti menon", "grace", "80001", "nobody"):
        words = sa.and_(*(sa.or_(Lead.name.icontains(word), Lead.mobile.contains(word)) for word in typed.split()))
        newest = list(db.session.scalars(sa.select(Lead.id).where(words).order_by(Lead.id.desc()).limit(100)))
        assert lead_index.find(typed) == newest, typed
