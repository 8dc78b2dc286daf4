"""Therapists: with whom times are set, and the secret address of each one's calendar."""

from flask import flash, redirect, url_for
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
from clinic.web.forms import LineField


class TherapistForm(Form):
    """Somebody who gives sessions."""

    name = LineField(
        "Name",
        [DataRequired("Enter a name"), Length(max=120)],
        description="As people who come know them. It stands in their mails.",
    )
    is_active = BooleanField(
        "New times are set with them", default=True, description="Visits that are set already stay as they are."
    )


class TherapistScreen(OrderedView):
    """Everybody with whom a time can be set."""

    permission = Permission.LEAD_WORK
    heading, singular = "Therapists", "therapist"
    intro = "With whom times are set, in the order of the calendar."
    empty_text = "Nobody here yet. Add who gives sessions: then you can set times."
    form = TherapistForm
    edit_template = "admin/desk/therapist_form.html"
    can_create = can_edit = can_delete = True
    column_list = ["name", "is_active", "feed_digest"]
    column_labels = {"is_active": "New times", "feed_digest": "Calendar feed"}
    column_formatters = {
        "name": link_cell(".edit_view", lambda row: row.name),
        "is_active": yes_cell,
        "feed_digest": lambda _view, _context, row, _name: "on" if row.feed_digest else "off",
    }

    def create(self, form: TherapistForm) -> Therapist:
        """At the end of the list."""
        try:
            return add_therapist(form.name.data, by=current_user)
        except TherapistTaken:
            raise Refused("Another therapist has this name. Add an initial.", "name") from None

    def update(self, form: TherapistForm, model: Therapist) -> None:
        """Name, and whether new times are set."""
        try:
            change_therapist(model, form.name.data, form.is_active.data, by=current_user)
        except TherapistTaken:
            raise Refused("Another therapist has this name. Add an initial.", "name") from None

    def delete(self, model: Therapist) -> None:
        """Only one who never had a visit."""
        try:
            delete_therapist(model, by=current_user)
        except TherapistBooked as error:
            raise Refused(
                f"{model.name} has {count_of(error.number, 'visit')}, so the name stays."
                " Take the tick from “New times are set with them” instead."
            ) from None

    needs_identity = frozenset({"feed"})  # who has the address reads names without signing in

    @expose("/feed/", methods=("POST",))
    def feed(self) -> Answer:
        """A new secret address; it is shown once."""
        therapist = self.row_or_404()
        secret = make_feed(therapist, by=current_user)
        return self.render(
            "admin/desk/therapist_feed.html", model=therapist, address=f"{settings().site_url}/calendar/{secret}.ics"
        )

    @expose("/unfeed/", methods=("POST",))
    def unfeed(self) -> Answer:
        """The secret address is dead."""
        therapist = self.row_or_404()
        revoke_feed(therapist, by=current_user)
        flash("The calendar feed is off: its address answers nobody any more.", "success")
        return redirect(url_for(".edit_view", id=therapist.id), 303)  # type: ignore[return-value]
