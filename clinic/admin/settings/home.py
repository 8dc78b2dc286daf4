"""Screen "Home page": the sections with their order, headings and texts."""

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
    SectionKind.SERVICES: "Services that visitors can book",
    SectionKind.STAGES: "Your own text",
    SectionKind.NEWEST: "The three newest articles",
    SectionKind.MOST_READ: "The most read articles of the last four weeks",
    SectionKind.TEAM: "People from “Team”",
    SectionKind.PLACE: "Address, opening hours and map from Settings",
    SectionKind.QUESTIONS: "Your own text",
}


class SectionForm(Form):
    """Form of a section."""

    heading = LineField(
        "Heading",
        [DataRequired("Enter a heading"), Length(max=80)],
        description="A short title for this section.",
    )
    is_shown = BooleanField("Show this section on the home page")


class TextSectionForm(SectionForm):
    """Form of a section with its own text."""

    body = LongField(
        "Text",
        [Length(max=10_000)],
        description="Write one block for each question or stage, with an empty line between blocks. The first line of a"
        " block is the question, the next lines are the answer. Write a link as [words](/address/).",
        render_kw={"rows": 20},
    )


def _content_cell(_view: Any, _context: Any, row: HomeSection, _name: str) -> str:
    return CONTENT[row.kind]


class HomeScreen(OrderedView):
    """Sections below the greeting. There is one of each kind, so they are hidden, never added or deleted."""

    permission = Permission.ARTICLE_EDIT
    heading, singular = "Home page", "section"
    intro = Markup(
        'The sections below the greeting on the <a href="/">home page</a>, in this order.'
        " A section without content is left out."
    )
    form = SectionForm
    can_edit = True
    column_list = ["heading", "kind", "is_shown"]
    column_labels = {"kind": "Content", "is_shown": "Shown"}
    column_formatters = {
        "heading": link_cell(".edit_view", lambda row: row.heading),
        "kind": _content_cell,
        "is_shown": yes_cell,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.url = "/admin/home"

    def edit_form(self, obj: HomeSection | None = None) -> Any:
        """Return the form, with the text field if the section has a text."""
        form = TextSectionForm if obj and obj.has_body else SectionForm
        return form(request.form if request.method == "POST" else None, obj=obj)

    def update(self, form: Any, model: HomeSection) -> None:
        """Change a section."""
        body = (form.body.data or "") if model.has_body else None
        change_section(model, heading=form.heading.data, body=body, is_shown=form.is_shown.data, by=current_user)
