"""Team: authors and reviewers, and the people shown on the home page."""

from collections.abc import Iterable
from typing import Any

from flask_login import current_user
from markupsafe import Markup
from sqlalchemy.orm import joinedload
from wtforms import BooleanField, Form
from wtforms.validators import DataRequired, Length

from clinic.accounts.access import Permission
from clinic.admin.kit.cells import count_cell, link_cell, yes_cell
from clinic.admin.kit.counts import count_of
from clinic.admin.kit.fields import LongField, RowField, SlugField
from clinic.admin.kit.ordered import OrderedView
from clinic.admin.kit.screen import Refused
from clinic.admin.write.categories import taken
from clinic.articles.errors import SlugTaken, StillUsed
from clinic.articles.models import Author
from clinic.articles.queries import articles_by_author
from clinic.articles.taxonomy import Portrayal, add_author, change_author, delete_author
from clinic.media.queries import images_by_id, newest_images
from clinic.web.forms import LineField


class AuthorForm(Form):
    """Form of a team member."""

    name = LineField("Name", [DataRequired("Enter a name"), Length(max=120)], description="Readers see this name.")
    title = LineField(
        "Job title",
        [DataRequired("Enter a job title"), Length(max=120)],
        description="A few words, like “Physiotherapist and Pilates instructor”. It appears beside their articles.",
    )
    bio = LongField(
        "Biography",
        [DataRequired("Write two or three sentences"), Length(max=2000)],
        description="Training, experience and interests. Readers of health advice look for this.",
        render_kw={"rows": 6},
    )
    image_id = RowField(
        "Portrait",
        lambda: (),
        description="A picture from Media, cropped to a circle around its focal point. Optional.",
    )
    is_on_team = BooleanField("Show on the home page", default=True)
    slug = SlugField(
        description="The last part of the address of their page. If you leave it empty, it is made from the name."
        " If you change it later, the old address redirects to the new one."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The newest images, and always the chosen one.
        images = {image.id: image for image in newest_images()} | images_by_id([self.image_id.data or 0])
        self.image_id.choices = [("", "None"), *((one.id, f"{one.id}: {one}") for one in images.values())]

    @property
    def said(self) -> Portrayal:
        """Return the form's values as the operation's input."""
        return Portrayal(
            name=self.name.data,
            title=self.title.data,
            bio=self.bio.data,
            slug=self.slug.data or "",
            is_on_team=self.is_on_team.data,
            image_id=self.image_id.data,
        )


def _portrait_cell(_view: Any, _context: Any, row: Author, _name: str) -> Any:
    if row.image is None:
        return "–"
    return Markup('<img class="portrait-small" src="{}" alt="" width="48" height="48" loading="lazy">').format(
        row.image.url(480)
    )


class TeamScreen(OrderedView):
    """List of all authors and reviewers."""

    permission = Permission.ARTICLE_EDIT
    heading, singular = "Team", "person"
    intro = "Authors and reviewers of articles. Each has a page of their own. The home page shows them in this order."
    empty_text = "Nobody here yet. Add your authors: readers trust articles with a name and a face."
    form = AuthorForm
    can_create = can_edit = can_delete = True
    column_list = ["image", "name", "title", "articles", "is_on_team"]
    column_labels = {"image": "Portrait", "title": "Job title", "is_on_team": "On the home page"}
    column_formatters = {
        "image": _portrait_cell,
        "name": link_cell(".edit_view", lambda row: row.name),
        "articles": count_cell(articles_by_author, "article"),
        "is_on_team": yes_cell,
    }

    def load_options(self) -> Iterable[Any]:
        """Load the portrait."""
        return (joinedload(Author.image),)

    def create(self, form: AuthorForm) -> Author:
        """Add a person at the end of the team."""
        try:
            return add_author(form.said, by=current_user)
        except SlugTaken as error:
            raise taken(error) from None

    def update(self, form: AuthorForm, model: Author) -> None:
        """Change name, job title, biography, portrait and slug."""
        try:
            change_author(model, form.said, by=current_user)
        except SlugTaken as error:
            raise taken(error) from None

    def delete(self, model: Author) -> None:
        """Delete a person whom no article names. Raises Refused."""
        try:
            delete_author(model, by=current_user)
        except StillUsed as error:
            raise Refused(
                f"{count_of(error.number, 'article')} (including drafts and the trash) "
                f"{'names' if error.number == 1 else 'name'} this person as author or reviewer."
                " The entry cannot be deleted. Untick “Show on the home page” if the person has left."
            ) from None
