"""Signed time stamps of forms: read back unchanged, refused if not ours."""

from datetime import UTC, datetime

import pytest

from clinic.core.signing import Stamper
from tests.conftest import MovableClock

STAMPER = Stamper("a secret")


def test_a_stamp_tells_the_second_at_which_it_was_made(clock: MovableClock) -> None:
    stamp = STAMPER.stamp()
    clock.move(days=1)
    assert STAMPER.shown_at(stamp) == datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def test_the_moment_of_a_stamp_is_aware_and_in_utc(clock: MovableClock) -> None:
    assert STAMPER.shown_at(STAMPER.stamp()).tzinfo is UTC


def test_two_processes_with_one_secret_read_each_other(clock: MovableClock) -> None:
    assert Stamper("a secret").shown_at(STAMPER.stamp()) == clock.now


def test_a_stamp_made_with_another_secret_is_not_ours(clock: MovableClock) -> None:
    with pytest.raises(ValueError, match="not a stamp of ours"):
        STAMPER.shown_at(Stamper("another secret").stamp())


def test_no_character_of_a_stamp_can_be_changed(clock: MovableClock) -> None:
    stamp = STAMPER.stamp()
    for place in range(len(stamp) - 1):  # the last character holds two bits that base64 ignores
        altered = stamp[:place] + ("A" if stamp[place] != "A" else "B") + stamp[place + 1 :]
        with pytest.raises(ValueError, match="not a stamp of ours"):
            STAMPER.shown_at(altered)


def test_two_stamps_cannot_be_put_together_as_a_newer_one(clock: MovableClock) -> None:
    old = STAMPER.stamp()
    clock.move(days=5)
    made, signature = STAMPER.stamp().rsplit(".", 1)
    with pytest.raises(ValueError):
        STAMPER.shown_at(f"{made}.{old.rsplit('.', 1)[1]}")
    with pytest.raises(ValueError):
        STAMPER.shown_at(f"{old.rsplit('.', 1)[0]}.{signature}")


@pytest.mark.parametrize(
    "stamp", ["", ".", "..", "a.b.c", "x" * 100_000, "é.é.é", "\x00", "😀", ".\u202e.", ".AAAA.", "1.2", "-1.-1.-1"]
)
def test_what_never_was_a_stamp_is_not_ours(stamp: str) -> None:
    with pytest.raises(ValueError, match="not a stamp of ours"):
        STAMPER.shown_at(stamp)
