"""Home page and reading pages. The comment form of an article also posts to this module."""

from flask import (
    Response,
    abort,
    current_app,
    g,
    get_template_attribute,
    make_response,
    render_template,
    request,
    url_for,
)

from clinic.articles.body import Parts, Rendered, image_ids, render_body
from clinic.articles.models import Article, ArticleState, Kind
from clinic.articles.queries import team
from clinic.bookings.forms import TrialForm
from clinic.bookings.sources import FormPlace, Source
from clinic.comments.forms import CommentForm
from clinic.comments.operations import post_comment
from clinic.comments.queries import approved_comments
from clinic.core.limits import Limit, TooMany
from clinic.core.text import email_address
from clinic.editing.previews import article_for_preview
from clinic.media.queries import images_by_id
from clinic.media.views import sent
from clinic.reading.article_queries import article_with_slug, neighbours_of, tags_of, teasers_for
from clinic.reading.blueprint import bp
from clinic.reading.reads import count_read
from clinic.reading.share_picture import share_picture
from clinic.reading.structured_data import article_data, clinic_data, json_ld
from clinic.reading.successors import redirect_to_successor
from clinic.web.answers import moved_to, see_other
from clinic.web.csrf import public_form
from clinic.web.filters import local_now
from clinic.web.limits import spend
from clinic.web.pages.memory import cached_for_version, cached_preferences
from clinic.web.pages.store import stored

VIDEO_SITES = "https://www.youtube-nocookie.com https://player.vimeo.com"
COMMENTS = Limit.of("20 comments per address per hour")


@bp.get("/articles/<slug>/", strict_slashes=False)
@stored(again=count_read)
def article(slug: str) -> str | Response:
    """Show one article. An old slug redirects permanently; a retired article answers 410."""
    found = _readable(Kind.POST, slug)
    if isinstance(found, Response):
        return found
    count_read(current_app, request.environ, slug)
    return _render_article(found, CommentForm())


@bp.get("/articles/<slug>/share.jpg")
def share(slug: str) -> Response:
    """Return the share picture of an article."""
    found = article_with_slug(Kind.POST, slug)
    if found is None or not found.is_public:
        abort(404)
    return sent(share_picture(found, cached_preferences().name), "image/jpeg", max_age=86400)


@bp.post("/articles/<slug>/comments")
@public_form
def comment(slug: str) -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Store a comment for moderation: 303 back to the article, or the article with errors (422, 429)."""
    found = _readable(Kind.POST, slug)
    if isinstance(found, Response):
        return found
    form = CommentForm()
    if not form.validate():
        return _render_article(found, form), 422
    try:
        spend(COMMENTS)
    except TooMany as limit:
        form.problems.append(limit.advice)
        return _render_article(found, form), 429, {"Retry-After": str(limit.retry_after)}
    post_comment(
        article_id=found.id,
        article_title=found.title,
        name=form.name.data,
        email=email_address(form.email.data),
        body=form.body.data,
    )
    return see_other(url_for("articles.article", slug=slug, comment="received", _anchor="comments"))


@bp.get("/<slug>/", strict_slashes=False)
@stored(seconds=60)  # the contact page shows if the clinic is open
def page(slug: str) -> str | Response:
    """Show a page that staff wrote: about, services, contact …"""
    found = _readable(Kind.PAGE, slug)
    if isinstance(found, Response):
        return found
    return _render_page(found)


def _readable(kind: Kind, slug: str) -> Article | Response:
    found = article_with_slug(kind, slug)
    if found is None:
        abort(404)  # the 404 handler looks for a redirect first
    if found.state == ArticleState.RETIRED or found.trashed_at:
        return redirect_to_successor(found)
    if not found.is_public:
        abort(404)
    if request.method in ("GET", "HEAD") and not request.path.endswith("/"):
        # Here and not by the router, so that an address nobody has is 404 at once, with or without its slash.
        query = f"?{request.query_string.decode('ascii', 'ignore')}" if request.query_string else ""
        return moved_to(f"{found.address}{query}", 308)
    return found


@bp.get("/preview/<secret>/")
def preview(secret: str) -> Response:
    """Show an article to somebody with a preview link."""
    found = article_for_preview(secret) or abort(404)
    response = make_response(preview_page(found))
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def preview_page(article: Article) -> str:
    """Return the page as readers would see it. Values that only a published article has are those of now."""
    if article.kind == Kind.PAGE:
        return _render_page(article, is_preview=True)
    return _render_article(article, CommentForm(formdata=None), is_preview=True)


def _render_page(article: Article, *, is_preview: bool = False) -> str:
    form = TrialForm(formdata=None)
    form.source.data = Source(FormPlace.PAGE).sealed()
    return render_template(
        "articles/page.html",
        article=article,
        body=rendered_body(article),
        trial_form_of_page=form,
        data=json_ld(clinic_data(cached_preferences(), local_now().date())),
        team=team() if article.slug == "team" else [],
        now=local_now(),
        is_preview=is_preview,
    )


def _render_article(article: Article, comment_form: CommentForm, *, is_preview: bool = False) -> str:
    body = rendered_body(article)
    trial_form = TrialForm(formdata=None)
    trial_form.source.data = Source(FormPlace.TEXT if body.has_trial_form else FormPlace.END, article.slug).sealed()
    return render_template(
        "articles/article.html",
        article=article,
        body=body,
        book_url=f"{url_for('bookings.book')}?from={article.slug}",
        tags=tags_of(article),
        teasers=teasers_for(article),
        neighbours=neighbours_of(article),
        data=json_ld(*article_data(article, cached_preferences(), local_now().date())),
        comments=approved_comments(article.id),
        comment_form_of_page=comment_form,
        trial_form_of_page=trial_form,
        comment_received=request.args.get("comment") == "received",
        is_preview=is_preview,
    )


def rendered_body(article: Article) -> Rendered:
    """Return the body as readers see it."""
    body = cached_for_version(("body", article.body), lambda: _render(article.body))
    if body.has_video:
        g.frame_sources = VIDEO_SITES
    return body


def _render(body: str) -> Rendered:
    parts = Parts(
        figure=get_template_attribute("parts/picture.html", "figure"),
        video=get_template_attribute("parts/video.html", "video"),
    )
    return render_body(body, images_by_id(image_ids(body)), parts)
