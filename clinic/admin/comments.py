"""The moderator's queue of comments."""

from collections.abc import Iterable
from typing import Any

from flask import abort, flash, request, url_for
from flask_admin import expose
from flask_admin.actions import action
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy.orm import joinedload

from clinic.accounts.access import Permission
from clinic.admin.kit.cells import state_cell, time_cell
from clinic.admin.kit.counts import count_of
from clinic.admin.kit.guarded import Answer
from clinic.admin.kit.ids import ids_of
from clinic.admin.kit.return_address import is_panel_path, way_back
from clinic.admin.kit.screen import StaffView
from clinic.admin.kit.undo import MOST_TO_UNDO, flash_undo
from clinic.comments.models import Comment, CommentState
from clinic.comments.operations import moderate_comment, undo_moderation
from clinic.comments.queries import comments_by_id, ids_of_comments_with
from clinic.web.answers import see_other
from clinic.web.filters import paragraphs

WORDS = {CommentState.APPROVED: "Approved", CommentState.REJECTED: "Rejected", CommentState.SPAM: "Marked as spam"}
VERBS = {"approve": CommentState.APPROVED, "reject": CommentState.REJECTED, "spam": CommentState.SPAM}


def _text_cell(_view: Any, _context: Any, row: Comment, _name: str) -> Markup:
    return Markup('<div class="remark">{}</div>').format(paragraphs(row.body))


def _who_cell(_view: Any, _context: Any, row: Comment, _name: str) -> Markup:
    return Markup('<strong dir="auto">{}</strong><br><span class="quiet">{}</span>').format(row.name, row.email)


def _where_cell(_view: Any, _context: Any, row: Comment, _name: str) -> Markup:
    return Markup('<a class="where" dir="auto" href="{}#comments">{}</a>').format(
        row.article.address, row.article.title
    )


class CommentScreen(StaffView):
    """Comments, pending ones first and oldest first, with Approve, Reject and Spam on each row and in bulk."""

    permission = Permission.COMMENT_MODERATE
    heading, singular = "Comments", "comment"
    intro = "Readers see a comment only after you approve it."
    empty_text = "No comments here. New comments wait under “Pending” for your decision."
    row_template = "admin/comment_buttons.html"
    column_list = ["name", "body", "article", "posted_at", "state"]
    column_labels = {"name": "Name", "body": "Comment", "article": "Article", "posted_at": "Received"}
    column_sortable_list = ["posted_at"]
    column_default_sort = ("posted_at", False)
    column_searchable_list = ["name", "email", "body"]
    column_formatters = {
        "name": _who_cell,
        "body": _text_cell,
        "article": _where_cell,
        "posted_at": time_cell,
        "state": state_cell,
    }
    tab_column = "state"
    tabs = (
        ("pending", "Pending"),
        ("approved", "Approved"),
        ("rejected", "Rejected"),
        ("spam", "Spam"),
        ("all", "All"),
    )

    def load_options(self) -> Iterable[Any]:
        """Load the article of each comment."""
        return (joinedload(Comment.article),)

    def find_ids(self, text: str) -> list[int]:
        """Find comments as the panel's search does."""
        return ids_of_comments_with(text)

    @expose("/moderate/", methods=("POST",))
    def moderate(self) -> Answer:
        """Moderate one comment."""
        state = VERBS.get(request.form.get("verb", "")) or abort(400)
        comment = self.row_or_404()
        before = {comment.id: comment.state}
        text = f"{WORDS[state]}: the comment of {comment.name}."
        if moderate_comment(comment, state, by=current_user):
            self._offer_undo(text, before, state)
        else:
            flash(text, "success")
        return see_other(self.list_url())

    @expose("/undo/", methods=("POST",))
    def undo(self) -> Answer:
        """Restore the earlier states of comments. Each field is named after a state and holds ids like "1,2"."""
        if request.form.get("of") not in WORDS:
            abort(400)
        of = CommentState(request.form["of"])
        states = {
            number: state for state in CommentState for number in ids_of(request.form.get(state, "").split(",")[:500])
        }
        result = undo_moderation(states, of=of, by=current_user)
        if result.decided:
            flash(f"Not undone: somebody else has moderated {count_of(result.decided, 'comment')} since then.", "error")
        if result.done:
            flash(f"Undone: {count_of(result.done, 'comment')} restored.", "success")
        elif not result.decided:
            flash("There is nothing to undo.", "success")
        return see_other(self.list_url())

    @action("approve", "Approve selected")
    def approve(self, rowids: list[str]) -> None:
        """Approve the selected comments."""
        self._moderate_all(rowids, CommentState.APPROVED)

    @action("reject", "Reject selected")
    def reject(self, rowids: list[str]) -> None:
        """Reject the selected comments."""
        self._moderate_all(rowids, CommentState.REJECTED)

    @action("spam", "Mark selected as Spam")
    def spam(self, rowids: list[str]) -> None:
        """Mark the selected comments as spam."""
        self._moderate_all(rowids, CommentState.SPAM)

    def _moderate_all(self, rowids: list[str], state: CommentState) -> None:
        comments = comments_by_id(ids_of(rowids))
        if not comments:
            flash("Select at least one comment first.", "error")
            return
        before = {one.id: one.state for one in comments}
        changed = {one.id: before[one.id] for one in comments if moderate_comment(one, state, by=current_user)}
        text = f"{WORDS[state]}: {count_of(len(comments), 'comment')}."
        if 0 < len(changed) <= MOST_TO_UNDO:
            self._offer_undo(text, changed, state)
        else:
            flash(text, "success")

    def _offer_undo(self, text: str, before: dict[int, CommentState], state: CommentState) -> None:
        ids = {
            one.value: ",".join(str(number) for number, was in before.items() if was == one)
            for one in set(before.values())
        }
        view = request.form.get("url", "")  # of a bulk action
        back = view if is_panel_path(view) else way_back(url_for(".index_view"))
        flash_undo(text, url_for(".undo"), of=state.value, back=back, **ids)
