"""Activity: who did what, when."""

from typing import Any

from clinic.accounts.access import Permission
from clinic.admin.base import StaffView
from clinic.admin.cells import time_cell


class ActivityScreen(StaffView):
    """The log, newest first; nobody changes it."""

    permission = Permission.ACTIVITY_READ
    heading, singular = "Activity", "line"
    intro = "Everything that people and the site did, newest first."
    empty_text = "Nothing has happened yet."
    column_display_actions = False
    column_list = ["at", "actor", "verb", "thing", "detail"]
    column_labels = {"at": "When", "actor": "Who", "verb": "Did what", "thing": "To what"}
    column_sortable_list = ["at"]
    column_default_sort = ("at", True)
    column_searchable_list = ["actor", "verb", "thing", "detail"]
    column_formatters: dict[str, Any] = {
        "at": time_cell,
        "actor": lambda _view, _context, row, _name: row.actor or "visitor",
    }
