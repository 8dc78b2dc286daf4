"""Home page: which sections it has, in which order, and the words of those that have words of their own."""

from typing import Any

from flask import request
from flask_login import current_user
from markupsafe import Markup
from wtforms import BooleanField, Form
from wtforms.validators import DataRequired, Length

from clinic.accounts.access import Permission
from clinic.admin.kit.cells import link_cell, yes_cell
from clinic.admin.kit.fields import LongField
from clinic.admin.kit.ordered import OrderedView
from clinic.frame.models import HomeSection, SectionKind
from clinic.frame.operations import change_section
from clinic.web.forms import LineField

CONTENT = {
    SectionKind.SERVICES: "The services that can be booked",
    SectionKind.STAGES: "Your own texts",
    SectionKind.NEWEST: "The three newest articles",
    SectionKind.MOST_READ: "What was read most in four weeks",
    SectionKind.TEAM: "The people of Team",
    SectionKind.PLACE: "Address, hours and map from Settings",
    SectionKind.QUESTIONS: "Your own texts",
}


class SectionForm(Form):
    """A section."""

    heading = LineField(
        "Heading",
        [DataRequired("Enter a heading"), Length(max=80)],
        description="A few words that say what follows.",
    )
    is_shown = BooleanField("Show it on the home page")


class TextSectionForm(SectionForm):
    """A section with texts of its own."""

    body = LongField(
        "Texts",
        [Length(max=10_000)],
        description="A block for each question (or stage), with an empty line between two blocks. The first line of a"
        " block is the question, the next lines are the answer. A link is written [words](/address/).",
        render_kw={"rows": 20},
    )


def _content_cell(_view: Any, _context: Any, row: HomeSection, _name: str) -> str:
    return CONTENT[row.kind]


class HomeScreen(OrderedView):
    """The sections below the greeting. There is one of each kind, so none is added or deleted: it is hidden."""

    permission = Permission.ARTICLE_EDIT
    heading, singular = "Home page", "section"
    intro = Markup(
        'What stands below the greeting on the <a href="/">home page</a>, in this order. A section that has nothing to'
        " show, like a list without articles, leaves itself out."
    )
    form = SectionForm
    can_edit = True
    column_list = ["heading", "kind", "is_shown"]
    column_labels = {"kind": "What it shows", "is_shown": "Shown"}
    column_formatters = {
        "heading": link_cell(".edit_view", lambda row: row.heading),
        "kind": _content_cell,
        "is_shown": yes_cell,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.url = "/admin/home"

    def edit_form(self, obj: HomeSection | None = None) -> Any:
        """With the texts, where the section has some."""
        form = TextSectionForm if obj and obj.has_body else SectionForm
        return form(request.form if request.method == "POST" else None, obj=obj)

    def update(self, form: Any, model: HomeSection) -> None:
        """Change it."""
        body = (form.body.data or "") if model.has_body else None
        change_section(model, heading=form.heading.data, body=body, is_shown=form.is_shown.data, by=current_user)
