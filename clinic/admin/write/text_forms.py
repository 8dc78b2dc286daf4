"""The forms of pages and articles."""

from datetime import datetime
from typing import Any

from wtforms import DateField, DateTimeLocalField, Form, HiddenField
from wtforms.validators import URL, DataRequired, Length, Optional, Regexp

from clinic.admin.kit.fields import CodeField, LongField, RowField, RowsField
from clinic.articles.models import Article
from clinic.articles.queries import authors, categories, posts_to_pick
from clinic.articles.text import Text
from clinic.core.text import words_between_commas
from clinic.media.queries import images_by_id, newest_images
from clinic.web.filters import zone
from clinic.web.forms import LineField


class PageForm(Form):
    """Fields shared by pages and articles. `base` is the version at which the form was opened."""

    title = LineField(
        "Title",
        [DataRequired("Enter a title"), Length(max=160)],
        description="Readers see the title first, on the site and in search results."
        " Search results show up to 60 characters.",
    )
    summary = LongField(
        "Summary",
        [Length(max=320)],
        description="One or two sentences for lists and search results.",
        render_kw={"rows": 3},
    )
    body = CodeField(
        "Body",
        description="Use headings to structure the text. Insert pictures from Media.",
        render_kw={
            "rows": 24,
            "spellcheck": "true",
            "class": "code",
            "data-editor": "",
            "data-pictures": "/admin/media/pick.json",
            "data-upload": "/admin/media/upload.json",
            "data-articles": "/admin/articles/pick.json",
        },
    )
    slug = LineField(
        "Slug",
        [
            Optional(),
            Length(max=80),
            Regexp(r"^[a-z0-9]+(-[a-z0-9]+)*$", message="Use lowercase letters, digits and hyphens"),
        ],
        description="The last part of the address. If you leave it empty, it is made from the title."
        " Old addresses redirect to the new one.",
    )
    publish_at = DateTimeLocalField(
        "Publish on",
        [Optional()],
        format=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"],
        description="Leave this empty to publish immediately. Enter a time in the future to schedule it.",
    )
    base = HiddenField()

    main = ("title", "summary", "body")  # these fill the main column; the others stand beside them

    @property
    def beside(self) -> list[Any]:
        """Return the fields shown beside the text."""
        return [field for field in self if field.name not in (*self.main, "base")]

    @property
    def text(self) -> Text:
        """Return the form's values as the operation's input."""
        return Text(
            title=self.title.data, slug=self.slug.data or "", summary=self.summary.data or "", body=self.body.data or ""
        )

    @property
    def publish_time(self) -> datetime | None:
        """Return the time of publishing as an aware datetime. The field is in the clinic's time zone."""
        at = self.publish_at.data
        return at.replace(tzinfo=zone()) if at else None

    @property
    def base_version(self) -> int | None:
        """Return the version at which the form was opened."""
        base = self.base.data or ""
        return int(base) if base.isdecimal() and len(base) < 9 else None

    @classmethod
    def values_of(cls, article: Article) -> dict[str, Any]:
        """Return the form values of a stored article that are no columns of it."""
        at = article.published_at if article.state_word == "scheduled" else None
        return {"publish_at": at.astimezone(zone()) if at else None, "base": str(article.version)}


class ArticleForm(PageForm):
    """Form of an article: the fields of a page plus category, people, pictures, tags and teasers."""

    category_id = RowField(
        "Category",
        lambda: ((one.id, one.name) for one in categories()),
        description="Each article belongs to one category.",
    )
    author_id = RowField(
        "Author", lambda: ((one.id, one.name) for one in authors()), description="Readers see the author’s name."
    )
    reviewer_id = RowField(
        "Reviewed by",
        lambda: ((one.id, one.name) for one in authors()),
        description="The expert who checked every statement.",
    )
    reviewed_on = DateField("Reviewed on", [Optional()], description="The date of the last review. Readers see it.")
    image_id = RowField(
        "Picture",
        lambda: (),
        description="Appears above the text and on cards.",
        render_kw={"data-picker": "/admin/media/pick.json", "data-upload": "/admin/media/upload.json"},
    )
    image_alt = LineField(
        "Alt text in this article",
        [Length(max=240)],
        description="Only if this article needs another alt text than the picture's own.",
    )
    image_credit = LineField(
        "Credit in this article",
        [Length(max=160)],
        description="Only if this article needs another credit than the picture's own.",
    )
    image_source = LineField(
        "Link to the original in this article",
        [Optional(), Length(max=400), URL(message="Enter an address that begins with https://")],
        description="Only if you enter a credit for this article.",
    )
    image_licence = LineField(
        "Licence in this article", [Length(max=120)], description="Only if you enter a credit for this article."
    )
    tag_words = LineField("Tags", [Length(max=200)], description="Separate tags with commas.")
    teaser_ids = RowsField(
        "You may also like",
        posts_to_pick,
        description="Choose at most three articles to read next. If you choose none, the site picks some.",
        validators=[Length(max=3, message="Choose at most three")],
        render_kw={"size": 6},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The newest pictures, and always the chosen one.
        chosen = self.image_id.data or 0
        images = {image.id: image for image in newest_images()} | images_by_id([chosen])
        self.image_id.choices = [("", "None"), *((one.id, f"{one.id}: {one}") for one in images.values())]

    @property
    def text(self) -> Text:
        """Return the form's values as the operation's input."""
        text = super().text
        text.category_id = self.category_id.data
        text.author_id = self.author_id.data
        text.reviewer_id = self.reviewer_id.data
        text.reviewed_on = self.reviewed_on.data
        text.image_id = self.image_id.data
        text.image_alt = self.image_alt.data or ""
        text.image_credit = self.image_credit.data or ""
        text.image_source = self.image_source.data or ""
        text.image_licence = self.image_licence.data or ""
        text.tags = words_between_commas(self.tag_words.data or "")
        text.teaser_ids = (self.teaser_ids.data or [])[:3]
        return text

    @classmethod
    def values_of(cls, article: Article) -> dict[str, Any]:
        """Return the tags as words and the teasers as ids."""
        return super().values_of(article) | {
            "tag_words": ", ".join(tag.name for tag in article.tags),
            "teaser_ids": [teaser.shown_id for teaser in article.teasers],
        }
