"""Media: upload pictures, say what they show and who made them."""

from typing import Any

from flask_login import current_user
from markupsafe import Markup
from wtforms import FileField, Form
from wtforms.validators import DataRequired, Length

from clinic.accounts.access import Permission
from clinic.admin.base import Refused, StaffView
from clinic.admin.cells import link_cell, time_cell
from clinic.media.errors import ImageInUse, NotAPicture
from clinic.media.models import Image
from clinic.media.operations import add_image, delete_image, describe_image
from clinic.web.forms import LineField


class DescribeForm(Form):
    """What is said about a picture."""

    alt = LineField(
        "Alt text",
        [DataRequired("Say what is seen, for people who cannot see it"), Length(max=240)],
        description="What is seen, in one sentence. Screen readers read it out.",
    )
    credit = LineField(
        "Credit",
        [DataRequired("Say who made the picture"), Length(max=160)],
        description="Who made it, like “Photo: Mei Tan”.",
    )


class UploadForm(DescribeForm):
    """A new picture."""

    file = FileField(
        "Picture", [DataRequired("Choose a picture: JPEG, PNG or WebP")], render_kw={"accept": ".jpg,.jpeg,.png,.webp"}
    )


def _thumbnail_cell(_view: Any, _context: Any, row: Image, _name: str) -> Markup:
    return Markup('<img class="thumbnail" src="{}" alt="" width="120" height="{}" loading="lazy">').format(
        row.url(row.widths[0], "webp"), round(120 * row.height / row.width)
    )


class ImageScreen(StaffView):
    """All pictures, newest first."""

    permission = Permission.IMAGE_EDIT
    heading, singular = "Media", "picture"
    intro = "Pictures for articles and pages. Location and camera data are removed from every upload."
    empty_text = "No picture here yet. “New picture” uploads one."
    form = DescribeForm
    can_create = can_edit = can_delete = True
    column_list = ["key", "id", "alt", "credit", "filename", "uploaded_at"]
    column_labels = {"key": "Picture", "id": "Number", "alt": "Alt text", "filename": "File", "uploaded_at": "Uploaded"}
    column_sortable_list = ["uploaded_at"]
    column_default_sort = ("uploaded_at", True)
    column_searchable_list = ["alt", "credit", "filename"]
    column_formatters = {
        "key": _thumbnail_cell,
        "alt": link_cell(".edit_view", lambda row: row.alt or "Describe it"),
        "uploaded_at": time_cell,
    }

    def get_create_form(self) -> type[Form]:
        """With the file."""
        return UploadForm

    def create(self, form: UploadForm) -> Image:
        """Upload."""
        upload = form.file.data
        try:
            return add_image(
                upload.read(), filename=upload.filename, alt=form.alt.data, credit=form.credit.data, by=current_user
            )
        except NotAPicture as error:
            raise Refused(str(error), "file") from None

    def update(self, form: DescribeForm, model: Image) -> None:
        """Describe."""
        describe_image(model, alt=form.alt.data, credit=form.credit.data, by=current_user)

    def delete(self, model: Image) -> None:
        """Remove the picture and its files."""
        try:
            delete_image(model, by=current_user)
        except ImageInUse:
            raise Refused("An article shows this picture, so it stays. Take it out of the article first.") from None
