"""Times of visits: allocation, refusals, changes by the person, emails."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from clinic.accounts.models import User
from clinic.bookings.errors import VoucherRedeemed
from clinic.bookings.models import Booking, BookingState, VoucherState
from clinic.bookings.operations import redeem_voucher
from clinic.core.db import db
from clinic.leads.models import LeadEvent, Stage
from clinic.outbox.models import Message
from clinic.preferences import change_preferences, preferences
from clinic.visits.errors import ChangedTooOften, TimeRefused, TimeTaken, TooLate, VisitClosed
from clinic.visits.models import Therapist, Visit, VisitSlot, VisitState
from clinic.visits.operations import (
    ask_for_other_time,
    cancel_visit,
    keep_wish,
    mark_attended,
    mark_missed,
    remind_of_visits,
    reopen_visit,
    set_visit,
    undo_cancel,
)
from clinic.visits.queries import bookings_without_time, count_without_time, free_starts, nearest_free, wish_of
from tests.conftest import MovableClock
from tests.factories import make_booking, make_therapist, make_user, make_visit
from tests.journeys.site import at_once

TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a Monday, 10 o'clock in Singapore


def mails(kind: str) -> list[Message]:
    return list(db.session.scalars(sa.select(Message).where(Message.kind == kind).order_by(Message.id)))


def history(booking: Booking) -> list[str]:
    events = sa.select(LeadEvent.text).where(LeadEvent.lead_id == booking.lead_id).order_by(LeadEvent.id)
    return list(db.session.scalars(events))


def set_rule(**values: int) -> None:
    change_preferences(dict(values), by=make_user())


# Setting a time


def test_the_desk_sets_a_time_and_the_person_is_told(app: Flask, clock: MovableClock) -> None:
    booking, anna = make_booking(name="Tan Wei Ling"), make_therapist("Anna")
    assert bookings_without_time().rows == [booking]
    visit = set_visit(booking, anna, TEN, by=make_user())
    assert (visit.state, visit.ends_at - visit.starts_at, visit.sequence) == (VisitState.SET, timedelta(hours=1), 0)
    assert booking.lead.stage == Stage.BOOKED
    assert "Time set: 23 Nov 2026, 10:00, Anna" in history(booking)
    (mail,) = mails("visit_set")
    assert mail.to == booking.lead.email
    assert mail.subject == "Move Therapy 1-to-1 on Monday, 23 November, 10:00"
    for words in ("With: Anna", booking.voucher.code):
        assert words in mail.text
    assert {url.split("/")[4] for url in mail.secrets.values()} == {"cancel-visit", "other-time", "my-data"}
    assert [one["name"] for one in mail.attachments] == ["voucher.png", "visit.ics"]
    assert count_without_time() == 0


def test_the_same_time_again_changes_nothing(app: Flask, clock: MovableClock) -> None:
    visit = make_visit(at=TEN)
    lines = history(visit.booking)
    set_visit(visit.booking, visit.therapist, TEN, by=make_user())
    assert (visit.sequence, len(mails("visit_set")), history(visit.booking)) == (0, 1, lines)


def test_another_time_is_the_same_visit_with_a_higher_sequence(app: Flask, clock: MovableClock) -> None:
    visit = make_visit(at=TEN)
    uid = visit.uid
    moved = set_visit(visit.booking, visit.therapist, TEN + timedelta(days=1), by=make_user())
    assert (moved.id, moved.uid, moved.sequence) == (visit.id, uid, 1)
    assert mails("visit_set")[-1].subject.startswith("New time")
    make_visit(at=TEN, therapist=visit.therapist)  # the former time is free again


@pytest.mark.parametrize("minutes", [-45, -15, 0, 15, 45])
def test_a_therapist_is_not_booked_twice_at_one_time(app: Flask, clock: MovableClock, minutes: int) -> None:
    visit = make_visit(at=TEN)
    other = make_booking()
    with pytest.raises(TimeTaken) as taken:
        set_visit(other, visit.therapist, TEN + timedelta(minutes=minutes), by=make_user())
    assert len(taken.value.free) == 6
    assert TEN not in taken.value.free
    assert db.session.scalars(sa.select(Visit)).all() == [visit]
    for free in taken.value.free:
        assert free in nearest_free(visit.therapist_id, TEN + timedelta(minutes=minutes), 60)
    set_visit(other, visit.therapist, taken.value.free[0], by=make_user())


def test_a_visit_that_has_a_time_keeps_it_when_it_cannot_be_moved(app: Flask, clock: MovableClock) -> None:
    visit = make_visit(at=TEN)
    later = make_visit(at=TEN + timedelta(hours=2), therapist=visit.therapist)
    with pytest.raises(TimeTaken) as taken:
        set_visit(later.booking, visit.therapist, TEN + timedelta(minutes=15), by=make_user())
    assert len(taken.value.free) == 6
    assert (later.starts_at, later.sequence) == (TEN + timedelta(hours=2), 0)


@pytest.mark.parametrize("minutes", [-60, 60])
def test_one_visit_may_begin_when_another_ends(app: Flask, clock: MovableClock, minutes: int) -> None:
    visit = make_visit(at=TEN)
    make_visit(at=TEN + timedelta(minutes=minutes), therapist=visit.therapist)
    make_visit(at=TEN)  # with another therapist


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda booking, anna: TEN - timedelta(days=7), "in the past"),
        (lambda booking, anna: TEN + timedelta(days=400), "more than a year"),
        (lambda booking, anna: TEN + timedelta(minutes=5), "quarter hour"),
    ],
)
def test_a_time_that_cannot_be_is_refused_in_words(
    app: Flask, clock: MovableClock, change: Callable[[Booking, Therapist], datetime], words: str
) -> None:
    booking, anna = make_booking(), make_therapist()
    with pytest.raises(TimeRefused, match=words):
        set_visit(booking, anna, change(booking, anna), by=make_user())
    assert db.session.scalars(sa.select(Visit)).all() == []


def test_what_is_held_or_used_gets_no_time(app: Flask, clock: MovableClock) -> None:
    booking = make_booking()
    held = make_booking(email=booking.lead.email)
    assert held.state == BookingState.HELD
    with pytest.raises(TimeRefused, match="Allow it first"):
        set_visit(held, make_therapist(), TEN, by=make_user())
    assert booking.voucher
    redeem_voucher(booking.voucher, by=make_user())
    with pytest.raises(TimeRefused, match="used or cancelled"):
        set_visit(booking, make_therapist(), TEN, by=make_user())
    assert bookings_without_time().rows == []


@pytest.mark.slow
def test_a_hundred_settings_over_ten_times_at_once(app: Flask, clock: MovableClock) -> None:
    anna, by = make_therapist().id, make_user().id
    bookings = [make_booking().id for _ in range(100)]
    db.session.rollback()

    def setting(number: int) -> Callable[[], str]:
        def act() -> str:
            with app.app_context():
                try:
                    set_visit(
                        db.session.get_one(Booking, bookings[number]),
                        db.session.get_one(Therapist, anna),
                        TEN + timedelta(hours=number % 10),
                        by=db.session.get_one(User, by),
                    )
                except TimeTaken:
                    return "taken"
                return "set"

        return act

    assert Counter(at_once([setting(number) for number in range(100)])) == {"set": 10, "taken": 90}
    starts = db.session.scalars(sa.select(Visit.starts_at)).all()
    assert sorted(starts) == [TEN + timedelta(hours=number) for number in range(10)]
    assert len(mails("visit_set")) == 10


# The person's own changes


def test_a_person_cancels_once_and_keeps_the_voucher(app: Flask, clock: MovableClock) -> None:
    visit = make_visit(at=TEN)
    cancel_visit(visit)
    assert (visit.state, visit.booking.voucher.state) == (VisitState.CANCELLED, VoucherState.ISSUED)
    assert [len(mails(kind)) for kind in ("visit_cancelled", "visit_changed")] == [1, 1]
    with pytest.raises(VisitClosed):
        cancel_visit(visit)
    assert [len(mails(kind)) for kind in ("visit_cancelled", "visit_changed")] == [1, 1]
    make_visit(at=TEN, therapist=visit.therapist)  # the time is free
    assert visit.booking in bookings_without_time().rows


def test_a_cancellation_can_be_taken_back_for_fifteen_minutes(app: Flask, clock: MovableClock) -> None:
    visit = make_visit(at=TEN)
    cancel_visit(visit)
    clock.move(minutes=15)
    undo_cancel(visit)
    assert (visit.state, visit.starts_at, visit.sequence) == (VisitState.SET, TEN, 1)
    assert wish_of(visit.booking_id).changes == 0
    assert len(mails("visit_set")) == 2
    with pytest.raises(VisitClosed):
        undo_cancel(visit)
    cancel_visit(visit)
    clock.move(minutes=15, seconds=1)
    with pytest.raises(VisitClosed):
        undo_cancel(visit)
    assert visit.state == VisitState.CANCELLED


def test_a_cancellation_is_not_taken_back_once_the_time_is_anothers(app: Flask, clock: MovableClock) -> None:
    visit = make_visit(at=TEN)
    cancel_visit(visit)
    make_visit(at=TEN, therapist=visit.therapist)
    with pytest.raises(TimeTaken):
        undo_cancel(visit)
    assert db.session.get_one(Visit, visit.id).state == VisitState.CANCELLED


def test_a_person_changes_nothing_after_the_cut_off(app: Flask, clock: MovableClock) -> None:
    visit = make_visit(at=TEN)
    clock.now = TEN - timedelta(hours=24) + timedelta(seconds=1)
    change: Callable[[], object]
    for change in (lambda: cancel_visit(visit), lambda: ask_for_other_time(visit, [], "")):
        with pytest.raises(TooLate):
            change()
    cancel_visit(visit, by=make_user())  # the desk may cancel
    assert visit.state == VisitState.CANCELLED


def test_a_person_changes_their_time_so_often_and_no_more(app: Flask, clock: MovableClock) -> None:
    visit = make_visit(at=TEN + timedelta(days=7))
    for number in range(preferences().most_changes):
        ask_for_other_time(visit, ["mon-morning"], "")
        set_visit(visit.booking, visit.therapist, TEN + timedelta(days=8 + number), by=make_user())
    change: Callable[[], object]
    for change in (lambda: ask_for_other_time(visit, [], ""), lambda: cancel_visit(visit)):
        with pytest.raises(ChangedTooOften):
            change()
    set_rule(most_changes=3)
    cancel_visit(visit)


def test_who_asks_for_another_time_keeps_theirs_until_then(app: Flask, clock: MovableClock) -> None:
    visit = make_visit(at=TEN)
    ask_for_other_time(visit, ["tue-evening"], "After six")
    assert (visit.state, visit.booking) == (VisitState.SET, bookings_without_time().rows[0])
    ask_for_other_time(visit, ["wed-evening"], "After seven")  # asking again is neither a change nor an email
    wish = wish_of(visit.booking_id)
    assert (wish.times, wish.note, wish.changes, len(mails("visit_changed"))) == (["wed-evening"], "After seven", 1, 1)
    set_visit(visit.booking, visit.therapist, TEN + timedelta(days=2), by=make_user())
    assert bookings_without_time().rows == []


def test_a_wish_is_kept_once(app: Flask) -> None:
    booking = make_booking()
    for _ in range(2):
        keep_wish(booking, ["mon-morning"], "Not on the 14th")
    assert history(booking).count("Sent their preferred times") == 1


# At the desk


def test_who_comes_redeems(app: Flask, clock: MovableClock) -> None:
    visit = make_visit(at=TEN)
    mark_attended(visit, by=make_user())
    assert (visit.state, visit.booking.voucher.state) == (VisitState.ATTENDED, VoucherState.REDEEMED)
    assert visit.booking.lead.stage == Stage.ATTENDED
    with pytest.raises(VisitClosed):
        mark_missed(visit, VisitState.NO_SHOW, by=make_user())


@pytest.mark.parametrize("state", [VisitState.NO_SHOW, VisitState.LATE_CANCEL])
@pytest.mark.parametrize("spends", [True, False])
def test_a_missed_visit_spends_the_trial_if_the_clinic_says_so(
    app: Flask, clock: MovableClock, state: VisitState, spends: bool
) -> None:
    set_rule(no_show_spends=spends, late_cancel_spends=spends)
    visit = make_visit(at=TEN)
    assert mark_missed(visit, state, by=make_user()) is spends
    assert visit.booking.voucher.state == (VoucherState.CANCELLED if spends else VoucherState.ISSUED)
    assert (visit.booking in bookings_without_time().rows) is not spends


@pytest.mark.parametrize("state", [VisitState.ATTENDED, VisitState.NO_SHOW, VisitState.LATE_CANCEL])
def test_a_wrong_tap_is_undone_whole(app: Flask, clock: MovableClock, state: VisitState) -> None:
    visit = make_visit(at=TEN)
    by = make_user()

    def cached_preferences() -> tuple[object, ...]:
        voucher = visit.booking.voucher
        slots = db.session.scalars(sa.select(VisitSlot.starts_at).order_by(VisitSlot.starts_at)).all()
        return visit.state, visit.closed_at, voucher.state, voucher.redeemed_at, visit.booking.lead.stage, slots

    before = cached_preferences()
    if state == VisitState.ATTENDED:
        mark_attended(visit, by=by)
    else:
        mark_missed(visit, state, by=by)
    assert cached_preferences() != before
    reopen_visit(visit, of=state, by=by)
    assert cached_preferences() == before
    with pytest.raises(VisitClosed):
        reopen_visit(visit, of=state, by=by)


def test_the_device_that_redeemed_is_told_so_again_and_others_are_not(app: Flask) -> None:
    voucher = make_booking().voucher
    assert voucher
    mei, jo = make_user(name="Mei"), make_user(name="Jo")
    redeem_voucher(voucher, by=mei, device="phone")
    redeem_voucher(voucher, by=mei, device="phone")
    with pytest.raises(VoucherRedeemed) as before:
        redeem_voucher(voucher, by=jo, device="tablet")
    assert before.value.by == "Mei"
    assert sum("redeemed" in line for line in history(voucher.booking)) == 1


# Reminders


def test_one_reminder_for_each_booking_within_its_time(app: Flask, clock: MovableClock) -> None:
    visit = make_visit(at=TEN)
    clock.now = TEN - timedelta(hours=25)
    remind_of_visits()
    assert mails("visit_reminder") == []
    clock.move(hours=1)
    for _ in range(3):
        remind_of_visits()
        clock.move(hours=1)
    (mail,) = mails("visit_reminder")
    assert mail.to == visit.booking.lead.email
    assert mail.subject == "Reminder: Move Therapy 1-to-1 on Monday, 23 November, 10:00"


def test_no_reminder_of_what_was_cancelled_and_one_on_its_way_is_taken_back(app: Flask, clock: MovableClock) -> None:
    visit = make_visit(at=TEN)
    clock.now = TEN - timedelta(hours=20)
    remind_of_visits()
    cancel_visit(visit, by=make_user())
    assert mails("visit_reminder") == []
    remind_of_visits()
    assert mails("visit_reminder") == []


def test_an_outage_is_caught_up_with_but_nothing_that_is_over(app: Flask, clock: MovableClock) -> None:
    over, coming = make_visit(at=TEN), make_visit(at=TEN + timedelta(hours=6))
    clock.now = TEN + timedelta(hours=2)  # the worker was down until now
    remind_of_visits()
    assert [mail.to for mail in mails("visit_reminder")] == [coming.booking.lead.email]
    assert over.booking.lead.email != coming.booking.lead.email


# Free times


def test_free_times_lie_within_opening_hours_and_around_what_is_taken(app: Flask, clock: MovableClock) -> None:
    visit = make_visit(at=TEN)
    free = free_starts([visit.therapist_id], [TEN.date()], 60)[visit.therapist_id]
    hours = [start.astimezone(app.config["CLINIC"].time_zone).hour for start in free]
    assert hours == [8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19]
    assert free_starts([4711], [datetime(2026, 12, 25, tzinfo=UTC).date()], 60) == {4711: []}
