"""Settings: the details of the clinic that pages and emails show."""

from dataclasses import replace

from flask import flash, request, url_for
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
from clinic.web.answers import see_other
from clinic.web.forms import LineField, is_email


class PreferenceForm(Form):
    """All preferences, in groups with headings."""

    name = LineField(
        "Clinic name", [DataRequired("Enter the name"), Length(max=80)], description="The name that visitors see."
    )
    tagline = LineField(
        "Tagline",
        [DataRequired("Enter a sentence"), Length(max=160)],
        description="One sentence that says what the clinic does, for whom and where."
        " It appears under the name and in search results.",
    )
    address = LineField(
        "Address",
        [DataRequired("Enter the address"), Length(max=240)],
        description="Street, unit, town and postcode.",
    )
    country = SelectField(
        "Country",
        choices=lambda: list(countries()),
        description="The country of the clinic. Search engines read it as part of the address.",
    )
    phone_region = SelectField(
        "Country for mobiles without a country code",
        choices=lambda: [("", "The same country"), *phone_regions()],
        description="A number without a country code is read as a number of this country."
        " Stored numbers do not change.",
    )
    time_zone = SelectField(
        "Time zone",
        choices=time_zones,
        description="Used for visits, hours, reminders, emails and calendars."
        " If you change it, visits keep the same moment, so their local time changes.",
    )
    phone = LineField(
        "Phone",
        [DataRequired("Enter the phone number"), Length(max=40)],
        description="Include the country code, like +65 6123 4567.",
    )
    whatsapp = LineField("WhatsApp number", [Length(max=40)], description="Leave it empty to show no link.")
    email = LineField(
        "Email",
        [DataRequired("Enter the email address"), is_email],
        description="It appears on every page of the site.",
    )
    map_url = AddressField(
        "Link to a map",
        [Optional(), URL(message="Enter an address that begins with https://")],
        description="The address of your location on a map site, copied from the browser."
        " Leave it empty to show no link.",
    )
    socials = AddressesField(
        "Social media pages",
        [Length(max=1000)],
        description="Your pages on other sites, one address per line. The links appear in the footer of every page.",
        render_kw={"rows": 3},
    )
    hours = LongField(
        "Opening hours",
        [DataRequired("Enter the hours"), Length(max=600)],
        description="One line for each part of the week, like “Mon-Fri 8:00-20:00” or “Sun closed”.",
        render_kw={"rows": 4},
    )
    special_days = LongField(
        "Special days",
        [Length(max=2000)],
        description="One line for each day, like “2026-12-25 closed Christmas Day” or “2026-12-24 9:00-13:00"
        " Christmas Eve”.",
        render_kw={"rows": 4},
    )
    desk_email = LineField(
        "Email for new leads",
        [DataRequired("Enter an email address"), is_email],
        description="Use a mailbox that somebody reads every day."
        " People who ask for a trial are waiting for an answer.",
    )
    moderator_email = LineField(
        "Email for comments to moderate",
        [DataRequired("Enter an email address"), is_email],
        description="The person who moderates comments. Readers see a comment only after approval.",
    )
    review_email = LineField(
        "Email for articles to review",
        [DataRequired("Enter an email address"), is_email],
        description="The person who makes sure that an expert reviews each article when it is due.",
    )
    voucher_days = IntegerField(
        "Voucher validity (days)",
        [DataRequired("Enter a number"), NumberRange(1, 730)],
        description="Counted from the day of issue. Vouchers already issued keep their date.",
    )
    cutoff_hours = IntegerField(
        "Online changes allowed until (hours before the visit)",
        [InputRequired("Enter a number"), NumberRange(0, 336)],
        description="Until then, people can cancel or ask for another time with the links in their email."
        " After that, they must call.",
    )
    most_changes = IntegerField(
        "Most online changes per visit",
        [InputRequired("Enter a number"), NumberRange(0, 20)],
        description="Each cancellation and each request for another time counts. After that, people must call.",
    )
    reminder_hours = IntegerField(
        "Send a reminder (hours before the visit)",
        [InputRequired("Enter a number"), NumberRange(1, 336)],
        description="One email for each booking.",
    )
    late_cancel_spends = BooleanField(
        "A late cancel uses up the trial",
        description="If unticked, the person keeps the voucher and can get another time.",
    )
    no_show_spends = BooleanField(
        "A no-show uses up the trial", description="If unticked, the person keeps the voucher and can get another time."
    )
    feed_names = BooleanField(
        "Full names in calendar feeds",
        description="If unticked, a therapist’s calendar shows only initials, because the calendar may be stored"
        " on other servers.",
    )
    how_to_get_here = LongField(
        "How to get here",
        [Length(max=500)],
        description="Appears in emails about a visit: station, entrance, lift.",
        render_kw={"rows": 3},
    )
    what_to_wear = LongField(
        "What to wear", [Length(max=300)], description="Appears in emails about a visit.", render_kw={"rows": 2}
    )
    review_months = IntegerField(
        "Review articles every (months)",
        [DataRequired("Enter a number"), NumberRange(1, 120)],
        description="Counted from the last review of each article.",
    )
    claims = LongField(
        "Words to avoid",
        [Length(max=6000)],
        description="Words that health advertising must avoid, with advice, one rule per line:"
        " “cure, cures | Say what may help”. Leave it empty to restore the built-in rules.",
        render_kw={"rows": 6},
    )

    groups = (
        (
            "Clinic",
            "Your name and contact details, as shown on every page and in every email.",
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
        ("Opening hours", "Your opening hours, as shown on the site.", ("hours", "special_days")),
        (
            "Notifications",
            "The people who receive an email when something needs an answer.",
            ("desk_email", "moderator_email", "review_email"),
        ),
        (
            "Rules",
            "Rules that the site follows for vouchers and reviews.",
            ("voucher_days", "review_months", "claims"),
        ),
        (
            "Visits",
            "Online changes, missed visits, and the text in emails about visits.",
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
        """Check that every line can be parsed."""
        try:
            read_profile(field.data or "")
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def validate_hours(self, field: LongField) -> None:
        """Check that every line can be parsed."""
        _check_hours(field.data or "", "")

    def validate_special_days(self, field: LongField) -> None:
        """Check that every line can be parsed."""
        _check_hours("", field.data or "")


def _check_hours(week: str, special_days: str) -> None:
    try:
        read_hours(week, special_days)
    except ValueError as error:
        raise ValidationError(str(error)) from None


class PreferenceScreen(Guarded):
    """Single form with all preferences."""

    permission = Permission.PREFERENCE_CHANGE
    needs_identity = frozenset({"index"})
    singular = "settings"

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Answer:
        """Show and save the preferences."""
        now = preferences()
        region = "" if now.phone_region == now.country else now.phone_region
        shown = replace(now, claims=now.claims or DEFAULT_CLAIMS, phone_region=region)
        form = PreferenceForm(request.form if request.method == "POST" else None, obj=shown)
        if request.method == "POST" and form.validate():
            own = {"claims": ""} if form.claims.data == DEFAULT_CLAIMS.strip() else {}
            own["phone_region"] = form.phone_region.data or form.country.data
            change_settings(form.data | own, by=current_user)
            flash("Saved. Pages and emails now show the new settings.", "success")
            return see_other(url_for(".index"))
        page = self.render("admin/settings/preferences.html", form=form)
        return page if request.method == "GET" else (page, 422)
