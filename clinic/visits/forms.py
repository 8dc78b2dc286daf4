"""Forms about the times at which a person can come."""

from typing import Any

from wtforms import Form, SelectMultipleField
from wtforms.validators import DataRequired, ValidationError

from clinic.core.places import mobile_example
from clinic.core.text import canonical_mobile
from clinic.preferences import preferences
from clinic.visits.wishes import parts_offered
from clinic.web.forms import AtMost, LineField, TextField, is_email


class WishForm(Form):
    """Parts of the week, and a note."""

    times = SelectMultipleField("Times")
    note = TextField("Anything else about the time?", [AtMost(500, "Write at most 500 characters")])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.times.choices = parts_offered(preferences().opening)


class OwnWishForm(WishForm):
    """The wish form on a page without a link, so the person identifies themselves."""

    email = LineField("Your Email", [DataRequired("Enter the email address that you used to book"), is_email])
    mobile = LineField("Your Mobile", [DataRequired("Enter the mobile number that you booked with")])

    def validate_mobile(self, field: LineField) -> None:
        """Require a phone number, in any spelling."""
        region = preferences().phone_region
        try:
            self.mobile_e164 = canonical_mobile(field.data or "", region)
        except ValueError:
            like = mobile_example(region)
            raise ValidationError(f"Enter the mobile number that you booked with, like {like}") from None
