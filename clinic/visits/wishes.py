"""Wished times in words: "mon-morning" is Monday morning."""

from collections.abc import Iterable

from clinic.core.hours import DAYS, LONG_DAYS, Hours

_LONG = {day.lower(): name for day, name in zip(DAYS, LONG_DAYS, strict=True)}


def parts_offered(opening: Hours) -> list[tuple[str, str]]:
    """Return the choices of the form: pairs of value and label."""
    return [(f"{day}-{part}", f"{_LONG[day]} {part}") for day, parts in opening.parts() for part in parts]


def wish_words(times: Iterable[str]) -> str:
    """Return wished times as text: "Monday morning, evening; Friday afternoon"."""
    by_day: dict[str, list[str]] = {}
    for value in times:
        day, _, part = value.partition("-")
        by_day.setdefault(_LONG.get(day, day), []).append(part)
    return "; ".join(f"{day} {', '.join(parts)}" for day, parts in by_day.items())
