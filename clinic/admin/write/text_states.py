"""Changes of a text's state: unpublish, unschedule, sign off, trash, restore."""

from flask import abort, flash, request, url_for
from flask_admin import expose
from flask_login import current_user

from clinic.admin.kit.guarded import Answer
from clinic.admin.kit.undo import flash_undo
from clinic.admin.write.text_tools import MOST_REASON, ArticleScreen
from clinic.articles.errors import RedirectRefused
from clinic.articles.lifecycle import (
    delete_article,
    retire_article,
    trash_article,
    unschedule_article,
    untrash_article,
)
from clinic.articles.models import Article, Kind
from clinic.articles.queries import article_in_trash
from clinic.articles.reviews import sign_off_article
from clinic.core.text import clean_text
from clinic.web.answers import see_other
from clinic.web.filters import local_now


class StateScreen(ArticleScreen):
    """Pages and buttons that change the state of a text."""

    kind: Kind

    @expose("/retire/", methods=("POST",))
    def retire(self) -> Answer:
        """Unpublish with a reason, optionally redirecting readers to another article."""
        article = self.row_or_404()
        reason = clean_text(request.form.get("reason", ""))[:MOST_REASON]
        successor = self.get_one(request.form.get("successor", ""))
        if not reason:
            flash("Enter a reason for unpublishing, so that colleagues know.", "error")
        else:
            try:
                retire_article(article, because=reason, successor=successor, by=current_user)
                where = (
                    f"now redirects to “{successor.title}”" if successor else "now shows that it is no longer available"
                )
                flash(f"Unpublished. Its address {where}.", "success")
            except RedirectRefused as error:
                flash(str(error), "error")
        return see_other(url_for(".edit_view", id=article.id))

    @expose("/unschedule/", methods=("POST",))
    def unschedule(self) -> Answer:
        """Turn a scheduled text into a draft."""
        article = self.row_or_404()
        unschedule_article(article, by=current_user)
        flash("The schedule is cancelled. The text is a draft again.", "success")
        return see_other(url_for(".edit_view", id=article.id))

    @expose("/confirm/", methods=("POST",))
    def confirm(self) -> Answer:
        """Record that the reviewer has read the text today and that it is still correct."""
        article = self.row_or_404()
        if article.reviewer_id is None:
            flash("First choose a reviewer and save.", "error")
        else:
            sign_off_article(article, on=local_now().date(), by=current_user)
            flash("Saved. Reviewed today.", "success")
        return see_other(url_for(".edit_view", id=article.id))

    def delete(self, model: Article) -> None:
        """Move the text to the trash."""
        trash_article(model, by=current_user)

    def deleted(self, model: Article) -> None:
        """Tell that the text is in the trash, with an Undo button."""
        flash_undo(
            f"Moved to the trash: “{model.title}”. You can restore it for 30 days.",
            url_for(".untrash"),
            id=str(model.id),
        )

    @expose("/untrash/", methods=("POST",))
    def untrash(self) -> Answer:
        """Restore a text from the trash."""
        article = self._trashed_or_404()
        untrash_article(article, by=current_user)
        flash(f"Restored: “{article.title}”.", "success")
        return see_other(url_for(".edit_view", id=article.id))

    @expose("/purge/", methods=("GET", "POST"))
    def purge(self) -> Answer:
        """Ask first, then delete a text in the trash permanently."""
        article = self._trashed_or_404()
        if request.method == "GET":
            return self.render("admin/write/article_purge.html", model=article)
        delete_article(article, by=current_user)
        flash("Deleted permanently.", "success")
        return see_other(url_for(".index_view", tab="trash"))

    def _trashed_or_404(self) -> Article:
        return article_in_trash(self.kind, request.values.get("id", 0, type=int)) or abort(404)
