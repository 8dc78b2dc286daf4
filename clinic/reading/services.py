"""The page of a service."""

from flask import (
    abort,
    render_template,
)
from markupsafe import Markup

from clinic.bookings.forms import TrialForm
from clinic.bookings.queries import active_services
from clinic.bookings.sources import FormPlace, Source
from clinic.reading.blueprint import bp
from clinic.reading.structured_data import clinic_data, json_ld, service_data, trail_data
from clinic.web.filters import local_now
from clinic.web.pages.memory import cached_preferences
from clinic.web.pages.store import stored


@bp.get("/services/<slug>/")
@stored()
def service(slug: str) -> str:
    """Show one service, with it selected in the trial form."""
    services = active_services()
    found = next((one for one in services if one.slug == slug), None) or abort(404)
    form = TrialForm(formdata=None)
    form.service.data = slug
    form.source.data = Source(FormPlace.SERVICE).sealed()
    trail = [("Home", "/"), ("Services", "/services/"), (found.name, found.address)]
    return render_template(
        "bookings/service.html",
        service=found,
        others=[one for one in services if one is not found],
        body=Markup(found.body),  # noqa: S704 - sanitised when it was saved
        trial_form_of_page=form,
        data=json_ld(service_data(found), clinic_data(cached_preferences(), local_now().date()), trail_data(trail)),
    )
