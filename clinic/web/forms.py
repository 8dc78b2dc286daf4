"""The base of the forms that visitors send, and the fields they share."""

import re
from datetime import timedelta
from typing import Any

from flask import current_app, request
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import StopValidation, ValidationError

from clinic.core import clock
from clinic.core.settings import settings
from clinic.core.signing import Stamper
from clinic.core.text import clean_line, clean_text, email_address
from clinic.web.csrf import SameOrigin

OLDEST_FORM = timedelta(days=2)


class DirectedField(StringField):
    """Text whose first letters decide its direction in the box."""

    def __call__(self, **kwargs: Any) -> Any:
        """The box."""
        return super().__call__(**{"dir": "auto"} | kwargs)


class LineField(DirectedField):
    """One line of text, cleaned of harmful characters and outer spaces. What was typed stays in the box."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the first value, cleaned."""
        if valuelist:
            self.data = clean_line(valuelist[0])


class TextField(DirectedField):
    """Several lines of text, cleaned likewise."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the first value, cleaned."""
        if valuelist:
            self.data = clean_text(valuelist[0])


class AtMost:
    """A WTForms validator for length that ends the checks of its field: one thing wrong, one sentence."""

    def __init__(self, most: int, message: str) -> None:
        self.most, self.message = most, message
        self.field_flags = {"maxlength": most}

    def __call__(self, form: Any, field: StringField) -> None:
        """Raises StopValidation for a text that is too long."""
        if len(field.data or "") > self.most:
            raise StopValidation(self.message)


def is_email(form: Any, field: StringField) -> None:
    """A WTForms validator: an address that mail can be sent to."""
    try:
        email_address(field.data or "")
    except ValueError:
        raise ValidationError("Enter an email address like name@example.com") from None


def is_name(form: Any, field: StringField) -> None:
    """A WTForms validator: a name. Our mails repeat it, so a link in it would make us send advertisements."""
    if re.search(r"://|www\.|[<>]|\S\.\S+/", field.data or ""):
        raise ValidationError("Enter a name without links or angle brackets")


class PublicForm(FlaskForm):
    """A form that anyone may send, without a cookie. It tells robots by a trap field and a signed time stamp."""

    class Meta(FlaskForm.Meta):
        csrf = True
        csrf_class = SameOrigin

        def wrap_formdata(self, form: FlaskForm, formdata: Any) -> Any:
            """Only form data counts: a JSON body is an empty form. With formdata=None the form stays empty."""
            return request.form if formdata is not None and request.method == "POST" else None

    website = StringField("Website")
    stamp = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.problems: list[str] = []
        if not self.stamp.data:
            self.renew_stamp()

    def renew_stamp(self) -> None:
        """Start the clock of this form anew."""
        self.stamp.data = stamper().stamp()

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the fields, then the signs of a robot. Every problem is a sentence about what to do."""
        is_valid = super().validate(extra_validators)
        self.problems = [*self.csrf_token.errors, *self._robot_signs()]
        self.website.data = ""
        return is_valid and not self.problems

    def _robot_signs(self) -> list[str]:
        signs = []
        if self.website.data:
            signs.append(
                "Your browser filled in a hidden field that must stay empty. We have cleared it."
                " Please press the button again."
            )
        sign = self._stamp_sign(request.form.get("stamp"))
        return [*signs, sign] if sign else signs

    def _stamp_sign(self, stamp: str | None) -> str | None:
        if not stamp:
            return None
        try:
            age = clock.now() - stamper().shown_at(stamp)
        except ValueError:
            self.renew_stamp()
            return "We could not verify this form. Please check your answers and press the button again."
        # The stamp counts whole seconds, so a form can look up to a second older than it is, never younger.
        if age < timedelta(seconds=settings().form_min_seconds):
            return "You sent the form very quickly. Please check your answers and press the button again."
        if age > OLDEST_FORM:
            self.renew_stamp()
            return "This page was open for more than two days. Please check your answers and press the button again."
        return None


def stamper() -> Stamper:
    """The signer of form time stamps."""
    signer: Stamper = current_app.extensions["clinic.stamper"]
    return signer
