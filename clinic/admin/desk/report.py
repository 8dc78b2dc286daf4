"""Report: how reads become trials, visits and members, by article, service or week."""

import csv
import io
from datetime import date, datetime, timedelta

from flask import Response, request
from flask_admin import expose
from flask_login import current_user

from clinic.accounts.access import Permission
from clinic.accounts.operations import note_export
from clinic.admin.desk.export import safe_cell
from clinic.admin.kit.guarded import Answer, Guarded
from clinic.bookings.counts import MEANINGS
from clinic.core.text import clean_line
from clinic.figures.charts import Chart, Point
from clinic.figures.report import Row, by_article, by_service, by_week
from clinic.visits.queries import day_span
from clinic.web.filters import local_now

KINDS = {"article": ("Article", by_article), "service": ("Session", by_service), "week": ("Week from", by_week)}
DAYS = 90


class ReportScreen(Guarded):
    """Table, chart and CSV file of the same numbers."""

    permission = Permission.LEAD_WORK
    heading = "Report"

    @expose("/")
    def index(self) -> str:
        """Show the numbers of a period."""
        kind, first, last = _asked()
        heading, _ = KINDS[kind]
        rows = _rows(kind, first, last)
        points = [Point(row.name, row.trials) for row in rows[:12]]
        chart = Chart(f"Trials by {kind}", "trials", heading, points) if points else None
        return self.render(
            "admin/desk/report.html",
            kinds=KINDS,
            kind=kind,
            heading=heading,
            rows=rows,
            first=first,
            last=last,
            chart=chart,
            meanings=[MEANINGS[name] for name in ("reads", "trials", "attended", "joined")],
        )

    @expose("/report.csv")
    def report_csv(self) -> Answer:
        """Return the same numbers as a CSV file."""
        kind, first, last = _asked()
        note_export("report", by=current_user, detail="csv")
        buffer = io.StringIO()
        buffer.write("\ufeff")
        writer = csv.writer(buffer)
        writer.writerow([KINDS[kind][0], "Reads", "Trials", "Attended", "Joined"])
        for row in _rows(kind, first, last):
            reads = "" if row.reads is None else row.reads
            writer.writerow([safe_cell(clean_line(row.name)), reads, row.trials, row.attended, row.joined])
        headers = {"Content-Disposition": f"attachment; filename=report-{kind}-{first}-{last}.csv"}
        return Response(buffer.getvalue(), mimetype="text/csv", headers=headers)


def _rows(kind: str, first: date, last: date) -> list[Row]:
    start: datetime = day_span(first)[0]
    return KINDS[kind][1](start, day_span(last)[1])


def _asked() -> tuple[str, date, date]:
    """Return grouping, first and last day from the query string. Invalid values mean the last three months."""
    today = local_now().date()
    kind = request.args.get("by", "")
    try:
        first, last = date.fromisoformat(request.args.get("from", "")), date.fromisoformat(request.args.get("to", ""))
    except ValueError:
        first, last = today - timedelta(days=DAYS - 1), today
    if not (date(2000, 1, 1) < first <= last < date(2200, 1, 1)) or (last - first).days > 3700:
        first, last = today - timedelta(days=DAYS - 1), today
    return (kind if kind in KINDS else "article"), first, last
