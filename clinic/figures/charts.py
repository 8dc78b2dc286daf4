"""Small charts: turn numbers into line and bar coordinates, which templates/parts/chart.html draws."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from clinic.bookings.counts import MEANINGS
from clinic.bookings.queries import bookings_in
from clinic.figures.queries import articles_that_lead, reads_by_day
from clinic.web.filters import local_now

WIDTH, HEIGHT = 100.0, 40.0
ROOM = 0.9  # share of the height; the rest is space above the highest value
DAYS, WEEKS, LEADING_DAYS = 28, 12, 90


@dataclass(frozen=True)
class Point:
    """One value of a chart with its label."""

    label: str
    value: int
    url: str = ""


@dataclass(frozen=True)
class Bar:
    """Rectangle in a box of WIDTH by HEIGHT."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    """Series of values. `unit` names the values, `column` the labels, and `meaning` explains both."""

    title: str
    unit: str
    column: str
    points: list[Point]
    meaning: str = ""

    @property
    def total(self) -> int:
        """Return the sum of all values."""
        return sum(point.value for point in self.points)

    @property
    def highest(self) -> int:
        """Return the maximum, or 1 if every value is zero (avoids dividing by zero)."""
        return max([1, *(point.value for point in self.points)])

    @property
    def line(self) -> str:
        """Return the points attribute of a polyline."""
        step = WIDTH / max(1, len(self.points) - 1)
        return " ".join(f"{i * step:.2f},{self._y(point):.2f}" for i, point in enumerate(self.points))

    @property
    def area(self) -> str:
        """Return the points attribute of the polygon below the line."""
        return f"0,{HEIGHT:g} {self.line} {WIDTH:g},{HEIGHT:g}"

    @property
    def bars(self) -> list[Bar]:
        """Return vertical bars with gaps between them."""
        step = WIDTH / max(1, len(self.points))
        return [
            Bar(round(i * step + step * 0.1, 2), round(self._y(point), 2), round(step * 0.8, 2), self._height(point))
            for i, point in enumerate(self.points)
        ]

    def share(self, point: Point) -> float:
        """Return the length of a point's bar, up to WIDTH."""
        return round(WIDTH * point.value / self.highest, 2)

    def _height(self, point: Point) -> float:
        return round(HEIGHT * ROOM * point.value / self.highest, 2)

    def _y(self, point: Point) -> float:
        return HEIGHT - self._height(point)


def reads_chart() -> Chart:
    """Return the reads of articles for each of the last days."""
    first = local_now().date() - timedelta(days=DAYS - 1)
    reads = reads_by_day(first)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    points = [Point(f"{day.day} {day:%B}", reads.get(day, 0)) for day in days]
    return Chart(f"Reads in {DAYS} days", "reads", "Day", points, MEANINGS["reads"])


def trials_chart() -> Chart:
    """Return the trials requested in each of the last weeks, which begin on Monday."""
    monday = midnight() - timedelta(days=local_now().weekday())
    starts = [monday - timedelta(weeks=WEEKS - 1 - number) for number in range(WEEKS)]
    counts = bookings_in([(start, start + timedelta(weeks=1)) for start in starts])
    points = [Point(f"{start.day} {start:%B}", count) for start, count in zip(starts, counts, strict=True)]
    return Chart(f"Trials requested in {WEEKS} weeks", "trials", "Week from", points, MEANINGS["trials"])


def leading_articles_chart(url_of: str) -> Chart:
    """Return the articles that led to most trials. `url_of` is the address of a form without its id."""
    rows = articles_that_lead(midnight() - timedelta(days=LEADING_DAYS - 1))
    points = [Point(title, count, f"{url_of}?id={id_}") for id_, title, count in rows]
    return Chart("Articles that lead to trials", "trials", "Article", points, MEANINGS["trials"])


def midnight() -> datetime:
    """Return the start of today at the clinic."""
    return local_now().replace(hour=0, minute=0, second=0, microsecond=0)
