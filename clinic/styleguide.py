"""/styleguide/: every part of the public pages in every state. Not registered in production."""

import io
import re
from datetime import UTC, datetime

from flask import Blueprint, Response, abort, render_template, request, send_file
from PIL import Image as Pillow
from PIL import ImageDraw

from clinic.articles.lists import Listing
from clinic.articles.models import Article, Category, Kind
from clinic.bookings.forms import TrialForm
from clinic.bookings.models import Service
from clinic.comments.forms import CommentForm
from clinic.comments.models import Comment
from clinic.media.models import Image
from clinic.preferences import Preferences
from clinic.web.assets import STATIC
from clinic.web.error_pages import TEXTS
from clinic.web.forms import LineField, PublicForm, is_email

bp = Blueprint("styleguide", __name__)

# States of the two forms. Each page shows one, because only one error summary may take the focus.
VIEWS = ("empty", "trial-errors", "trial-typed", "comment-errors", "comment-typed")
WIDTHS = (320, 640)  # pixels
FORMATS = {"jpg": "JPEG", "webp": "WEBP", "avif": "AVIF"}
MOMENT = datetime(2026, 11, 9, 10, 5, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 8, 10, 5, tzinfo=UTC)
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaft"


class SampleForm(PublicForm):
    """A form with one field for each state."""

    empty = LineField("Empty")
    filled = LineField("Filled in")
    hinted = LineField("With a hint")
    wrong = LineField("With an error", [is_email])


@bp.get("/styleguide/")
def styleguide() -> str:
    """Render all parts on one page; `?show=` selects the state of the forms."""
    view = request.args.get("show", "empty")
    if view not in VIEWS:
        abort(404)
    sample = SampleForm(data={"filled": "Mei Tan", "wrong": "mei@"})
    sample.validate()
    return render_template(
        "styleguide.html",
        view=view,
        views=VIEWS,
        colours=_colours(),
        sample=sample,
        trial=_trial(view),
        comment_sample=_comment_form(view),
        services=_services(),
        image=_image(),
        articles=_articles(),
        comments=_comments(),
        pages=[Listing([], number, 3, number < 3) for number in (1, 2, 3)],
        opening=Preferences().opening,
        moments=(MOMENT, SUNDAY),
        error=TEXTS[404],
    )


@bp.get("/media/styleguide/<name>")
def picture(name: str) -> Response:
    """Return the sample picture in one width and format: 320.webp."""
    width, _, extension = name.partition(".")
    if extension not in FORMATS or width not in map(str, WIDTHS):
        abort(404)
    side = int(width)
    drawn = Pillow.new("RGB", (side, side * 5 // 8), "#e0d2bb")
    ImageDraw.Draw(drawn).ellipse((side // 4, side // 8, side * 3 // 4, side), fill="#2f5d50")
    file = io.BytesIO()
    drawn.save(file, FORMATS[extension])
    file.seek(0)
    return send_file(file, mimetype=f"image/{FORMATS[extension].lower()}", max_age=3600)


def _colours() -> list[str]:
    """Return the names of the semantic colours: those that change in dark mode."""
    css = (STATIC / "css" / "base" / "tokens.css").read_text(encoding="utf-8")
    return re.findall(r"(--[\w-]+):", css.partition("prefers-color-scheme: dark")[2])


def _trial(view: str) -> TrialForm:
    typed = {
        "name": "Mei Tan",
        "email": "mei@example.org",
        "mobile": "9123 4567",
        "service": "pilates-1-to-1",
        "consent": True,
    }
    form = TrialForm(_services(), data=typed if view == "trial-typed" else {"email": "mei@"})
    if view == "trial-errors":
        form.validate()
        form.problems.append("You have sent 30 trial requests. Please wait 20 minutes.")
    elif view != "trial-typed":
        form.email.data = ""
    return form


def _comment_form(view: str) -> CommentForm:
    typed = {"body": "Thank you.\n\nI tried it on the stairs.", "name": LONG_NAME, "email": "jo@example.org"}
    form = CommentForm(data=typed if view == "comment-typed" else {})
    if view == "comment-errors":
        form.validate()
    return form


def _services() -> list[Service]:
    return [
        Service(slug="move-therapy-1-to-1", name="Move Therapy 1-to-1", summary="For pain, and after it.", minutes=60),
        Service(slug="pilates-1-to-1", name="Pilates 1-to-1", summary="Slow, exact, strong.", minutes=60),
    ]


def _image() -> Image:
    return Image(
        key="styleguide",
        filename="example.jpg",
        width=WIDTHS[-1],
        height=WIDTHS[-1] * 5 // 8,
        rendition_widths=",".join(map(str, WIDTHS)),
        rendered_at=MOMENT,
        version=1,
        colour="#a39d86",
        focus_x=50,
        focus_y=50,
        source_url="https://example.org/",
        licence="CC BY 4.0",
        is_decorative=False,
        alt="A green hill on sand",
        credit="Photo: Mei Tan",
    )


def _articles() -> list[Article]:
    joints = Category(slug="joints", name="Joints")
    return [
        Article(
            kind=Kind.POST,
            slug="knees-and-stairs",
            title="Knees and stairs",
            summary="Why they complain, and what helps from the first week on.",
            words=900,
            category=joints,
            image=_image(),
        ),
        Article(kind=Kind.POST, slug="short", title="Rest", summary="Without a picture.", words=200, category=None),
        Article(
            kind=Kind.POST,
            slug="long",
            title="What sixteen years of treating backs, hips, knees and shoulders have taught us about waiting,"
            f" moving, and {LONG_NAME}",
            summary="A title that takes more lines than a card likes to have. " * 3,
            words=3000,
            category=joints,
            image=_image(),
        ),
    ]


def _comments() -> list[Comment]:
    return [
        Comment(name="Jo", body="Thank you.", posted_at=MOMENT),
        Comment(
            name="Anitha", body="\n\n".join(["It took me six weeks, and it was worth it. " * 6] * 3), posted_at=MOMENT
        ),
        Comment(name=LONG_NAME, body=f"https://example.org/{'a-long-address-' * 8}", posted_at=MOMENT),
    ]
