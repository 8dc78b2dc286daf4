"""Media: upload images and edit their alt text, credit and focal point."""

import hashlib
import logging
from collections.abc import Callable
from typing import Any

from flask import Response, abort, flash, g, jsonify, request, url_for
from flask_admin import expose
from flask_login import current_user
from markupsafe import Markup, escape
from werkzeug.datastructures import CombinedMultiDict
from wtforms import Form

from clinic.accounts.access import Permission
from clinic.admin.kit.cells import link_cell, time_cell
from clinic.admin.kit.counts import count_of, count_with_more
from clinic.admin.kit.guarded import Answer
from clinic.admin.kit.ids import row_id
from clinic.admin.kit.once import sending_of_words
from clinic.admin.kit.screen import Refused, StaffView
from clinic.admin.write.image_forms import AltForm, DescribeForm, ReplaceForm, UploadForm, UploadManyForm
from clinic.core.db import row_with_id
from clinic.core.once import Sending, SentBefore, claim_key, note_sending
from clinic.editing.image_uses import MOST_OF_ONE, Use, uses_of
from clinic.media.errors import ImageInUse, ImageReplaced, NotAnImage, StoreAway
from clinic.media.models import Image
from clinic.media.operations import Description, add_image, delete_image, describe_image, render_again, replace_image
from clinic.media.queries import images_by_id, images_with
from clinic.web.answers import see_other
from clinic.web.error_pages import error_page

log = logging.getLogger(__name__)
PICK_SIZE = 24  # images in one answer to the editor
MOST_PICTURES = 100  # image numbers in one address
SIGN_IN_AGAIN = "You are signed out. Sign in again in another window, then come back and try again."


def _in_a_sentence(error: NotAnImage | StoreAway) -> str:
    if isinstance(error, NotAnImage):
        return str(error)
    log.error("a picture cannot be kept", extra={"error": str(error)})
    return error.advice


Also = Callable[[Image], None]


SCREENS = {
    "post": "articles_admin",
    "page": "pages_admin",
    "author": "team_admin",
}  # edit views by kind of use


def use_url(use: Use) -> str:
    """Return the address where staff edit the text or person that shows an image."""
    if use.state == "in the trash":
        return url_for(f"{SCREENS[use.what]}.index_view", tab="trash")
    return url_for(f"{SCREENS[use.what]}.edit_view", id=use.id)


def _thumbnail_cell(_view: Any, _context: Any, row: Image, _name: str) -> Markup:
    """Format a thumbnail as a link that screen readers and the Tab key skip, because the text links there too."""
    return Markup(
        '<a href="{}" tabindex="-1" aria-hidden="true">'
        '<img class="{}" src="{}" alt="" width="{}" height="{}" loading="lazy"></a>'
    ).format(
        url_for(".edit_view", id=row.id), f"thumbnail {row.focus_class}".strip(), row.url(480), row.width, row.height
    )


def _uses_cell(_view: Any, _context: Any, row: Image, _name: str) -> Markup:
    uses = g.image_uses[row.id]
    if not uses:
        return Markup('<span class="quiet">not used</span>')
    links = [Markup('<a href="{}">{}</a>').format(use_url(use), use.title) for use in uses[:3]]
    more = [escape(f"and {count_with_more(len(uses) - 3, MOST_OF_ONE - 3)} more")] if len(uses) > 3 else []
    return Markup(", ").join([*links, *more])


def _sizes(row: Image) -> tuple[str, str]:
    if row.rendered_at:
        return "state-published", "ready"
    return ("state-failed", "sizes failed") if row.render_error else ("state-queued", "creating sizes")


def _state_cell(_view: Any, _context: Any, row: Image, _name: str) -> Markup:
    states = [_sizes(row)]
    if not row.alt and not row.is_decorative:
        states.append(("state-failed", "needs alt text"))
    return Markup(" ").join(Markup('<span class="state {}">{}</span>').format(*state) for state in states)


def _for_scripts(image: Image) -> dict[str, Any]:
    return {
        "id": image.id,
        "url": image.url(480),
        "full": image.url(1200),
        "alt": image.alt,
        "credit": image.credit,
        "is_decorative": image.is_decorative,
        "width": image.width,
        "height": image.height,
    }


def _asked_ids() -> list[int]:
    numbers = (row_id(number) for number in request.args.get("ids", "").split(",")[:MOST_PICTURES])
    return [number for number in numbers if number is not None]


