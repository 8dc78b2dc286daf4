"""Home page and reading pages. The comment form of an article also posts to this module."""

from datetime import timedelta

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    g,
    get_template_attribute,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import Gone, NotFound

from clinic.articles.article_page import article_with_slug, neighbours_of, tags_of, teasers_for
from clinic.articles.body import Parts, Rendered, image_ids, render_body
from clinic.articles.emails import STILL_CORRECT
from clinic.articles.models import Article, ArticleState, Category, Kind, Tag
from clinic.articles.operations import sign_off_article
from clinic.articles.preview import article_for_preview
from clinic.articles.queries import (
    articles_about,
    author_with_slug,
    categories,
    category_with_slug,
    most_read,
    newest_articles,
    published_articles,
    tag_with_slug,
    team,
)
from clinic.articles.reads import count_read
from clinic.articles.redirects import redirect_from
from clinic.articles.seo import article_data, clinic_data, json_ld, person_data, service_data, trail_data
from clinic.articles.share import share_picture
from clinic.bookings.forms import TrialForm
from clinic.bookings.queries import active_services
from clinic.bookings.sources import Place, Source
from clinic.comments.forms import CommentForm
from clinic.comments.operations import post_comment
from clinic.comments.queries import approved_comments
from clinic.core.db import db
from clinic.core.limits import Limit, TooMany
from clinic.core.text import email_address
from clinic.media.queries import images_by_id
from clinic.media.views import sent
from clinic.site.queries import shown_sections
from clinic.site.texts import blocks
from clinic.web.csrf import public_form
from clinic.web.error_pages import error_page, words_of_path
from clinic.web.filters import local_now
from clinic.web.limits import spend
from clinic.web.links import Link
from clinic.web.pagestore import stored
from clinic.web.remember import facts, remembered

bp = Blueprint("articles", __name__)
VIDEO_SITES = "https://www.youtube-nocookie.com https://player.vimeo.com"
MOST_SUCCESSORS = 10
MOST_HITS = 5
MOST_READ_WITHIN = timedelta(days=28)
COMMENTS = Limit.of("20 comments per address per hour")


@bp.get("/")
@stored(seconds=60)  # the page shows if the clinic is open
def home() -> str:
    """Show the home page."""
    now = local_now()
    newest = newest_articles(3)
    return render_template(
        "articles/home.html",
        newest=newest,
        most_read=most_read(now.date() - MOST_READ_WITHIN, now.date(), without=newest),
        services=active_services(),
        team=team(),
        sections=shown_sections(),
        blocks=blocks,
        now=now,
        data=json_ld(clinic_data(facts(), local_now().date())),
    )


@bp.get("/articles/")
@stored("page")
def articles() -> str:
    """Show all articles, newest first."""
    return _list("Articles", None, None)


@bp.get("/articles/category/<slug>/")
@stored("page")
def category(slug: str) -> str:
    """Show the articles of one category."""
    found = category_with_slug(slug) or abort(404)
    return _list(found.name, found, None)


@bp.get("/articles/tag/<slug>/")
@stored("page")
def tag(slug: str) -> str:
    """Show the articles with one tag."""
    found = tag_with_slug(slug) or abort(404)
    return _list(f"Articles on {found.name}", None, found)


def _list(title: str, category: Category | None, tag: Tag | None) -> str:
    listing = published_articles(_page_number(), category=category, tag=tag) or abort(404)
    return render_template(
        "articles/list.html", title=title, listing=listing, categories=categories(), category=category
    )


def _page_number() -> int:
    number = request.args.get("page", "1")
    if not number.isascii() or not number.isdecimal() or len(number) > 6:
        abort(404)
    return int(number)


@bp.get("/articles/<slug>/", strict_slashes=False)
@stored(again=count_read)
def article(slug: str) -> str | Response:
    """Show one article. An old slug redirects permanently; a retired article answers 410."""
    found = _readable(Kind.POST, slug)
    if isinstance(found, Response):
        return found
    count_read(current_app, request.environ, slug)
    return _article_page(found, CommentForm())


