"""Services: what visitors can book a trial of."""

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
    """A service."""

    name = LineField(
        "Name",
        [DataRequired("Enter a name"), Length(max=80)],
        description="As visitors choose it in the trial form, like “Pilates 1-to-1”.",
    )
    summary = LongField(
        "Summary",
        [DataRequired("Write one sentence"), Length(max=240)],
        description="One sentence for the card on the home page and for search results: what it is, and for whom.",
        render_kw={"rows": 3},
    )
    minutes = IntegerField(
        "Minutes",
        [InputRequired("Enter a number of minutes"), NumberRange(5, 600, "Enter 5 to 600 minutes")],
        description="How long one session takes.",
        render_kw={"min": 5, "max": 600},
    )
    body = CodeField(
        "Text",
        description="What stands on its own page: what happens, what it is good for, what it costs."
        " HTML: paragraphs, headings (h2, h3), lists, links.",
        render_kw={"rows": 18, "spellcheck": "true", "class": "code", "data-editor": ""},
    )
    is_active = BooleanField("Visitors can book it", default=True)
    slug = SlugField(
        description="The last part of its address. Left empty, it is made from the name."
        " If you change it later, the old address leads to the new one."
    )

    @property
    def said(self) -> Offer:
        """The operation's input."""
        return Offer(
            name=self.name.data,
            summary=self.summary.data,
            minutes=self.minutes.data,
            body=self.body.data or "",
            slug=self.slug.data or "",
            is_active=self.is_active.data,
        )


class ServiceScreen(OrderedView):
    """All services, those switched off too."""

    permission = Permission.PREFERENCE_CHANGE
    heading, singular = "Services", "service"
    intro = "What visitors can book a trial of, in the order of the trial form and the home page."
    empty_text = "No service here yet. Without one nobody can book: add what you offer."
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
        """At the end of the list."""
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
        """Only one that nobody has asked for."""
        try:
            delete_service(model, by=current_user)
        except ServiceBooked as error:
            raise Refused(
                f"{count_of(error.number, 'booking')} {'is' if error.number == 1 else 'are'} of this service, so it"
                " stays. Switch it off instead: untick “Visitors can book it”."
            ) from None


def _taken(error: ServiceTaken) -> Refused:
    return Refused(f"Another service has this {error.field}. Choose another one.", error.field)