class ImageScreen(StaffView):
    """All images, newest first."""

    permission = Permission.IMAGE_EDIT
    heading, singular = "Media", "picture"
    intro = "Pictures for articles and pages. Location and camera data are removed from every upload."
    form = DescribeForm
    list_template = "admin/write/media_list.html"
    edit_template = "admin/write/media_form.html"
    can_create = can_edit = can_delete = True
    page_size = 48
    column_list = ["key", "alt", "credit", "uses", "state", "id", "filename", "uploaded_at"]
    column_labels = {
        "key": "Picture",
        "id": "Number",
        "alt": "Alt text",
        "uses": "Used in",
        "filename": "File",
        "uploaded_at": "Uploaded",
    }
    column_sortable_list = ["uploaded_at", "alt", "credit", "filename"]
    column_default_sort = ("uploaded_at", True)
    column_searchable_list = ["alt", "credit", "filename"]
    column_formatters = {
        "key": _thumbnail_cell,
        "alt": link_cell(".edit_view", lambda row: row.alt or ("Decorative" if row.is_decorative else "Describe it")),
        "uses": _uses_cell,
        "state": _state_cell,
        "uploaded_at": time_cell,
    }

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        """Answer a script with a sentence instead of a redirect."""
        if request.path.endswith(".json") and not current_user.is_authenticated:
            return error_page(401, SIGN_IN_AGAIN)
        return super().inaccessible_callback(name, **kwargs)

    def get_list(self, *args: Any, **kwargs: Any) -> Any:
        """Return the rows, and load the uses of each image."""
        count, rows = super().get_list(*args, **kwargs)
        g.image_uses = uses_of([row.id for row in rows])
        return count, rows

    def is_grid(self) -> bool:
        """Return True if the list is shown as cards."""
        return request.args.get("view") != "list"

    def view_url(self, view: str) -> str:
        """Return the present list's address in the other view."""
        args: dict[str, Any] = request.args.to_dict() | {"view": view}
        return url_for(".index_view", **args)

    # One picture

    def get_create_form(self) -> type[Form]:
        """Return the form with a file input."""
        return UploadForm

    def create_once(self, form: UploadForm) -> Image:
        """Upload an image, or return the one that this form has already uploaded."""
        try:
            return self.create(form, also=_claim(sending_of_words(self.endpoint)))
        except SentBefore as before:
            picture: Image = self.made_before(before)
            return picture

    def create(self, form: UploadForm, *, also: Also = lambda image: None) -> Image:
        """Upload an image. `also` runs in the transaction that adds the row."""
        upload = form.file.data
        try:
            return add_image(upload.read(), filename=upload.filename, said=form.said, also=also, by=current_user)
        except (NotAnImage, StoreAway) as error:
            raise Refused(_in_a_sentence(error), "file") from None

    def update(self, form: DescribeForm, model: Image) -> None:
        """Change alt text, credit and focal point."""
        describe_image(model, form.said, by=current_user)

    def form_context(self, model: Image | None) -> dict[str, Any]:
        """Return the uses of the image."""
        return {"uses": uses_of([model.id])[model.id], "use_url": use_url} if model else {}

    @expose("/delete/", methods=("GET", "POST"))
    def delete_view(self) -> Answer:
        """Ask before deleting, or list the uses that prevent it."""
        image = self.row_or_404()
        is_refused = False
        if request.method == "POST":
            try:
                delete_image(image, by=current_user)
            except ImageInUse:
                is_refused = True
            else:
                self.deleted(image)
                return see_other(self.list_url())
        page = self.render("admin/write/media_delete.html", model=image, **self.form_context(image))
        return (page, 422) if is_refused else page

    @expose("/replace/", methods=("GET", "POST"))
    def replace(self) -> Answer:
        """Replace the file of an image."""
        image = self.row_or_404()
        form = ReplaceForm(request.files)
        if request.method == "POST" and form.validate():
            upload = form.file.data
            try:
                replace_image(image, upload.read(), filename=upload.filename, by=current_user)
            except (NotAnImage, StoreAway) as error:
                form.file.errors = [_in_a_sentence(error)]
            except ImageReplaced:
                form.file.errors = [
                    "Somebody else has just replaced this file. Check their file before you upload yours."
                ]
            else:
                flash("Replaced. Check that the alt text, credit and focal point still fit.", "success")
                return see_other(url_for(".edit_view", id=image.id))
        page = self.render("admin/write/media_replace.html", form=form, model=image, **self.form_context(image))
        return page if request.method == "GET" else (page, 422)

    @expose("/again/", methods=("POST",))
    def again(self) -> Answer:
        """Retry the creation of sizes."""
        image = self.row_or_404()
        if render_again(image, by=current_user):
            flash("The worker will create the sizes again in a moment.", "success")
        else:
            flash("The sizes of this picture did not fail, so there is nothing to retry.", "error")
        return see_other(url_for(".edit_view", id=image.id))

    # Many at once

    @expose("/upload/", methods=("GET", "POST"))
    def upload(self) -> Answer:
        """Upload several files with one form. With JavaScript, upload.js adds progress and alt texts."""
        form = UploadManyForm(_form_and_files())
        if request.method == "POST" and form.validate():
            added: list[int] = []
            refused: list[str] = []
            waiting = iter(form.files.data)
            for upload in waiting:
                try:
                    said, data = Description(alt="", credit=form.credit.data), upload.read()
                    words = f"{len(added) + len(refused)} {hashlib.sha256(data).hexdigest()}"
                    also = _claim(sending_of_words("media_admin.upload", words))
                    added.append(add_image(data, filename=upload.filename, said=said, also=also, by=current_user).id)
                except SentBefore as before:
                    added.append(before.row_id)
                except NotAnImage as error:
                    refused.append(f"{upload.filename}: {error}")
                except StoreAway as error:  # the other files would wait as long
                    why = _in_a_sentence(error)
                    refused += [f"{one.filename}: {why}" for one in (upload, *waiting)]
            if added:
                for words in refused:
                    flash(f"Not uploaded: {words}", "error")
                return see_other(url_for(".describe", ids=",".join(map(str, added))))
            form.files.errors = refused
        page = self.render("admin/write/media_upload.html", form=form)
        return page if request.method == "GET" else (page, 422)

    @expose("/describe/", methods=("GET", "POST"))
    def describe(self) -> Answer:
        """Ask for the alt texts of several new images."""
        images = images_by_id(_asked_ids()) or abort(404)
        forms = {image: AltForm(request.form or None, obj=image, prefix=f"{id_}-") for id_, image in images.items()}
        if request.method == "POST" and not [form for form in forms.values() if not form.validate()]:
            for image, form in forms.items():
                said = Description(
                    **{name: getattr(image, name) for name in Description.__dataclass_fields__}
                    | {"alt": form.alt.data, "is_decorative": form.is_decorative.data}
                )
                describe_image(image, said, by=current_user)
            flash(f"Saved: {count_of(len(forms), 'picture')}.", "success")
            return see_other(self.list_url())
        page = self.render("admin/write/media_describe.html", forms=forms)
        return page if request.method == "GET" else (page, 422)

    # For scripts

    @expose("/pick.json")
    def pick(self) -> Response:
        """Return images as JSON: some by number (`ids`), or a page of search results (`q`)."""
        if "ids" in request.args:
            found, has_more = list(images_by_id(_asked_ids()).values()), False
        else:
            page = min(max(request.args.get("page", 1, type=int), 1), 10_000)
            found = images_with(request.args.get("q", ""), page, PICK_SIZE)
            has_more, found = len(found) > PICK_SIZE, found[:PICK_SIZE]
        return jsonify(images=[_for_scripts(image) for image in found], more=has_more)

    @expose("/upload.json", methods=("POST",))
    def upload_one(self) -> Answer:
        """Upload one file with its alt text: 201 and the image, or 422 and an error message."""
        form = UploadForm(_form_and_files())
        if not form.validate():
            return jsonify(error=next(iter(form.errors.values()))[0]), 422  # type: ignore[return-value]
        try:
            return jsonify(_for_scripts(self.create(form))), 201  # type: ignore[return-value]
        except Refused as refusal:
            return jsonify(error=refusal.text), 422  # type: ignore[return-value]


def _claim(sending: Sending) -> Also:
    """Claim this form's one-time key while the image's row is added. Decoding is slow and must hold no lock."""

    def also(image: Image) -> None:
        claim_key(sending, lambda id_: row_with_id(Image, id_) is not None)
        note_sending(sending, image.id)

    return also


def _form_and_files() -> CombinedMultiDict[str, Any] | None:
    return CombinedMultiDict([request.form, request.files]) if request.method == "POST" else None
