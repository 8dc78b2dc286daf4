"""Dashboard: the first page of the panel."""

from dataclasses import dataclass
from datetime import timedelta

from flask import Response, abort, flash, request, url_for
from flask_admin import AdminIndexView, expose
from flask_login import current_user

from clinic.accounts.access import Permission
from clinic.admin.kit.guarded import Guarded
from clinic.admin.troubles import Trouble, mail_troubles, menu_troubles, worker_troubles
from clinic.articles.models import ArticleState
from clinic.articles.queries import count_articles
from clinic.articles.reviews import count_reviews_due
from clinic.bookings.counts import MEANINGS
from clinic.bookings.queries import count_held
from clinic.comments.queries import count_pending
from clinic.core.jobs import failing_jobs, try_again
from clinic.figures.charts import leading_articles_chart, midnight, reads_chart, trials_chart
from clinic.leads.models import Stage
from clinic.leads.queries import count_in_stage
from clinic.outbox.models import MessageState
from clinic.outbox.queries import count_messages
from clinic.visits.queries import count_visits, count_without_time
from clinic.web.answers import see_other
from clinic.web.filters import local_now


@dataclass(frozen=True)
class Task:
    """Number of open items with a link to their screen. News is shown but needs no action."""

    label: str
    number: int
    url: str
    is_news: bool = False


class Dashboard(Guarded, AdminIndexView):
    """Card for each queue that the person may work on, and charts of the results."""

    permission = Permission.PANEL_OPEN

    @expose("/")
    def index(self) -> str:
        """Show the cards and charts that this person's roles allow."""
        tasks = [*_of_comments(), *_of_desk(), *_of_mail(), *_of_articles()]
        writes, works = current_user.can(Permission.ARTICLE_EDIT), current_user.can(Permission.LEAD_WORK)
        return self.render(
            "admin/dashboard.html",
            tasks=tasks,
            troubles=_troubles(),
            meanings=[MEANINGS["visits"]] if works else [],
            is_work_left=any(task.number for task in tasks if not task.is_news),
            failing=failing_jobs(),
            may_try=current_user.can(Permission.OUTBOX_WORK) or writes,
            reads=reads_chart() if writes else None,
            trials=trials_chart() if works else None,
            leading=leading_articles_chart(url_for("articles_admin.edit_view")) if writes else None,
        )

    @expose("/jobs/again/", methods=("POST",))
    def again(self) -> Response:
        """Retry a failing background job immediately."""
        if not (current_user.can(Permission.OUTBOX_WORK) or current_user.can(Permission.ARTICLE_EDIT)):
            abort(403)
        if try_again(request.form.get("name", ""), by=current_user):
            flash("The worker will try again in a moment.", "success")
        else:
            flash("This job no longer fails, so there is nothing to retry.", "success")
        return see_other(url_for(".index"))


def _troubles() -> list[Trouble]:
    """Return the problems that affect this person's work."""
    mails = mail_troubles() if current_user.can(Permission.OUTBOX_WORK) else []
    links = menu_troubles() if current_user.can(Permission.ARTICLE_EDIT) else []
    return [*worker_troubles(), *mails, *links]


def _of_comments() -> list[Task]:
    if not current_user.can(Permission.COMMENT_MODERATE):
        return []
    return [Task("Comments to moderate", count_pending(), url_for("comments_admin.index_view"))]


def _of_desk() -> list[Task]:
    if not current_user.can(Permission.LEAD_WORK):
        return []
    today = count_visits(midnight(), midnight() + timedelta(days=1))
    return [
        Task("New leads", count_in_stage(Stage.NEW), url_for("leads_admin.index_view", tab="new")),
        Task("Trials today", today, url_for("today_admin.index"), is_news=True),
        Task("Waiting for a time", count_without_time(), url_for("today_admin.index")),
        Task("Held bookings", count_held(), url_for("bookings_admin.index_view", tab="held")),
    ]


def _of_mail() -> list[Task]:
    if not current_user.can(Permission.OUTBOX_WORK):
        return []
    failed = count_messages(MessageState.FAILED, current_user.readable_mails())
    return [Task("Failed emails", failed, url_for("outbox_admin.index_view", tab="failed"))]


def _of_articles() -> list[Task]:
    if not current_user.can(Permission.ARTICLE_EDIT):
        return []
    due = count_reviews_due(local_now().date())
    drafts = count_articles(ArticleState.DRAFT)
    return [
        Task("Articles to review", due, url_for("articles_admin.index_view", tab="review")),
        Task("Drafts", drafts, url_for("articles_admin.index_view", tab="draft")),
    ]
