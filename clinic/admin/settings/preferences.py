"""Settings: the facts about the clinic that pages and mails show."""

from dataclasses import replace

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_login import current_user
from wtforms import BooleanField, Form, IntegerField, SelectField
from wtforms.validators import URL, DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from clinic.accounts.access import Permission
from clinic.accounts.operations import change_settings
from clinic.admin.kit.fields import AddressesField, AddressField, LongField
from clinic.admin.kit.guarded import Answer, Guarded
from clinic.core.hours import read_hours
from clinic.core.places import countries, phone_regions, time_zones
from clinic.editing.advertising import DEFAULT_CLAIMS, read_profile
from clinic.preferences import preferences
from clinic.web.forms import LineField, is_email


class PreferenceForm(Form):
    """All preferences, in groups that the page shows with a heading each."""

    name = LineField(
        "Clinic name", [DataRequired("Enter the name"), Length(max=80)], description="As it stands over the door."
    )
    tagline = LineField(
        "In one sentence",
        [DataRequired("Enter a sentence"), Length(max=160)],
        description="What the clinic does, for whom, where. It stands under the name and in search results.",
    )
    address = LineField(
        "Address",
        [DataRequired("Enter the address"), Length(max=240)],
        description="Street, unit, town and postcode, as on a letter.",
    )
    country = SelectField(
        "Country",
        choices=lambda: list(countries()),
        description="Where the clinic is. Search engines read it as part of the address.",
    )
    phone_region = SelectField(
        "Mobiles without a country code are from",
        choices=lambda: [("", "The same country"), *phone_regions()],
        description="How a number is read that people type as they dial it at home. Numbers that you have stay.",
    )
    time_zone = SelectField(
        "Time zone",
        choices=time_zones,
        description="The clock of the clinic: visits, hours, reminders, mails and calendars follow it."
        " Visits that are set keep their moment, so their hour on this clock changes.",
    )
    phone = LineField(
        "Phone",
        [DataRequired("Enter the phone number"), Length(max=40)],
        description="With the country code, like +65 6123 4567, so that it can be dialled from anywhere.",
    )
    whatsapp = LineField("WhatsApp number", [Length(max=40)], description="Left empty, no link is shown.")
    email = LineField(
        "Email",
        [DataRequired("Enter the email address"), is_email],
        description="Everybody can read it, on each page of the site.",
    )
    map_url = AddressField(
        "Link to a map",
        [Optional(), URL(message="Enter an address that begins with https://")],
        description="The address of your place in a map, copied from the browser. Left empty, no link is shown.",
    )
    socials = AddressesField(
        "Pages elsewhere",
        [Length(max=1000)],
        description="Your pages on other sites, one address a line. They stand at the foot of each page.",
        render_kw={"rows": 3},
    )
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
    desk_email = LineField(
        "New leads are mailed to",
        [DataRequired("Enter an email address"), is_email],
        description="Somebody reads it every day: people who ask for a trial wait for an answer.",
    )
    moderator_email = LineField(
        "Waiting comments are mailed to",
        [DataRequired("Enter an email address"), is_email],
        description="Who decides about comments. Nobody sees one before.",
    )
    review_email = LineField(
        "Articles to review are mailed to",
        [DataRequired("Enter an email address"), is_email],
        description="Who sees to it that an expert reads an article again when it is due.",
    )
    voucher_days = IntegerField(
        "A voucher is valid for (days)",
        [DataRequired("Enter a number"), NumberRange(1, 730)],
        description="Counted from the day it is sent. Vouchers that are out already keep their day.",
    )
    cutoff_hours = IntegerField(
        "People change their visit themselves until (hours before)",
        [InputRequired("Enter a number"), NumberRange(0, 336)],
        description="Until then they cancel or ask for another time by the links in their mail; after that they call.",
    )
    most_changes = IntegerField(
        "Changes they make themselves (at most)",
        [InputRequired("Enter a number"), NumberRange(0, 20)],
        description="Cancelling and asking for another time count. After that they call.",
    )
    reminder_hours = IntegerField(
        "A reminder goes out (hours before)",
        [InputRequired("Enter a number"), NumberRange(1, 336)],
        description="One for each booking, by mail.",
    )
    late_cancel_spends = BooleanField(
        "A late cancel spends the trial", description="Without the tick they keep their voucher and get another time."
    )
    no_show_spends = BooleanField(
        "A no-show spends the trial", description="Without the tick they keep their voucher and get another time."
    )
    feed_names = BooleanField(
        "Whole names in calendar feeds",
        description="Without the tick a therapist’s own calendar shows initials only: it may lie on other servers.",
    )
    how_to_get_here = LongField(
        "How to get to you",
        [Length(max=500)],
        description="In the mails about a visit: station, entrance, lift.",
        render_kw={"rows": 3},
    )
    what_to_wear = LongField(
        "What to wear", [Length(max=300)], description="In the mails about a visit.", render_kw={"rows": 2}
    )
    review_months = IntegerField(
        "Articles are reviewed after (months)",
        [DataRequired("Enter a number"), NumberRange(1, 120)],
        description="Counted from the last review of an article.",
    )
    claims = LongField(
        "Words to avoid",
        [Length(max=6000)],
        description="Lines of words that advertising for health must avoid, with advice:"
        " “cure, cures | Say what may help”. Left empty, the lines that come with the site come back.",
        render_kw={"rows": 6},
    )

    groups = (
        (
            "Clinic",
            "Who you are and where you are found, on every page and in every mail.",
            (
                "name",
                "tagline",
                "address",
                "country",
                "phone_region",
                "time_zone",
                "phone",
                "whatsapp",
                "email",
                "map_url",
                "socials",
            ),
        ),
        ("Opening hours", "When people can come, as the pages show it.", ("hours", "special_days")),
        ("Mail", "Who is told when something needs an answer.", ("desk_email", "moderator_email", "review_email")),
        (
            "Rules of practice",
            "How the clinic works; the site keeps to it.",
            ("voucher_days", "review_months", "claims"),
        ),
        (
            "Visits",
            "What people may change themselves, and what their mails say.",
            (
                "cutoff_hours",
                "most_changes",
                "reminder_hours",
                "late_cancel_spends",
                "no_show_spends",
                "feed_names",
                "how_to_get_here",
                "what_to_wear",
            ),
        ),
    )

    def validate_claims(self, field: LongField) -> None:
        """Lines that can be read."""
        try:
            read_profile(field.data or "")
        except ValueError as error:
            raise ValidationError(str(error)) from None

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
    needs_identity = frozenset({"index"})
    singular = "settings"

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Answer:
        """Show and keep."""
        now = preferences()
        region = "" if now.phone_region == now.country else now.phone_region
        shown = replace(now, claims=now.claims or DEFAULT_CLAIMS, phone_region=region)
        form = PreferenceForm(request.form if request.method == "POST" else None, obj=shown)
        if request.method == "POST" and form.validate():
            own = {"claims": ""} if form.claims.data == DEFAULT_CLAIMS.strip() else {}
            own["phone_region"] = form.phone_region.data or form.country.data
            change_settings(form.data | own, by=current_user)
            flash("Saved. Pages and mails show it from now on.", "success")
            return redirect(url_for(".index"), 303)  # type: ignore[return-value]
        page = self.render("admin/settings/preferences.html", form=form)
        return page if request.method == "GET" else (page, 422)
