"""The outbox: sent, queued and failed emails."""

from collections.abc import Iterable
from typing import Any

from flask import flash, request
from flask_admin import expose
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy.orm import defer

from clinic.accounts.access import Permission
from clinic.admin.kit.cells import link_cell, time_cell
from clinic.admin.kit.guarded import Answer
from clinic.admin.kit.screen import StaffView
from clinic.admin.troubles import Trouble, mail_troubles, worker_troubles
from clinic.core.settings import settings
from clinic.outbox.models import Message, MessageState
from clinic.outbox.operations import send_again
from clinic.outbox.queries import messages_with
from clinic.web.answers import see_other


def _state_cell(_view: Any, _context: Any, row: Message, _name: str) -> Markup:
    state = "queued" if row.is_to_file else row.state
    return Markup('<span class="state state-{}">{}</span>').format(state, row.state_word)


class OutboxScreen(StaffView):
    """Emails of the kinds that the person may read. Secret links are hidden (Message.secrets)."""

    permission = Permission.OUTBOX_WORK
    heading, singular = "Outbox", "email"
    list_template = "admin/desk/outbox_list.html"
    empty_text = "No emails here."
    details_template = "admin/desk/message.html"
    can_view_details = True
    row_template = "admin/desk/message_buttons.html"
    column_list = ["subject", "to", "state", "tries", "created_at", "sent_at"]
    column_labels = {"created_at": "Created", "sent_at": "Sent"}
    column_sortable_list = ["created_at"]
    column_default_sort = ("created_at", True)
    column_searchable_list = ["to", "subject"]
    column_formatters = {
        "subject": link_cell(".details_view", lambda row: row.subject),
        "state": _state_cell,
        "created_at": time_cell,
        "sent_at": lambda view, context, row, name: "–" if row.is_to_file else time_cell(view, context, row, name),
    }
    tab_column = "state"
    tabs = (
        ("all", "All"),
        *((state.value, state.value.capitalize()) for state in MessageState),
        ("files", "Written to files"),
    )

    def troubles(self) -> list[Trouble]:
        """Return the problems that keep emails from being sent."""
        return [*mail_troubles(), *worker_troubles()]

    @property
    def intro(self) -> str:  # type: ignore[override]
        """Return the introduction, which depends on the mail server setting."""
        if settings().mail_server is None:
            return (
                "All emails from the site. No mail server is set, so each email is written to a file"
                " and nobody receives it."
            )
        return (
            "All emails from the site. They are sent automatically."
            " If the mail server does not answer, the site tries again for one day."
        )

    def _tab_filter(self) -> Iterable[Any]:
        filed = (Message.state == MessageState.SENT, Message.is_to_file)
        match self.tab():
            case "files":
                return filed
            case "sent":
                return (Message.state == MessageState.SENT, ~Message.is_to_file)
            case _:
                return super()._tab_filter()

    def row_filter(self) -> Iterable[Any]:
        """Limit the emails to the kinds that the person may read. The owner reads all kinds."""
        return () if current_user.can(Permission.USER_MANAGE) else (Message.kind.in_(current_user.readable_mails()),)

    def load_options(self) -> Any:
        """Leave out the bodies, which the list does not show."""
        is_list = request.endpoint == "outbox_admin.index_view"
        return (defer(Message.html), defer(Message.text), defer(Message.secrets)) if is_list else ()

    def find_ids(self, text: str) -> list[int]:
        """Search the latest emails, and all emails to an exact address."""
        return messages_with(text)

    @expose("/again/", methods=("POST",))
    def again(self) -> Answer:
        """Queue a failed email again."""
        message = self.row_or_404()
        if send_again(message, by=current_user):
            flash("The email is queued again and will be sent in a moment.", "success")
        else:
            flash("This email has not failed, so there is nothing to send again.", "error")
        return see_other(self.list_url())
