"""Forms on the page of a lead."""

from collections.abc import Iterable
from typing import Any

from wtforms import DateField, Form, SelectField
from wtforms.validators import DataRequired, Optional
from wtforms.widgets import TextArea

from clinic.leads.models import Stage
from clinic.web.forms import AtMost, LineField, TextField


class DayField(DateField):
    """A day. A refused one stays in the box as it was typed."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the first value. Raises ValueError."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError("That is not a valid date. Enter a date like 24/11/2026") from None


class StageForm(Form):
    """The stage of a lead, and the reason if it is lost."""

    stage = SelectField(
        "Stage", choices=[(stage.value, stage.capitalize()) for stage in Stage], validate_choice=False
    )  # the view answers 400 for a stage that the list does not offer
    because = LineField("Reason if lost", [AtMost(200, "Shorten the reason to at most 200 characters")])


class PlanForm(Form):
    """The person who is assigned to a lead, and the next step."""

    assigned = SelectField("Assigned to", validate_choice=False)  # likewise
    next_step = LineField("Next step", [AtMost(200, "Shorten the next step to at most 200 characters")])
    next_on = DayField("Due date", [Optional()])

    def __init__(self, formdata: Any = None, *, staff: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(formdata, **kwargs)
        self.assigned.choices = [("", "Nobody"), *staff]


class MessageForm(Form):
    """An email to the person."""

    subject = LineField(
        "Subject", [DataRequired("Enter a subject"), AtMost(200, "Shorten the subject to at most 200 characters")]
    )
    body = TextField(
        "Text",
        [DataRequired("Enter a text"), AtMost(10_000, "Shorten the text to at most 10,000 characters")],
        widget=TextArea(),
        render_kw={"rows": 8},
    )


class NoteForm(Form):
    """A note in the history."""

    note = TextField(
        "Note",
        [
            DataRequired("The note is empty. Write something first"),
            AtMost(5000, "Shorten the note to at most 5,000 characters"),
        ],
        description="Only colleagues see it. For example: what was said, and what to do next.",
        widget=TextArea(),
        render_kw={"rows": 3},
    )
