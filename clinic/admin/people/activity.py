"""The screen "Activity": the audit log with its filters."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import g, request
from markupsafe import Markup

from clinic.accounts.access import Permission
from clinic.admin.kit.cells import time_cell
from clinic.admin.kit.ids import row_id
from clinic.admin.kit.screen import StaffView
from clinic.admin.people.log_subjects import KINDS, Subject, subjects_named
from clinic.core.audit import AuditLine, actors, verbs
from clinic.web.filters import local_now

VISITOR = "0"  # value in the address that stands for anyone without a login


def _thing_cell(_view: Any, _context: Any, row: AuditLine, _name: str) -> Markup:
    thing: Subject = g.things[row.thing]
    name = Markup('<a href="{}">{}</a>').format(thing.url, thing.name) if thing.url else thing.name
    return Markup('<span class="quiet">{}</span> {}').format(thing.kind, name)


class ActivityScreen(StaffView):
    """The audit log, newest first. Nobody can change it."""

    permission = Permission.ACTIVITY_READ
    list_template = "admin/people/activity.html"
    heading, singular = "Activity", "line"
    intro = "A log of all changes by people and by the site, newest first."
    empty_text = "No activity matches these filters. Choose other filters, or press “Show all”."
    column_display_actions = False
    column_list = ["at", "actor", "verb", "thing", "detail"]
    column_labels = {"at": "When", "actor": "Person", "verb": "Action", "thing": "Item"}
    column_sortable_list = ["at"]
    column_default_sort = ("at", True)
    column_searchable_list = ["actor", "verb", "thing", "detail"]
    column_formatters: dict[str, Any] = {
        "at": time_cell,
        "actor": lambda _view, _context, row, _name: row.actor or "visitor",
        "thing": _thing_cell,
    }

    def row_filter(self) -> Iterable[Any]:
        """Filter by person, verb, item ("article:7") or kind of item ("article"), and days.

        Invalid values are ignored.
        """
        args = request.args
        where = []
        if (who := row_id(args.get("who", ""))) is not None:
            where.append(AuditLine.actor_id.is_(None) if args["who"] == VISITOR else AuditLine.actor_id == who)
        if verb := args.get("verb"):
            where.append(AuditLine.verb == verb)
        if thing := args.get("thing"):
            is_one = ":" in thing
            of_kind = AuditLine.thing.startswith(f"{thing}:", autoescape=True) | (AuditLine.thing == thing)
            where.append(AuditLine.thing == thing if is_one else of_kind)
        if since := _midnight("since"):
            where.append(AuditLine.at >= since)
        if until := _midnight("until", days_after=1):
            where.append(AuditLine.at < until)
        return where

    def get_list(self, *args: Any, **kwargs: Any) -> Any:
        """Return the log lines, and load the names of the items that they mention."""
        count, lines = super().get_list(*args, **kwargs)
        g.things = subjects_named([line.thing for line in lines] + [self.thing()])
        return count, lines

    # Values of the filter form.

    def thing(self) -> str:
        """Return the item or kind of item that the list is filtered by."""
        return request.args.get("thing", "")

    def thing_choices(self) -> list[tuple[str, str]]:
        """Return the kinds of items, preceded by the single item that was asked for."""
        one = [(self.thing(), str(g.things[self.thing()]))] if ":" in self.thing() else []
        return [*one, *KINDS.items()]

    def who_choices(self) -> list[tuple[str, str]]:
        """Return the people who appear in the log."""
        return [(VISITOR, "Visitors and the site"), *((str(id_), name) for id_, name in actors())]

    def verb_choices(self) -> list[tuple[str, str]]:
        """Return the verbs that appear in the log."""
        return [(verb, verb) for verb in verbs()]

    def is_filtered(self) -> bool:
        """Return True if a filter hides some lines."""
        return any(request.args.get(name) for name in ("who", "verb", "thing", "since", "until", "search"))


def _midnight(name: str, days_after: int = 0) -> datetime | None:
    try:
        day = date.fromisoformat(request.args.get(name, "")) + timedelta(days=days_after)
    except (ValueError, OverflowError):
        return None
    return datetime.combine(day, time(), local_now().tzinfo) if 1900 < day.year < 9000 else None
