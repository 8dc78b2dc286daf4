"""Services that visitors can book a trial of."""

from flask_login import current_user
from wtforms import BooleanField, Form, IntegerField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from clinic.accounts.access import Permission
from clinic.admin.kit.cells import address_cell, link_cell, yes_cell
from clinic.admin.kit.counts import count_of
from clinic.admin.kit.fields import CodeField, LongField, SlugField
from clinic.admin.kit.ordered import OrderedView
from clinic.admin.kit.screen import Refused
from clinic.bookings.errors import ServiceBooked, ServiceTaken
from clinic.bookings.models import Service
from clinic.bookings.services import Offer, add_service, change_service, delete_service
from clinic.web.forms import LineField


class ServiceForm(Form):
    """Form of a service."""

    name = LineField(
        "Name",
        [DataRequired("Enter a name"), Length(max=80)],
        description="Visitors see this name in the trial form. For example: “Pilates 1-to-1”.",
    )
    summary = LongField(
        "Summary",
        [DataRequired("Write one sentence"), Length(max=240)],
        description="One sentence that says what the service is and for whom."
        " It appears on the home page and in search results.",
        render_kw={"rows": 3},
    )
    minutes = IntegerField(
        "Minutes",
        [InputRequired("Enter a number of minutes"), NumberRange(5, 600, "Enter 5 to 600 minutes")],
        description="The length of one session.",
        render_kw={"min": 5, "max": 600},
    )
    body = CodeField(
        "Text",
        description="The text of its own page: what happens, how it helps and what it costs."
        " Write HTML: paragraphs, headings (h2, h3), lists, links.",
        render_kw={"rows": 18, "spellcheck": "true", "class": "code", "data-editor": ""},
    )
    is_active = BooleanField("Visitors can book it", default=True)
    slug = SlugField(
        description="The last part of its address. If you leave it empty, it is made from the name."
        " If you change it later, the old address redirects to the new one."
    )

    @property
    def said(self) -> Offer:
        """Return the form's values as the operation's input."""
        return Offer(
            name=self.name.data,
            summary=self.summary.data,
            minutes=self.minutes.data,
            body=self.body.data or "",
            slug=self.slug.data or "",
            is_active=self.is_active.data,
        )


class ServiceScreen(OrderedView):
    """All services, including those that are switched off."""

    permission = Permission.PREFERENCE_CHANGE
    heading, singular = "Services", "service"
    intro = "Services that visitors can book a trial of, in the order of the trial form and the home page."
    empty_text = "No services yet. Add one so that visitors can book."
    form = ServiceForm
    can_create = can_edit = can_delete = True
    column_list = ["name", "minutes", "is_active", "address"]
    column_labels = {"is_active": "Can be booked"}
    column_formatters = {
        "name": link_cell(".edit_view", lambda row: row.name),
        "is_active": yes_cell,
        "address": address_cell,
    }

    def create(self, form: ServiceForm) -> Service:
        """Add a service at the end of the list."""
        try:
            return add_service(form.said, by=current_user)
        except ServiceTaken as error:
            raise _taken(error) from None

    def update(self, form: ServiceForm, model: Service) -> None:
        """Change it; its old address redirects to the new one."""
        try:
            change_service(model, form.said, by=current_user)
        except ServiceTaken as error:
            raise _taken(error) from None

    def delete(self, model: Service) -> None:
        """Delete a service that has no bookings. Raises Refused."""
        try:
            delete_service(model, by=current_user)
        except ServiceBooked as error:
            raise Refused(
                f"{count_of(error.number, 'booking')} {'is' if error.number == 1 else 'are'} of this service, so it"
                " stays. Switch it off instead: untick “Visitors can book it”."
            ) from None


def _taken(error: ServiceTaken) -> Refused:
    return Refused(f"Another service has this {error.field}. Choose a different one.", error.field)
