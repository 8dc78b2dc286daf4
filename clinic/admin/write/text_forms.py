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
    """What a page and an article have in common. `base` is the version that the form was opened at."""

    title = LineField(
        "Title",
        [DataRequired("Enter a title"), Length(max=160)],
        description="What readers see first, here and in search results: up to 60 characters are shown there.",
    )
    summary = LongField(
        "Summary",
        [Length(max=320)],
        description="One or two sentences for lists and search results.",
        render_kw={"rows": 3},
    )
    body = CodeField(
        "Body",
        description="The text. Headings make it easy to find one's way; a picture is put in from Media.",
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
            Regexp(r"^[a-z0-9]+(-[a-z0-9]+)*$", message="Use small letters, digits and hyphens"),
        ],
        description="The last part of the address. Left empty, it is made from the title. Old addresses go on working.",
    )
    publish_at = DateTimeLocalField(
        "Publish on",
        [Optional()],
        format=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"],
        description="Left empty, “Publish” shows it at once. A time to come keeps it hidden until then.",
    )
    base = HiddenField()

    main = ("title", "summary", "body")  # the others stand beside them

    @property
    def beside(self) -> list[Any]:
        """The fields that stand beside the text."""
        return [field for field in self if field.name not in (*self.main, "base")]

    @property
    def text(self) -> Text:
        """The operation's input."""
        return Text(
            title=self.title.data, slug=self.slug.data or "", summary=self.summary.data or "", body=self.body.data or ""
        )

    @property
    def publish_time(self) -> datetime | None:
        """When to publish, as an aware time; the field is in the clinic's zone."""
        at = self.publish_at.data
        return at.replace(tzinfo=zone()) if at else None

    @property
    def base_version(self) -> int | None:
        """The version that the form was opened at."""
        base = self.base.data or ""
        return int(base) if base.isdecimal() and len(base) < 9 else None

    @classmethod
    def values_of(cls, article: Article) -> dict[str, Any]:
        """What the form of a stored article shows, besides its columns."""
        at = article.published_at if article.state_word == "scheduled" else None
        return {"publish_at": at.astimezone(zone()) if at else None, "base": str(article.version)}


class ArticleForm(PageForm):
    """An article: also where it belongs, who wrote it and what stands around it."""

    category_id = RowField(
        "Category",
        lambda: ((one.id, one.name) for one in categories()),
        description="The one subject that it is filed under.",
    )
    author_id = RowField(
        "Author", lambda: ((one.id, one.name) for one in authors()), description="Who wrote it, as readers see them."
    )
    reviewer_id = RowField(
        "Reviewed by",
        lambda: ((one.id, one.name) for one in authors()),
        description="Who has checked every statement in it.",
    )
    reviewed_on = DateField("Reviewed on", [Optional()], description="The day of that check. Readers see it.")
    image_id = RowField(
        "Picture",
        lambda: (),
        description="Stands above the text and on cards.",
        render_kw={"data-picker": "/admin/media/pick.json", "data-upload": "/admin/media/upload.json"},
    )
    image_alt = LineField(
        "Alt text here",
        [Length(max=240)],
        description="Only if other words than the picture's own fit better here.",
    )
    image_credit = LineField("Credit here", [Length(max=160)], description="Only if it differs from the picture's own.")
    image_source = LineField(
        "Link to the original here",
        [Optional(), Length(max=400), URL(message="Enter an address that begins with https://")],
        description="Only with a credit of its own here.",
    )
    image_licence = LineField("Licence here", [Length(max=120)], description="Only with a credit of its own here.")
    tag_words = LineField("Tags", [Length(max=200)], description="A few words, with commas between them.")
    teaser_ids = RowsField(
        "You may also like",
        posts_to_pick,
        description="Up to three articles to read next. Without a choice the site finds some.",
        validators=[Length(max=3, message="Choose up to three")],
        render_kw={"size": 6},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The newest, and the one that is chosen, however old it is.
        chosen = self.image_id.data or 0
        images = {image.id: image for image in newest_images()} | images_by_id([chosen])
        self.image_id.choices = [("", "None"), *((one.id, f"{one.id}: {one}") for one in images.values())]

    @property
    def text(self) -> Text:
        """The operation's input."""
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
        """Tags as words, teasers as ids."""
        return super().values_of(article) | {
            "tag_words": ", ".join(tag.name for tag in article.tags),
            "teaser_ids": [teaser.shown_id for teaser in article.teasers],
        }
