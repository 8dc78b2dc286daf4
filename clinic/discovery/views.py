"""The search page, the feed, the sitemap, and the small files that robots request."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from xml.sax.saxutils import escape

from flask import Blueprint, Response, abort, jsonify, render_template, request, stream_with_context
from markupsafe import Markup

from clinic.articles.models import Author, Category
from clinic.articles.queries import authors, categories, category_with_slug
from clinic.bookings.models import Service
from clinic.bookings.queries import active_services
from clinic.core import clock
from clinic.core.settings import settings
from clinic.core.text import clean_line
from clinic.discovery.queries import addresses, count_parts, found_articles, newest_for_feed
from clinic.reading.article import rendered_body
from clinic.web.assets import asset_url
from clinic.web.pages.memory import cached_preferences
from clinic.web.pages.store import stored

bp = Blueprint("discovery", __name__)
LONGEST_QUERY = 200  # characters
FIXED = ("/", "/articles/", "/book/")
TRIAL_LINK = '<p><a href="/book/">Book a trial session</a></p>'  # replaces the form in the feed


@bp.get("/search/")
def search_page() -> str:
    """Search articles and pages."""
    typed = clean_line(request.args.get("q", ""))[:LONGEST_QUERY]
    slug = request.args.get("category", "")
    category = category_with_slug(slug) if slug else None
    number = request.args.get("page", "1")
    found = found_articles(
        typed, category=category, number=int(number) if number.isdecimal() and len(number) < 6 else 1
    )
    return render_template(
        "discovery/search.html", typed=typed, found=found, categories=categories(), category=category, marked=_marked
    )


def _marked(snippet: list[tuple[str, bool]]) -> Markup:
    """Return a snippet with the matches in <mark>. Everything else is escaped."""
    return Markup("").join(Markup("<mark>{}</mark>").format(words) if found else words for words, found in snippet)


@bp.get("/feed.xml")
@stored()
def feed() -> Response:
    """Return the newest articles with their full text (Atom, RFC 4287). Ids are tag URIs (RFC 4151) that never
    change."""
    articles = newest_for_feed()
    newest = max((max(one.updated_at, one.published_at or one.updated_at) for one in articles), default=clock.now())
    host = settings().site_host
    xml = render_template(
        "discovery/feed.xml",
        articles=articles,
        newest=newest,
        host=host,
        site_url=settings().site_url,
        body=lambda article: _absolute(rendered_body(article).with_form(TRIAL_LINK)),
        rfc3339=_rfc3339,
    )
    return Response(xml, mimetype="application/atom+xml")


# The coloured background of a picture needs our style sheet.
GROUND = re.compile(r"<svg class=\"picture-ground\".*?</svg>", re.DOTALL)


def _absolute(html: str) -> str:
    """Return HTML for readers on other sites: our own addresses become absolute."""
    site = settings().site_url
    html = GROUND.sub("", html)
    html = html.replace('href="/', f'href="{site}/').replace('src="/', f'src="{site}/')
    return html.replace('srcset="/', f'srcset="{site}/').replace(", /media/", f", {site}/media/")


@bp.get("/sitemap.xml")
def sitemap() -> Response:
    """Return all public addresses, or an index of sitemap files if one would hold more than 50,000 (sitemaps.org)."""
    parts = count_parts()
    lines = _sitemap_index(parts) if parts > 1 else _sitemap_lines(0, with_fixed=True)
    return Response(stream_with_context(lines), mimetype="application/xml")


@bp.get("/sitemap-<int:number>.xml")
def sitemap_part(number: int) -> Response:
    """Return one file of a large sitemap, counted from 1."""
    if not 1 <= number <= count_parts():
        abort(404)
    return Response(stream_with_context(_sitemap_lines(number - 1, with_fixed=number == 1)), mimetype="application/xml")


def _sitemap_index(parts: int) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    for number in range(1, parts + 1):
        yield f"<sitemap><loc>{escape(settings().site_url)}/sitemap-{number}.xml</loc></sitemap>\n"
    yield "</sitemapindex>\n"


def _sitemap_lines(part: int, *, with_fixed: bool) -> Iterator[str]:
    site = escape(settings().site_url)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    if with_fixed:
        listed: list[Service | Author | Category] = [*active_services(), *authors(), *categories()]
        for path in (*FIXED, *(one.address for one in listed)):
            yield f"<url><loc>{site}{_in_xml(path)}</loc></url>\n"
    for path, changed_at in addresses(part):
        yield f"<url><loc>{site}{_in_xml(path)}</loc><lastmod>{_rfc3339(changed_at)}</lastmod></url>\n"
    yield "</urlset>\n"


def _in_xml(path: str) -> str:
    """Return a path percent-encoded and escaped for a sitemap (sitemaps.org/protocol.html)."""
    return escape(quote(path, safe="/%:@!$&'()*+,;=~-._"))


@bp.get("/robots.txt")
def robots() -> Response:
    """Return the paths that robots must not crawl (RFC 9309)."""
    lines = ("User-agent: *", "Disallow: /admin/", "Disallow: /login", "Disallow: /search/", "Disallow: /book/thanks/")
    text = "\n".join((*lines, "", f"Sitemap: {settings().site_url}/sitemap.xml", ""))
    return Response(text, mimetype="text/plain")


@bp.get("/site.webmanifest")
def manifest() -> Response:
    """Return the web app manifest (W3C)."""
    answer = jsonify(
        name=cached_preferences().name,
        short_name=cached_preferences().name[:12],
        start_url="/",
        display="browser",
        background_color="#fbf6ee",
        theme_color="#fbf6ee",
        icons=[
            {"src": asset_url("favicon.svg"), "sizes": "any", "type": "image/svg+xml"},
            {"src": asset_url("icon-192.png"), "sizes": "192x192", "type": "image/png"},
            {"src": asset_url("icon-512.png"), "sizes": "512x512", "type": "image/png"},
        ],
    )
    answer.mimetype = "application/manifest+json"
    return answer


@bp.get("/.well-known/security.txt")
def security_txt() -> Response:
    """Return the security contact (RFC 9116). It expires half a year after the first of this month."""
    expires = clock.now().astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0) + timedelta(
        days=183
    )
    lines = (
        f"Contact: mailto:{clean_line(cached_preferences().email)}",
        f"Expires: {_rfc3339(expires)}",
        "Preferred-Languages: en",
    )
    canonical = f"Canonical: {settings().site_url}/.well-known/security.txt"
    return Response("\n".join((*lines, canonical, "")), mimetype="text/plain")


def _rfc3339(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
