"""create_app(): the only module that knows every part."""

import os
from pathlib import Path

from flask import Flask, Response, abort, request
from flask_login import current_user
from flask_mail import Mail
from flask_migrate import Migrate
from jinja2 import StrictUndefined
from sqlalchemy import make_url
from werkzeug.local import LocalProxy
from werkzeug.middleware.proxy_fix import ProxyFix

from clinic.accounts.queries import SESSION_LIFETIME
from clinic.accounts.sign_in import init_sign_in
from clinic.admin.panel import init_panel
from clinic.articles.queries import next_due_at
from clinic.bookings.views import bp as bookings_bp
from clinic.cli import clinic_cli
from clinic.comments.views import ApproveLink
from clinic.core.db import db, init_db
from clinic.core.file_modes import make_private, write_privately
from clinic.core.limits import Limiter
from clinic.core.settings import Settings, database, load_settings
from clinic.core.signing import Stamper
from clinic.discovery.views import bp as discovery_bp
from clinic.editing.links import StillCorrectLink
from clinic.frame.queries import menus
from clinic.leads.views import UnsubscribeLink
from clinic.media.views import bp as media_bp
from clinic.reading import bp as articles_bp
from clinic.reading.reads import init_reads
from clinic.styleguide import bp as styleguide_bp
from clinic.visits.views import CancelLink, MyDataLink, OtherTimeLink, TimesLink, UndoCancelLink
from clinic.visits.views import bp as visits_bp
from clinic.web.addresses import init_addresses
from clinic.web.assets import init_assets
from clinic.web.csrf import init_csrf
from clinic.web.error_pages import init_errors
from clinic.web.filters import init_filters
from clinic.web.headers import init_headers
from clinic.web.health import bp as health_bp
from clinic.web.hosts import KnownHosts
from clinic.web.limits import init_page_limit
from clinic.web.links import init_links
from clinic.web.logs import init_request_log, set_up_logging
from clinic.web.pages.compress import init_compress
from clinic.web.pages.memory import Memory, cached_for_version, cached_preferences
from clinic.web.pages.store import PageStore
from clinic.web.wellformed import init_wellformed

ROOT = Path(__file__).resolve().parent.parent
FORM_BYTES = 1024 * 1024
STAFF_BYTES = 25 * 1024 * 1024


def create_app(settings: Settings | None = None) -> Flask:
    """Build the whole site. Raises SettingsError if a setting is missing or wrong."""
    settings = settings or read_settings()
    write_privately()
    make_private(settings.instance, {settings.instance / "assets", settings.media_root}, settings.database_url)
    app = Flask(__name__, instance_path=str(settings.instance), static_folder=None)
    database_url, driver_arguments = database(settings.database_url)
    app.config |= {
        "CLINIC": settings,
        "SECRET_KEY": settings.secret_key,
        "TESTING": settings.env == "test",
        # The URL as text, where text can express it.
        "SQLALCHEMY_DATABASE_URI": database_url
        if database_url != make_url(settings.database_url)
        else settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "hide_parameters": True,
            "connect_args": driver_arguments,
            "pool_pre_ping": not settings.database_url.startswith("sqlite"),
        },
        "SESSION_COOKIE_NAME": "clinic_staff",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.site_url.startswith("https://"),
        "PERMANENT_SESSION_LIFETIME": SESSION_LIFETIME,
        "MAIL_DEFAULT_SENDER": settings.mail_sender,
        "MAIL_SUPPRESS_SEND": False,
        "MAX_CONTENT_LENGTH": FORM_BYTES,
    }
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.env != "test":
        set_up_logging(settings.env)
    if settings.env != "development":  # in development a changed template shows at once
        app.wsgi_app = PageStore(app, settings, next_due_at)  # type: ignore[method-assign]
    if settings.env == "production":
        app.wsgi_app = KnownHosts(app.wsgi_app, settings)  # type: ignore[method-assign]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    init_db(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    Mail(app)
    app.extensions["clinic.limiter"] = Limiter(settings.secret_key, settings.redis_url, on=settings.rate_limits)
    app.extensions["clinic.memory"] = Memory()
    app.extensions["clinic.stamper"] = Stamper(settings.secret_key)
    init_request_log(app)
    init_headers(app)
    init_compress(app)
    init_wellformed(app)
    _init_limits_of_size(app)
    init_addresses(app)
    init_csrf(app)
    init_errors(app)
    init_filters(app)
    init_assets(app)
    init_sign_in(app)
    if settings.env != "development":  # in development no page is stored
        init_page_limit(app)
    for blueprint in (health_bp, media_bp, bookings_bp, visits_bp, articles_bp, discovery_bp):
        app.register_blueprint(blueprint)
    if settings.env != "production":
        app.register_blueprint(styleguide_bp)
    init_links(
        app,
        StillCorrectLink(),
        ApproveLink(),
        TimesLink(),
        CancelLink(),
        UndoCancelLink(),
        OtherTimeLink(),
        MyDataLink(),
        UnsubscribeLink(),
    )
    init_panel(app)
    init_reads(app, in_background=settings.env != "test")
    app.cli.add_command(clinic_cli)
    # Lazy, because an error page must not query a database that is down.
    app.context_processor(
        lambda: {
            "clinic": LocalProxy(cached_preferences),
            "menus": LocalProxy(lambda: cached_for_version("menus", menus)),
            "site_url": settings.site_url,
        }
    )
    return app


def read_settings() -> Settings:
    """Return the settings of this process. INSTANCE_PATH names another instance folder than the one beside the code."""
    instance = Path(os.environ.get("INSTANCE_PATH") or ROOT / "instance").resolve()
    return load_settings(os.environ, instance)


def _init_limits_of_size(app: Flask) -> None:
    @app.before_request
    def check_size() -> Response | None:
        # Only staff upload pictures and long texts, so larger bodies are refused for everybody else before they are
        # read.
        if request.path.startswith("/admin/") and current_user.is_authenticated:
            request.max_content_length = STAFF_BYTES
            request.max_form_memory_size = FORM_BYTES * 4
        if (request.content_length or 0) > (request.max_content_length or FORM_BYTES):
            abort(413)
        if "\x00" in request.path or b"%00" in request.query_string:
            abort(400)
        return None
