"""Assembly of the panel: its screens in the order of the menu."""

from flask import Flask, Response, request
from flask_admin import Admin
from flask_admin.theme import Bootstrap4Theme

from clinic.accounts.identity import typed_by
from clinic.accounts.models import User
from clinic.admin.comments import CommentScreen
from clinic.admin.dashboard import Dashboard
from clinic.admin.desk.blocked_guests import BlockScreen
from clinic.admin.desk.bookings import BookingScreen
from clinic.admin.desk.customers import CustomerScreen
from clinic.admin.desk.leads import LeadScreen
from clinic.admin.desk.letters import LetterScreen
from clinic.admin.desk.outbox import OutboxScreen
from clinic.admin.desk.redeem import RedeemScreen
from clinic.admin.desk.report import ReportScreen
from clinic.admin.desk.therapists import TherapistScreen
from clinic.admin.desk.visits import CalendarScreen, TodayScreen
from clinic.admin.people.account import AccountScreen
from clinic.admin.people.activity import ActivityScreen
from clinic.admin.people.people import PeopleScreen
from clinic.admin.search import SearchScreen
from clinic.admin.settings.home import HomeScreen
from clinic.admin.settings.menus import MenuScreen
from clinic.admin.settings.preferences import PreferenceScreen
from clinic.admin.settings.redirects import RedirectScreen
from clinic.admin.settings.services import ServiceScreen
from clinic.admin.write.categories import CategoryScreen
from clinic.admin.write.images import ImageScreen
from clinic.admin.write.tags import TagScreen
from clinic.admin.write.team import TeamScreen
from clinic.admin.write.texts import PageScreen, PostScreen
from clinic.articles.models import Article, Author, Category, Redirect, Tag
from clinic.bookings.models import BlockedGuest, Booking, Service
from clinic.comments.models import Comment
from clinic.core.audit import AuditLine
from clinic.frame.models import HomeSection, MenuItem
from clinic.leads.models import Lead, Letter
from clinic.media.models import Image
from clinic.outbox.models import Message
from clinic.visits.models import Therapist


def init_panel(app: Flask) -> None:
    """Mount all screens at /admin/."""
    panel = Admin(
        app,
        name="Panel",
        index_view=Dashboard(name="Dashboard", url="/admin", endpoint="admin"),
        theme=Bootstrap4Theme(base_template="admin/base.html"),
    )
    panel.add_views(
        PostScreen(Article, name="Articles", endpoint="articles_admin", category="Write"),
        PageScreen(Article, name="Pages", endpoint="pages_admin", category="Write"),
        ImageScreen(Image, name="Media", endpoint="media_admin", category="Write"),
        CategoryScreen(Category, name="Categories", endpoint="categories_admin", category="Write"),
        TagScreen(Tag, name="Tags", endpoint="tags_admin", category="Write"),
        TeamScreen(Author, name="Team", endpoint="team_admin", category="Write"),
        CommentScreen(Comment, name="Comments", endpoint="comments_admin", category="Comments"),
        TodayScreen(name="Today", endpoint="today_admin", category="Front desk", url="/admin/today"),
        CalendarScreen(name="Calendar", endpoint="calendar_admin", category="Front desk", url="/admin/calendar"),
        RedeemScreen(name="Redeem", endpoint="redeem_admin", category="Front desk", url="/admin/redeem"),
        LeadScreen(Lead, name="Leads", endpoint="leads_admin", category="Front desk"),
        BookingScreen(Booking, name="Bookings", endpoint="bookings_admin", category="Front desk"),
        TherapistScreen(Therapist, name="Therapists", endpoint="therapists_admin", category="Front desk"),
        ReportScreen(name="Report", endpoint="report_admin", category="Front desk", url="/admin/report"),
        LetterScreen(Letter, name="Letters", endpoint="letters_admin", category="Front desk"),
        CustomerScreen(
            name="Known customers", endpoint="customers_admin", category="Front desk", url="/admin/known-customers"
        ),
        BlockScreen(BlockedGuest, name="Blocked guests", endpoint="blocks_admin", category="Front desk"),
        OutboxScreen(Message, name="Outbox", endpoint="outbox_admin", category="Front desk"),
        MenuScreen(MenuItem, name="Menus", endpoint="menus_admin", category="Settings"),
        HomeScreen(HomeSection, name="Home page", endpoint="home_admin", category="Settings"),
        ServiceScreen(Service, name="Services", endpoint="services_admin", category="Settings"),
        RedirectScreen(Redirect, name="Redirects", endpoint="redirects_admin", category="Settings"),
        PreferenceScreen(name="Settings", endpoint="settings_admin", category="Settings", url="/admin/settings"),
        PeopleScreen(User, name="People", endpoint="people_admin", category="People"),
        ActivityScreen(AuditLine, name="Activity", endpoint="activity_admin", category="People"),
        SearchScreen(name="Search the panel", endpoint="search_admin", url="/admin/search"),
        AccountScreen(name="Your account", endpoint="account_admin", url="/admin/account"),
    )

    app.jinja_env.globals["typed_by"] = typed_by

    @app.after_request
    def never_cache(response: Response) -> Response:
        if request.path.startswith("/admin") or request.blueprint == "security":
            response.headers["Cache-Control"] = "no-store"
        return response
