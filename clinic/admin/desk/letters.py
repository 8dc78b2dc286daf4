"""Letters: templates of emails that the desk sends often."""

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
    """Form of a letter."""

    name = LineField(
        "Name",
        [DataRequired("Enter a name"), Length(max=80)],
        description="The name in the list for staff, like “After the trial”. The person does not see it.",
    )
    subject = LineField(
        "Subject", [DataRequired("Enter a subject"), Length(max=200)], description="The subject of the email."
    )
    body = LongField(
        "Text",
        [DataRequired("Write the text"), Length(max=10_000)],
        description="{name} is replaced by the person’s name and {clinic} by the clinic’s."
        " You can edit the text before you send it.",
        render_kw={"rows": 12},
    )


class LetterScreen(OrderedView):
    """All letters, in the order of the choice on a lead’s page."""

    permission = Permission.LEAD_WORK
    heading, singular = "Letters", "letter"
    intro = "Templates for emails that you send often. Choose one on a lead’s page, edit it and send it."
    empty_text = (
        "No letters yet. Add emails that you send often, such as “After the trial” or “We could not reach you”."
    )
    form = LetterForm
    can_create = can_edit = can_delete = True
    column_list = ["name", "subject"]
    column_formatters = {"name": link_cell(".edit_view", lambda row: row.name)}

    def create(self, form: LetterForm) -> Letter:
        """Add a letter at the end of the list."""
        return self._save(Letter(), form)

    def update(self, form: LetterForm, model: Letter) -> None:
        """Change a letter."""
        self._save(model, form)

    def delete(self, model: Letter) -> None:
        """Delete a letter. Emails already sent stay in the histories of leads."""
        delete_letter(model, by=current_user)

    def _save(self, letter: Letter, form: LetterForm) -> Letter:
        try:
            return save_letter(
                letter, name=form.name.data, subject=form.subject.data, body=form.body.data, by=current_user
            )
        except LetterTaken:
            raise Refused("Another letter has this name. Choose a different name.", "name") from None
