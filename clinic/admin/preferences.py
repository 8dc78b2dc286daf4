"""Settings: the facts about the clinic that pages and mails show."""

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_login import current_user
from wtforms import Form, IntegerField
from wtforms.validators import URL, DataRequired, Length, NumberRange, Optional, Regexp, ValidationError

from clinic.accounts.access import Permission
from clinic.admin.base import Answer, Guarded
from clinic.admin.fields import LongField
from clinic.core.hours import read_hours
from clinic.core.preferences import change_preferences, preferences
from clinic.web.forms import LineField, is_email


class PreferenceForm(Form):
    """All preferences."""

    name = LineField("Clinic name", [DataRequired("Enter the name"), Length(max=80)])
    tagline = LineField("In one sentence", [DataRequired("Enter a sentence"), Length(max=160)])
    address = LineField("Address", [DataRequired("Enter the address"), Length(max=240)])
    phone = LineField("Phone", [DataRequired("Enter the phone number"), Length(max=40)])
    email = LineField("Email", [DataRequired("Enter the email address"), is_email])
    whatsapp = LineField("WhatsApp number", [Length(max=40)], description="Left empty, no link is shown.")
    hours = LongField(
        "Opening hours",
        [DataRequired("Enter the hours"), Length(max=600)],
        description="A line for each part of the week, like “Mon-Fri 8:00-20:00” or “Sun closed”.",
        render_kw={"rows": 4},
    )
    special_days = LongField(
        "Days that differ",
        [Length(max=2000)],
        description="A line for each, like “2026-12-25 closed Christmas Day” or “2026-12-24 9:00-13:00 Christmas Eve”.",
        render_kw={"rows": 4},
    )
    country = LineField(
        "Country", [DataRequired("Enter the country code"), Regexp("[A-Z]{2}", message="Two capitals, like SG")]
    )
    map_url = LineField("Link to a map", [Optional(), URL(message="Enter an address that begins with https://")])
    socials = LongField("Pages elsewhere", [Length(max=1000)], description="One address a line.", render_kw={"rows": 3})
    desk_email = LineField("New leads are mailed to", [DataRequired("Enter an email address"), is_email])
    moderator_email = LineField("Waiting comments are mailed to", [DataRequired("Enter an email address"), is_email])
    voucher_days = IntegerField("A voucher is valid for (days)", [DataRequired("Enter a number"), NumberRange(1, 730)])

    def validate_hours(self, field: LongField) -> None:
        """Lines that can be read."""
        _check_hours(field.data or "", "")

    def validate_special_days(self, field: LongField) -> None:
        """Lines that can be read."""
        _check_hours("", field.data or "")


def _check_hours(week: str, special_days: str) -> None:
    try:
        read_hours(week, special_days)
    except ValueError as error:
        raise ValidationError(str(error)) from None


class PreferenceScreen(Guarded):
    """One form."""

    permission = Permission.PREFERENCE_CHANGE
    singular = "settings"

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Answer:
        """Show and keep."""
        form = PreferenceForm(request.form if request.method == "POST" else None, obj=preferences())
        if request.method == "POST" and form.validate():
            change_preferences(form.data, by=current_user)
            flash("Saved. Pages and mails show it from now on.", "success")
            return redirect(url_for(".index"), 303)  # type: ignore[return-value]
        page = self.render("admin/preferences.html", form=form)
        return page if request.method == "GET" else (page, 422)
