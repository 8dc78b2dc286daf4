"""Pages around the form of a text: check before publishing, preview, revision history, save conflict."""

import re
from typing import Any

from flask import Response, abort, flash, g, make_response, request, url_for
from flask_admin import expose
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from clinic.admin.kit.guarded import Answer
from clinic.admin.kit.screen import StaffView, save_but
from clinic.admin.write.text_forms import PageForm
from clinic.articles.errors import NotReady
from clinic.articles.lifecycle import publish_article
from clinic.articles.models import Article, ArticleState
from clinic.articles.revisions import restorable_text, restore_revision, revision_of, revisions_of
from clinic.articles.text import Text
from clinic.core.differences import differences, folded, word_differences
from clinic.core.settings import settings
from clinic.core.text import clean_text
from clinic.editing.autosave import keep_autosave
from clinic.editing.checks import findings_in
from clinic.editing.preflight import Finding, Weight
from clinic.editing.previews import make_preview_link, preview_links, revoke_preview_link
from clinic.reading.article import preview_page
from clinic.web.answers import see_other
from clinic.web.error_pages import TYPED_BY
from clinic.web.filters import moment
from clinic.web.headers import CONTENT_SECURITY_POLICY

NEEDS_REASON = (Weight.CLAIM, Weight.SHOULD)
MOST_FIELDS = 40
MOST_REASON = 300  # characters


class ArticleScreen(StaffView):
    """Pages that articles and pages share."""

    # Check before publishing

    @expose("/check/", methods=("GET", "POST"))
    def check(self) -> Answer:
        """Show the findings before publishing.

        Publishing despite a finding needs a reason, which is saved in Activity.
        """
        article = self.row_or_404()
        form = self.form(request.form if request.method == "POST" else None, data={"publish_at": None})
        if request.method == "GET" and request.args.get("at"):
            form.publish_at.process(MultiDict({"publish_at": request.args["at"]}))
        findings = findings_in(article)
        asks = any(finding.weight in NEEDS_REASON for finding in findings)
        reason = clean_text(request.form.get("reason", ""))[:MOST_REASON]
        if request.method == "POST" and (reason or not asks) and not form.publish_at.errors:
            if self.publish(article, form, despite=reason):
                flash(self.saved_text(article).replace("Saved and published", "Published"), "success")
            else:
                flash(*g.saved_but)
            return see_other(url_for(".edit_view", id=article.id))
        error = "Enter a reason for publishing anyway" if request.method == "POST" else ""
        page = self.render(
            "admin/write/article_check.html", model=article, form=form, findings=findings, asks=asks, error=error
        )
        return (page, 422) if error else page

    @expose("/preview/")
    def preview(self) -> Answer:
        """Show the saved text as readers would see it, on a phone and on a desktop."""
        return self.render("admin/write/article_preview.html", model=self.row_or_404())

    @expose("/shown/")
    def shown(self) -> Response:
        """Return the page itself, for the frame of the preview."""
        response = make_response(preview_page(self.row_or_404()))
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.replace(
            "frame-ancestors 'none'", "frame-ancestors 'self'"
        )
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        return response

    @expose("/share/", methods=("POST",))
    def share(self) -> Answer:
        """Create a link with which people without a login can read the unpublished text."""
        article = self.row_or_404()
        secret = make_preview_link(article, by=current_user)
        url = settings().site_url + url_for("articles.preview", secret=secret)
        return self.render("admin/write/article_link.html", model=article, url=url)

    @expose("/unshare/", methods=("POST",))
    def unshare(self) -> Answer:
        """Revoke a preview link."""
        article = self.row_or_404()
        for link in preview_links(article):
            if str(link.id) == request.form.get("link"):
                revoke_preview_link(link, by=current_user)
                flash("The link is revoked.", "success")
        return see_other(url_for(".edit_view", id=article.id))

    # Revision history

    @expose("/revisions/")
    def revisions(self) -> Answer:
        """List the revisions of a text. For a chosen one, show its changes or the changes since."""
        article = self.row_or_404()
        shown = before = None
        if version := request.args.get("version", type=int):
            shown = revision_of(article, version) or abort(404)
            before = revision_of(article, version - 1)
        return self.render(
            "admin/write/article_revisions.html",
            model=article,
            revisions=revisions_of(article),
            shown=shown,
            changes=_changes(before.fields if before else {}, shown.fields) if shown else [],
        )

    @expose("/restore/", methods=("POST",))
    def restore(self) -> Answer:
        """Restore an earlier revision. The current text stays in the revision history."""
        article = self.row_or_404()
        revision = revision_of(article, request.form.get("version", 0, type=int)) or abort(404)
        reason = clean_text(request.form.get("reason", ""))[:MOST_REASON]
        if not reason and (new := new_findings(article, restorable_text(article, revision))):
            flash(
                f"Not restored. Readers would see: {new[0].text} Enter a reason, then press the button again.", "error"
            )
            url = url_for(".revisions", id=article.id, version=revision.version, asks=1)
            return see_other(url)
        try:
            restore_revision(revision, despite=reason, by=current_user)
        except NotReady as error:
            flash(f"Not restored. A published text needs {list_of(error.missing)}.", "error")
        else:
            flash(f"Restored the version of {moment(revision.at)}.", "success")
        return see_other(url_for(".edit_view", id=article.id))

    def about(self, article: Article | None) -> str:
        """Return the key of the text that unsaved changes belong to."""
        return f"{self.endpoint}:{article.id if article else 'new'}"

    def place(self, article: Article | None) -> str:
        """Return the key under which the unsaved changes of the sent form are kept."""
        return f"{self.about(article)}:{draft_of(request.form.get('draft', ''))}"

    def publish(self, article: Article, form: PageForm, despite: str = "") -> bool:
        """Publish now or at the form's time. Returns False, with a message, if the text is not ready."""
        try:
            publish_article(article, at=form.publish_time, despite=despite, by=current_user)
        except NotReady as error:
            save_but(f"Saved, but not published. To publish, add {list_of(error.missing)}.")
            return False
        return True

    def conflict_page(self) -> Answer:
        """Show both versions side by side (409) after somebody else saved first.

        The sent one is kept as unsaved changes.
        """
        article = self.row_or_404()
        form = self.form(request.form)
        keep_autosave(current_user, self.place(article), typed_fields(), form.base_version or 0)
        base = revision_of(article, form.base_version or 0)
        newest = revision_of(article, article.version)
        old = base.fields if base else {}
        page = self.render(
            "admin/write/article_conflict.html",
            model=article,
            newest=newest,
            theirs=_changes(old, Text.of(article).as_fields()),
            mine=_changes(old, form.text.as_fields()),
            draft=draft_of(request.form.get("draft", "")),
            typed=[(name, value) for name, values in request.form.lists() for value in values if name in form],
        )
        return page, 409


