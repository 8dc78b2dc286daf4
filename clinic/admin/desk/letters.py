"""Letters: mails that the desk sends again and again."""

from flask_login import current_user
from wtforms import Form
from wtforms.validators import DataRequired, Length

from clinic.accounts.access import Permission
from clinic.admin.kit.cells import link_cell
from clinic.admin.kit.fields import LongField
from clinic.admin.kit.ordered import OrderedView
from clinic.admin.kit.screen import Refused
from clinic.leads.errors import LetterTaken
from clinic.leads.models import Letter
from clinic.leads.operations import delete_letter, save_letter
from clinic.web.forms import LineField


class LetterForm(Form):
    """A letter."""

    name = LineField(
        "Name",
        [DataRequired("Enter a name"), Length(max=80)],
        description="How the desk finds it, like “After the trial”. The person does not see it.",
    )
    subject = LineField("Subject", [DataRequired("Enter a subject"), Length(max=200)], description="Of the mail.")
    body = LongField(
        "Text",
        [DataRequired("Write the text"), Length(max=10_000)],
        description="{name} becomes the person’s name, {clinic} the clinic’s. It can be changed before it is sent.",
        render_kw={"rows": 12},
    )


class LetterScreen(OrderedView):
    """All letters, in the order of the choice on a lead’s page."""

    permission = Permission.LEAD_WORK
    heading, singular = "Letters", "letter"
    intro = "Mails that you send again and again. On a lead’s page you choose one, change what you like, and send it."
    empty_text = "No letter here yet. Write down what you send often: “After the trial”, “We could not reach you”."
    form = LetterForm
    can_create = can_edit = can_delete = True
    column_list = ["name", "subject"]
    column_formatters = {"name": link_cell(".edit_view", lambda row: row.name)}

    def create(self, form: LetterForm) -> Letter:
        """At the end of the list."""
        return self._save(Letter(), form)

    def update(self, form: LetterForm, model: Letter) -> None:
        """Another text."""
        self._save(model, form)

    def delete(self, model: Letter) -> None:
        """What was sent stays in the histories."""
        delete_letter(model, by=current_user)

    def _save(self, letter: Letter, form: LetterForm) -> Letter:
        try:
            return save_letter(
                letter, name=form.name.data, subject=form.subject.data, body=form.body.data, by=current_user
            )
        except LetterTaken:
            raise Refused("Another letter has this name. Choose another one.", "name") from None
