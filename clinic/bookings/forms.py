"""The trial form."""

from collections.abc import Iterable
from typing import Any

from wtforms import BooleanField, RadioField
from wtforms.validators import DataRequired, Length, ValidationError

from clinic.bookings.models import Service
from clinic.bookings.queries import ServiceChoice, service_choices
from clinic.core.places import foreign_example, mobile_example
from clinic.core.text import canonical_mobile
from clinic.web.forms import AtMost, LineField, PublicForm, is_email, is_name
from clinic.web.pages.memory import cached_for_version, cached_preferences


class TrialForm(PublicForm):
    """The form "Get Started": name, email, mobile, session, consent. `source` is sealed (sources.py)."""

    name = LineField(
        "Your Name",
        [DataRequired("Enter your name"), AtMost(120, "Enter a name of at most 120 characters"), is_name],
    )
    email = LineField(
        "Your Email",
        [
            DataRequired("Enter your email address so that we can confirm your trial"),
            AtMost(254, "Enter an email address of at most 254 characters"),
            is_email,
        ],
    )
    mobile = LineField(
        "Your Mobile",
        [
            DataRequired("Enter a mobile number that we can reach you on"),
            AtMost(40, "Enter a mobile number of at most 40 characters"),
        ],
    )
    service = RadioField(
        "Please select the session you want to attend",
        [DataRequired("Select the session you want to attend")],
        validate_choice=False,
    )
    consent = BooleanField(
        "I agree that the clinic keeps these details to arrange my trial, as the privacy notice says",
        [DataRequired("Tick the box if you agree. We cannot book a trial without keeping your details.")],
    )
    source = LineField("Source", [Length(max=400)])

    def __init__(self, services: Iterable[ServiceChoice | Service] | None = None, **kwargs: Any) -> None:
        offered = cached_for_version("service choices", service_choices) if services is None else services
        self.services = {service.slug: service for service in offered}
        super().__init__(**kwargs)
        self.service.choices = [(slug, service.name) for slug, service in self.services.items()]

    def validate_mobile(self, field: LineField) -> None:
        """Require a number that can be called, dialled from the clinic's country or with a country code."""
        region = cached_preferences().phone_region
        try:
            self.mobile_e164 = canonical_mobile(field.data or "", region)
        except ValueError:
            like = f"{mobile_example(region)} or {foreign_example(region)}"
            raise ValidationError(f"Enter a mobile number that we can reach you on, like {like}") from None

    def validate_service(self, field: RadioField) -> None:
        """Require one of the services on offer."""
        if field.data not in self.services:
            raise ValidationError("Select one of the sessions on this page")
