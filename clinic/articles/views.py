"""Home and the reading pages; the comment form of an article posts to this module too."""

from flask import (
    Blueprint,
    Response,
    abort,
    get_template_attribute,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from markupsafe import Markup

from clinic.articles.body import contents_of, image_ids, render_body
from clinic.articles.models import Article, ArticleState, Category, Kind, Tag
from clinic.articles.queries import (
    article_with_slug,
    author_with_slug,
    authors,
    categories,
    category_with_slug,
    neighbours_of,
    new_address,
    published_articles,
    tag_with_slug,
    teasers_for,
)
from clinic.articles.seo import article_data, clinic_data, json_ld, person_data, trail_data
from clinic.articles.share import share_picture
from clinic.bookings.forms import TrialForm
from clinic.bookings.queries import active_services
from clinic.comments.forms import CommentForm
from clinic.comments.operations import post_comment
from clinic.comments.queries import approved_comments
from clinic.core.limits import Limit, TooMany
from clinic.core.preferences import preferences
from clinic.core.text import email_address
from clinic.media.queries import images_by_id
from clinic.web.csrf import public_form
from clinic.web.filters import local_now
from clinic.web.limits import spend

bp = Blueprint("articles", __name__)
COMMENTS = Limit.of("20 comments per address per hour")


@bp.get("/")
def home() -> str:
    """Who we are, what we offer, what is new."""
    return render_template(
        "articles/home.html",
        listing=published_articles(size=6),
        services=active_services(),
        team=authors(),
        now=local_now(),
        data=json_ld(clinic_data(preferences())),
    )


@bp.get("/articles/")
def articles() -> str:
    """All articles, newest first."""
    return _list("Articles", None, None)


@bp.get("/articles/category/<slug>/")
def category(slug: str) -> str:
    """The articles of one category."""
    found = category_with_slug(slug) or abort(404)
    return _list(found.name, found, None)


@bp.get("/articles/tag/<slug>/")
def tag(slug: str) -> str:
    """The articles with one tag."""
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
def article(slug: str) -> str | Response:
    """One article. An old slug leads to the new one for good; a retired one is gone (410)."""
    found = _readable(Kind.POST, slug)
    if isinstance(found, Response):
        return found
    return _article_page(found, CommentForm())


@bp.get("/articles/<slug>/share.jpg")
def share(slug: str) -> Response:
    """The picture that others show with a link to the article."""
    found = article_with_slug(Kind.POST, slug)
    if found is None or not found.is_public:
        abort(404)
    return send_file(share_picture(found, preferences().name), mimetype="image/jpeg", max_age=86400)


@bp.post("/articles/<slug>/comments")
@public_form
def comment(slug: str) -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Keep a comment for the moderator: 303 back to the article, or the article with what is wrong (422, 429)."""
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


@bp.get("/team/<slug>/")
def author(slug: str) -> str:
    """One of the team, with what they wrote."""
    found = author_with_slug(slug) or abort(404)
    number = _page_number()
    listing = published_articles(number, author=found) or abort(404)
    data = json_ld(
        person_data(found),
        clinic_data(preferences()),
        trail_data([("Home", "/"), ("Team", "/team/"), (found.name, found.address)]),
    )
    return render_template("articles/author.html", author=found, listing=listing, data=data)


@bp.get("/<slug>/", strict_slashes=False)
def page(slug: str) -> str | Response:
    """A page that staff write: about, services, contact …"""
    found = _readable(Kind.PAGE, slug)
    if isinstance(found, Response):
        return found
    data = json_ld(clinic_data(preferences()), trail_data([("Home", "/"), (found.title, found.address)]))
    return render_template("articles/page.html", article=found, body=article_body(found), data=data, now=local_now())


def _readable(kind: Kind, slug: str) -> Article | Response:
    found = article_with_slug(kind, slug)
    if found is None:
        moved = new_address(slug)
        if moved and moved.state == ArticleState.RETIRED:
            abort(410)
        if moved and moved.kind == kind and moved.is_public:
            return redirect(moved.address, 301)  # type: ignore[return-value]
        abort(404)
    if found.state == ArticleState.RETIRED:
        abort(410)
    if not found.is_public:
        abort(404)
    if request.method in ("GET", "HEAD") and not request.path.endswith("/"):
        # Here and not by the router, so that an address nobody has is 404 at once, with or without its slash.
        query = f"?{request.query_string.decode('ascii', 'ignore')}" if request.query_string else ""
        return redirect(f"{found.address}{query}", 308)  # type: ignore[return-value]
    return found


def _article_page(article: Article, comment_form: CommentForm) -> str:
    trial_form = TrialForm(active_services(), formdata=None)
    trial_form.source.data = article.slug
    return render_template(
        "articles/article.html",
        article=article,
        body=article_body(article),
        contents=contents_of(article.body),
        teasers=teasers_for(article),
        neighbours=neighbours_of(article),
        data=json_ld(*article_data(article, preferences())),
        comments=approved_comments(article.id),
        comment_form_of_page=comment_form,
        trial_form_of_page=trial_form,
        comment_received=request.args.get("comment") == "received",
    )


def article_body(article: Article) -> Markup:
    """The body as readers see it, with its pictures."""
    figure = get_template_attribute("parts/picture.html", "figure")
    html = render_body(article.body, images_by_id(image_ids(article.body)), figure)
    return Markup(html)  # noqa: S704 - the body was sanitised when it was saved
