"""Base class and fields of the forms that visitors send."""

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
    """A text field whose direction follows the first letters typed."""

    def __call__(self, **kwargs: Any) -> Any:
        """Render the input with dir="auto"."""
        return super().__call__(**{"dir": "auto"} | kwargs)


class LineField(DirectedField):
    """One line of text, without harmful characters and outer spaces. The input keeps what was typed."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Store the first value, cleaned."""
        if valuelist:
            self.data = clean_line(valuelist[0])


class TextField(DirectedField):
    """Several lines of text, without harmful characters."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Store the first value, cleaned."""
        if valuelist:
            self.data = clean_text(valuelist[0])


class AtMost:
    """WTForms validator of a maximum length. It stops the validation of its field, so that only one message is
    shown."""

    def __init__(self, most: int, message: str) -> None:
        self.most, self.message = most, message
        self.field_flags = {"maxlength": most}

    def __call__(self, form: Any, field: StringField) -> None:
        """Raises StopValidation if the text is too long."""
        if len(field.data or "") > self.most:
            raise StopValidation(self.message)


def is_email(form: Any, field: StringField) -> None:
    """WTForms validator: the field holds an email address."""
    try:
        email_address(field.data or "")
    except ValueError:
        raise ValidationError("Enter an email address like name@example.com") from None


def is_name(form: Any, field: StringField) -> None:
    """WTForms validator of a name. Our emails repeat the name, so a link in it would turn them into advertisements."""
    if re.search(r"://|www\.|[<>]|\S\.\S+/", field.data or ""):
        raise ValidationError("Enter a name without links or angle brackets")


class PublicForm(FlaskForm):
    """A form that anyone may send, without a cookie. A trap field and a signed time stamp detect robots."""

    class Meta(FlaskForm.Meta):
        csrf = True
        csrf_class = SameOrigin

        def wrap_formdata(self, form: FlaskForm, formdata: Any) -> Any:
            """Return the form data of a POST. A JSON body counts as an empty form; with formdata=None the form stays
            empty."""
            return request.form if formdata is not None and request.method == "POST" else None

    website = StringField("Website")
    stamp = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.problems: list[str] = []
        if not self.stamp.data:
            self.renew_stamp()

    def renew_stamp(self) -> None:
        """Restart the time stamp of this form."""
        self.stamp.data = stamper().stamp()

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate the fields, then check for robots. Each problem found is a sentence that says what to do."""
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
        # The stamp counts whole seconds: a form may seem up to a second older than it is, never younger.
        if age < timedelta(seconds=settings().form_min_seconds):
            return "You sent the form very quickly. Please check your answers and press the button again."
        if age > OLDEST_FORM:
            self.renew_stamp()
            return "This page was open for more than two days. Please check your answers and press the button again."
        return None


def stamper() -> Stamper:
    """Return the signer of form time stamps."""
    signer: Stamper = current_app.extensions["clinic.stamper"]
    return signer
