"""The comment form."""

import re

from wtforms.validators import DataRequired, ValidationError
from wtforms.widgets import TextArea

from clinic.web.forms import AtMost, LineField, PublicForm, TextField, is_email, is_name

MOST_LINKS = 2
LINK = re.compile(r"https?://|www\.|\[url|<a\s", re.IGNORECASE)


class BodyField(TextField):
    """Several lines of text in a text area."""

    widget = TextArea()


class CommentForm(PublicForm):
    """The form "Write a comment"."""

    body = BodyField(
        "Your comment",
        [
            DataRequired("Write your comment"),
            AtMost(5000, "Shorten your comment to at most 5,000 characters"),
        ],
    )
    name = LineField(
        "Your name",
        [DataRequired("Enter your name"), AtMost(120, "Enter a name of at most 120 characters"), is_name],
    )
    email = LineField(
        "Your email",
        [
            DataRequired("Enter your email address. It will not be published."),
            AtMost(254, "Enter an email address of at most 254 characters"),
            is_email,
        ],
    )

    def validate_body(self, field: BodyField) -> None:
        """Refuse comments with many links, which are usually spam."""
        if len(LINK.findall(field.data or "")) > MOST_LINKS:
            raise ValidationError(f"Leave at most {MOST_LINKS} links in your comment. More than that looks like spam.")
