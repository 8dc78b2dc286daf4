"""The times of a wish in words: "mon-morning" is Monday morning."""

from collections.abc import Iterable

from clinic.core.hours import DAYS, LONG_DAYS, Hours

_LONG = {day.lower(): name for day, name in zip(DAYS, LONG_DAYS, strict=True)}


def parts_offered(opening: Hours) -> list[tuple[str, str]]:
    """What can be ticked: value and words."""
    return [(f"{day}-{part}", f"{_LONG[day]} {part}") for day, parts in opening.parts() for part in parts]


def wish_words(times: Iterable[str]) -> str:
    """Monday morning, evening; Friday afternoon."""
    by_day: dict[str, list[str]] = {}
    for value in times:
        day, _, part = value.partition("-")
        by_day.setdefault(_LONG.get(day, day), []).append(part)
    return "; ".join(f"{day} {', '.join(parts)}" for day, parts in by_day.items())
