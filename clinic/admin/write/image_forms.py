"""Forms that describe, upload and replace pictures."""

from typing import Any

from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, FileField, Form, IntegerField, MultipleFileField
from wtforms.validators import URL, DataRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import RangeInput

from clinic.admin.kit.fields import AddressField
from clinic.media.operations import Description
from clinic.web.forms import LineField

PICTURE_FILES = {"accept": ".jpg,.jpeg,.png,.webp,.heic,.heif,.avif"}


def _files(sent: list[Any] | None) -> list[FileStorage]:
    """Return the uploaded files. An empty file input sends a file without a name."""
    return [file for file in sent or [] if isinstance(file, FileStorage) and file]


def _file(sent: Any) -> FileStorage | None:
    return next(iter(_files([sent])), None)


def _percent(label: str, description: str) -> IntegerField:
    return IntegerField(
        label,
        [NumberRange(0, 100)],
        default=50,
        widget=RangeInput(step=10),
        description=description,
        render_kw={"min": 0, "max": 100},
        filters=[lambda value: None if value is None else round(value / 10) * 10],
    )


class DescribeForm(Form):
    """Alt text, credit and focal point of an image."""

    alt = LineField(
        "Alt text",
        [Length(max=240)],
        description="Describe the picture in one sentence. Screen readers read it out.",
    )
    is_decorative = BooleanField("Decorative: it adds nothing to the text")
    credit = LineField(
        "Credit",
        [DataRequired("Enter who made the picture"), Length(max=160)],
        description="The person who made it, like “Photo: Mei Tan”.",
    )
    source_url = AddressField(
        "Source",
        [Optional(), Length(max=400), URL(message="Enter an address that begins with https://")],
        description="The address of the original, if the picture is not your own. The credit links to it.",
    )
    licence = LineField(
        "Licence", [Length(max=80)], description="As stated by the person who made it, like “CC BY 4.0”."
    )
    focus_x = _percent(
        "Focal point from the left",
        "Cards crop pictures. This point always stays visible. 0 is the left edge, 100 the right edge.",
    )
    focus_y = _percent("Focal point from the top", "0 is the top edge, 100 the bottom edge.")

    def validate_alt(self, field: LineField) -> None:
        """Require an alt text or the decorative mark."""
        if not field.data and not self.is_decorative.data:
            raise ValidationError("Describe the picture for people who cannot see it, or tick “Decorative”")

    @property
    def said(self) -> Description:
        """Return the operation's input. A script may leave out fields."""
        said: dict[str, Any] = {name: self[name].data for name in Description.__dataclass_fields__}
        return Description(
            **{name: value for name, value in said.items() if value is not None} | {"alt": said["alt"] or ""}
        )


class UploadForm(DescribeForm):
    """Form for one new image."""

    file = FileField(
        "Picture",
        [DataRequired("Choose a picture: JPEG, PNG or WebP")],
        filters=[_file],
        render_kw=PICTURE_FILES,
    )


class UploadManyForm(Form):
    """Form for several new images with the same credit. The next page asks for the alt texts."""

    files = MultipleFileField(
        "Pictures",
        [DataRequired("Choose pictures: JPEG, PNG or WebP")],
        filters=[_files],
        description="JPEG, PNG, WebP, HEIC or AVIF, up to 20 MB each.",
        render_kw=PICTURE_FILES,
    )
    credit = LineField(
        "Credit",
        [DataRequired("Enter who made the pictures"), Length(max=160)],
        description="The person who made them, like “Photo: Mei Tan”.",
    )


class AltForm(Form):
    """Alt text of one of several new images."""

    alt = DescribeForm.alt
    is_decorative = DescribeForm.is_decorative
    validate_alt = DescribeForm.validate_alt


class ReplaceForm(Form):
    """Form with a new file for an image."""

    file = FileField(
        "New file",
        [DataRequired("Choose a picture: JPEG, PNG or WebP")],
        filters=[_file],
        render_kw=PICTURE_FILES,
    )
