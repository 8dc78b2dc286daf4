"""The trial page."""

from flask import Blueprint, Response, render_template, request, url_for

from clinic.articles.addresses import article_id_with_slug
from clinic.bookings.errors import TrialAlreadyUsed
from clinic.bookings.forms import TrialForm
from clinic.bookings.operations import TrialRequest, book_trial
from clinic.bookings.sources import FormPlace, Source
from clinic.core.limits import Limit, TooMany
from clinic.core.text import clean_line, email_address
from clinic.web.answers import see_other
from clinic.web.csrf import public_form
from clinic.web.limits import spend
from clinic.web.pages.store import stored

bp = Blueprint("bookings", __name__)
TRIALS = Limit.of("30 trial requests per address per hour")
ALREADY_USED = (
    "The trial is for first-time customers, one time only. With these details it was already used."
    " Please call or email us to book a regular session."
)


@bp.get("/book/")
@stored()
def book() -> str:
    """Show the trial form on its own page. `?from=` is the slug of the article that linked here."""
    form = TrialForm()
    slug = clean_line(request.args.get("from", ""))[:80]
    form.source.data = Source(FormPlace.LINK if slug else FormPlace.BOOK, slug).sealed()
    return render_template("bookings/book.html", form=form)


@bp.post("/book/")
@public_form
def book_post() -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Book a trial: 303 to the thank-you page, or the form again with its errors (422, 429)."""
    form = TrialForm()
    if not form.validate():
        return render_template("bookings/book.html", form=form), 422
    try:
        spend(TRIALS)
        source = Source.read(form.source.data or "")
        book_trial(
            TrialRequest(
                name=form.name.data,
                email=email_address(form.email.data),
                mobile=form.mobile_e164,
                service_id=form.services[form.service.data].id,
                article_id=article_id_with_slug(source.slug) if source else None,
                source=source.place if source else "",
            )
        )
    except TooMany as limit:
        form.problems.append(limit.advice)
        return render_template("bookings/book.html", form=form), 429, {"Retry-After": str(limit.retry_after)}
    except TrialAlreadyUsed:
        form.problems.append(ALREADY_USED)
        return render_template("bookings/book.html", form=form), 422
    return see_other(url_for("bookings.thanks"))


@bp.get("/book/thanks/")
@stored()
def thanks() -> str:
    """Show the thank-you page. It says nothing about the booking, so it is the same for everyone."""
    return render_template("bookings/thanks.html")