@bp.get("/articles/<slug>/share.jpg")
def share(slug: str) -> Response:
    """Return the share picture of an article."""
    found = article_with_slug(Kind.POST, slug)
    if found is None or not found.is_public:
        abort(404)
    return sent(share_picture(found, facts().name), "image/jpeg", max_age=86400)


@bp.post("/articles/<slug>/comments")
@public_form
def comment(slug: str) -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Store a comment for moderation: 303 back to the article, or the article with errors (422, 429)."""
    found = _readable(Kind.POST, slug)
    if isinstance(found, Response):
        return found
    form = CommentForm()
    if not form.validate():
        return _article_page(found, form), 422
    try:
        spend(COMMENTS)
    except TooMany as limit:
        form.problems.append(limit.advice)
        return _article_page(found, form), 429, {"Retry-After": str(limit.retry_after)}
    post_comment(
        article_id=found.id,
        article_title=found.title,
        name=form.name.data,
        email=email_address(form.email.data),
        body=form.body.data,
    )
    return redirect(url_for("articles.article", slug=slug, comment="received", _anchor="comments"), 303)  # type: ignore[return-value]


@bp.get("/services/<slug>/")
@stored()
def service(slug: str) -> str:
    """Show one service, with it selected in the trial form."""
    services = active_services()
    found = next((one for one in services if one.slug == slug), None) or abort(404)
    form = TrialForm(formdata=None)
    form.service.data = slug
    form.source.data = Source(Place.SERVICE).sealed()
    trail = [("Home", "/"), ("Services", "/services/"), (found.name, found.address)]
    return render_template(
        "bookings/service.html",
        service=found,
        others=[one for one in services if one is not found],
        body=Markup(found.body),  # noqa: S704 - sanitised when it was saved
        trial_form_of_page=form,
        data=json_ld(service_data(found), clinic_data(facts(), local_now().date()), trail_data(trail)),
    )


@bp.get("/team/<slug>/")
@stored("page")
def author(slug: str) -> str:
    """Show one team member with their articles."""
    found = author_with_slug(slug) or abort(404)
    number = _page_number()
    listing = published_articles(number, author=found) or abort(404)
    data = json_ld(
        person_data(found),
        clinic_data(facts(), local_now().date()),
        trail_data([("Home", "/"), ("Team", "/team/"), (found.name, found.address)]),
    )
    return render_template("articles/author.html", author=found, listing=listing, data=data)


@bp.get("/<slug>/", strict_slashes=False)
@stored(seconds=60)  # the contact page shows if the clinic is open
def page(slug: str) -> str | Response:
    """Show a page that staff wrote: about, services, contact …"""
    found = _readable(Kind.PAGE, slug)
    if isinstance(found, Response):
        return found
    return _page_page(found)


def _readable(kind: Kind, slug: str) -> Article | Response:
    found = article_with_slug(kind, slug)
    if found is None:
        abort(404)  # the 404 handler looks for a redirect first
    if found.state == ArticleState.RETIRED or found.trashed_at:
        return _moved(found)
    if not found.is_public:
        abort(404)
    if request.method in ("GET", "HEAD") and not request.path.endswith("/"):
        # Here and not by the router, so that an address nobody has is 404 at once, with or without its slash.
        query = f"?{request.query_string.decode('ascii', 'ignore')}" if request.query_string else ""
        return redirect(f"{found.address}{query}", 308)  # type: ignore[return-value]
    return found


def _moved(article: Article) -> Response:
    """Return the article at an address, or the successor that an editor chose for it.

    Raises Gone for a retired article, and NotFound for one that is unpublished or in the trash.
    """
    shown: Article | None = article
    for _ in range(MOST_SUCCESSORS):
        if shown and shown.is_public:
            return redirect(shown.address, 301)  # type: ignore[return-value]
        shown = shown.successor if shown and shown.state == ArticleState.RETIRED and not shown.trashed_at else None
    raise Gone if article.state == ArticleState.RETIRED and not article.trashed_at else NotFound


@bp.app_errorhandler(404)
def not_found(error: NotFound) -> Response:
    """Redirect an old address to the new one, or answer 404. Without a database nothing is looked up."""
    if request.method not in ("GET", "HEAD"):
        return error_page(404)
    try:
        old = redirect_from(request.path)
        if old is None:
            return _not_here(404)
        return _moved(old.article) if old.article else redirect(old.target, 301)  # type: ignore[return-value]
    except Gone:
        return _not_here(410)
    except NotFound:
        return _not_here(404)
    except SQLAlchemyError:
        return error_page(404)


@bp.app_errorhandler(410)
def gone(error: Gone) -> Response:
    """Answer 410 for a retired article, with other articles on the words of its address."""
    return _not_here(410)


def _not_here(code: int) -> Response:
    words = words_of_path(request.path)
    try:
        hits = articles_about(words, MOST_HITS) if words else []
    except SQLAlchemyError:
        hits = []
    return error_page(code, words=words, hits=hits)


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
        return _page_page(article, is_preview=True)
    return _article_page(article, CommentForm(formdata=None), is_preview=True)


class StillCorrectLink(Link):
    """Link that asks if an article is still correct, and records the review."""

    purpose = STILL_CORRECT
    lives = timedelta(days=120)

    def show(self, value: str) -> str:
        """Show the article, unless the review has already been recorded."""
        return render_template("articles/still_correct.html", article=_due_article(value), is_done=False)

    def act(self, value: str) -> str:
        """Record the review."""
        found = _due_article(value)
        if found is not None:
            sign_off_article(found, on=local_now().date())
        return render_template("articles/still_correct.html", article=found, is_done=found is not None)


def _due_article(value: str) -> Article | None:
    """Return the article of a link, or None if that review has already been recorded."""
    id_, _, due_on = value.partition(" ")
    found = db.session.get(Article, int(id_)) or abort(404)
    return found if str(found.review_due_on) == due_on else None


def _page_page(article: Article, *, is_preview: bool = False) -> str:
    form = TrialForm(formdata=None)
    form.source.data = Source(Place.PAGE).sealed()
    return render_template(
        "articles/page.html",
        article=article,
        body=rendered_body(article),
        trial_form_of_page=form,
        data=json_ld(clinic_data(facts(), local_now().date())),
        team=team() if article.slug == "team" else [],
        now=local_now(),
        is_preview=is_preview,
    )


def _article_page(article: Article, comment_form: CommentForm, *, is_preview: bool = False) -> str:
    body = rendered_body(article)
    trial_form = TrialForm(formdata=None)
    trial_form.source.data = Source(Place.TEXT if body.has_trial_form else Place.END, article.slug).sealed()
    return render_template(
        "articles/article.html",
        article=article,
        body=body,
        book_url=f"{url_for('bookings.book')}?from={article.slug}",
        tags=tags_of(article),
        teasers=teasers_for(article),
        neighbours=neighbours_of(article),
        data=json_ld(*article_data(article, facts(), local_now().date())),
        comments=approved_comments(article.id),
        comment_form_of_page=comment_form,
        trial_form_of_page=trial_form,
        comment_received=request.args.get("comment") == "received",
        is_preview=is_preview,
    )


def rendered_body(article: Article) -> Rendered:
    """Return the body as readers see it."""
    body = remembered(("body", article.body), lambda: _render(article.body))
    if body.has_video:
        g.frame_sources = VIDEO_SITES
    return body


def _render(body: str) -> Rendered:
    parts = Parts(
        figure=get_template_attribute("parts/picture.html", "figure"),
        video=get_template_attribute("parts/video.html", "video"),
    )
    return render_body(body, images_by_id(image_ids(body)), parts)
