"""Therapists, whose visits the desk sets, and the secret address of each one's calendar feed."""

from flask import flash, url_for
from flask_admin import expose
from flask_login import current_user
from wtforms import BooleanField, Form
from wtforms.validators import DataRequired, Length

from clinic.accounts.access import Permission
from clinic.admin.kit.cells import link_cell, yes_cell
from clinic.admin.kit.counts import count_of
from clinic.admin.kit.guarded import Answer
from clinic.admin.kit.ordered import OrderedView
from clinic.admin.kit.screen import Refused
from clinic.core.settings import settings
from clinic.visits.errors import TherapistBooked, TherapistTaken
from clinic.visits.models import Therapist
from clinic.visits.therapists import add_therapist, change_therapist, delete_therapist, make_feed, revoke_feed
from clinic.web.answers import see_other
from clinic.web.forms import LineField


class TherapistForm(Form):
    """Form of a therapist."""

    name = LineField(
        "Name",
        [DataRequired("Enter a name"), Length(max=120)],
        description="The name that customers know. It appears in emails about a visit.",
    )
    is_active = BooleanField("Takes new visits", default=True, description="Visits that are already set do not change.")


class TherapistScreen(OrderedView):
    """List of all therapists."""

    permission = Permission.LEAD_WORK
    heading, singular = "Therapists", "therapist"
    intro = "Therapists whose visits you set, in the order of the calendar."
    empty_text = "No therapists yet. Add one so that you can set times for visits."
    form = TherapistForm
    edit_template = "admin/desk/therapist_form.html"
    can_create = can_edit = can_delete = True
    column_list = ["name", "is_active", "feed_digest"]
    column_labels = {"is_active": "Takes new visits", "feed_digest": "Calendar feed"}
    column_formatters = {
        "name": link_cell(".edit_view", lambda row: row.name),
        "is_active": yes_cell,
        "feed_digest": lambda _view, _context, row, _name: "on" if row.feed_digest else "off",
    }

    def create(self, form: TherapistForm) -> Therapist:
        """Add a therapist at the end of the list."""
        try:
            return add_therapist(form.name.data, by=current_user)
        except TherapistTaken:
            raise Refused("Another therapist has this name. Add an initial.", "name") from None

    def update(self, form: TherapistForm, model: Therapist) -> None:
        """Change the name, or stop new visits."""
        try:
            change_therapist(model, form.name.data, form.is_active.data, by=current_user)
        except TherapistTaken:
            raise Refused("Another therapist has this name. Add an initial.", "name") from None

    def delete(self, model: Therapist) -> None:
        """Delete a therapist who never had a visit. Raises Refused."""
        try:
            delete_therapist(model, by=current_user)
        except TherapistBooked as error:
            raise Refused(
                f"{model.name} has {count_of(error.number, 'visit')}, so this therapist cannot be deleted."
                " Untick “Takes new visits” instead."
            ) from None

    needs_identity = frozenset({"feed"})  # anyone with the address can read names without signing in

    @expose("/feed/", methods=("POST",))
    def feed(self) -> Answer:
        """Create a new secret feed address, which is shown once."""
        therapist = self.row_or_404()
        secret = make_feed(therapist, by=current_user)
        return self.render(
            "admin/desk/therapist_feed.html", model=therapist, address=f"{settings().site_url}/calendar/{secret}.ics"
        )

    @expose("/unfeed/", methods=("POST",))
    def unfeed(self) -> Answer:
        """Switch off the feed. Its address stops working."""
        therapist = self.row_or_404()
        revoke_feed(therapist, by=current_user)
        flash("The calendar feed is switched off. Its address no longer works.", "success")
        return see_other(url_for(".edit_view", id=therapist.id))