def new_findings(article: Article, text: Text) -> list[Finding]:
    """Return the findings that a published or scheduled text would gain by this change and that need a reason."""
    if article.state != ArticleState.PUBLISHED:
        return []
    known = {(finding.rule, finding.excerpt) for finding in findings_in(article)}
    found = findings_in(article, text)
    return [one for one in found if one.weight in NEEDS_REASON and (one.rule, one.excerpt) not in known]


def draft_of(text: str) -> str:
    """Return the name of an opened form as the browser sent it; "one" if it has none."""
    return text if re.fullmatch(r"[0-9a-f]{8}", text) else "one"


def typed_fields() -> dict[str, list[str]]:
    """Return the fields of the present form as typed, without those of the session."""
    pairs = [(name, values) for name, values in request.form.lists() if name not in ("csrf_token", "id", TYPED_BY)]
    return dict(pairs[:MOST_FIELDS])


NAMES = {
    "title": "Title",
    "summary": "Summary",
    "slug": "Slug",
    "image_alt": "Alt text",
    "image_credit": "Credit",
    "image_source": "Link to the original",
    "image_licence": "Licence",
}
OTHER_NAMES = {
    "author_id": "Author",
    "reviewer_id": "Reviewer",
    "reviewed_on": "Review date",
    "category_id": "Category",
    "image_id": "Picture",
    "tags": "Tags",
    "teaser_ids": "You may also like",
}


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return the differences between two revisions: (name of the field, parts of a line, blocks of the body)."""
    changes: list[tuple[str, Any, Any]] = [
        (label, word_differences(before.get(name) or "", after.get(name) or ""), None)
        for name, label in NAMES.items()
        if (before.get(name) or "") != (after.get(name) or "")
    ]
    if (before.get("body") or "") != (after.get("body") or ""):
        changes.append(("Body", None, folded(differences(before.get("body") or "", after.get("body") or ""))))
    others = [label for name, label in OTHER_NAMES.items() if (before.get(name) or None) != (after.get(name) or None)]
    return [*changes, *((f"{label}: changed", None, None) for label in others)]


def list_of(parts: list[str]) -> str:
    """Return the items as a phrase: "one, two and three"."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
