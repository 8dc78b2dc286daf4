"""What needs me: the first page of the panel."""

from dataclasses import dataclass

from flask import url_for
from flask_admin import AdminIndexView, expose
from flask_login import current_user

from clinic.accounts.access import Permission
from clinic.admin.base import Guarded
from clinic.articles.models import ArticleState
from clinic.articles.queries import count_articles
from clinic.bookings.queries import count_held
from clinic.comments.queries import count_pending
from clinic.core.mail import MessageState, count_messages
from clinic.leads.models import Stage
from clinic.leads.queries import count_in_stage


@dataclass(frozen=True)
class Task:
    """A number and where it is worked on."""

    label: str
    number: int
    url: str


class Dashboard(Guarded, AdminIndexView):
    """A card for each queue that the person may work."""

    permission = Permission.PANEL_OPEN

    @expose("/")
    def index(self) -> str:
        """The cards of this person's roles."""
        return self.render("admin/dashboard.html", tasks=list(self._tasks()))

    def _tasks(self) -> list[Task]:
        tasks = []
        if current_user.can(Permission.COMMENT_MODERATE):
            tasks.append(Task("Comments waiting", count_pending(), url_for("comments_admin.index_view")))
        if current_user.can(Permission.LEAD_WORK):
            tasks += [
                Task("New leads", count_in_stage(Stage.NEW), url_for("leads_admin.index_view", tab="new")),
                Task("Held bookings", count_held(), url_for("bookings_admin.index_view", tab="held")),
            ]
        if current_user.can(Permission.OUTBOX_WORK):
            failed = count_messages(MessageState.FAILED)
            tasks.append(Task("Mails that failed", failed, url_for("outbox_admin.index_view", tab="failed")))
        if current_user.can(Permission.ARTICLE_EDIT):
            drafts = count_articles(ArticleState.DRAFT)
            tasks.append(Task("Drafts", drafts, url_for("articles_admin.index_view", tab="draft")))
        return tasks
