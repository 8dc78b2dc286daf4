"""Customers from before the site, so that "first-time" means it."""

from typing import Any

from flask import request
from flask_admin import expose
from flask_login import current_user
from wtforms import BooleanField, FileField, Form
from wtforms.validators import Length

from clinic.accounts.access import Permission
from clinic.admin.kit.fields import TABLE_FILES, LongField, table_of
from clinic.admin.kit.guarded import Answer, Guarded
from clinic.bookings.customers import Known, note_import, read_customers, report_of
from clinic.core.places import mobile_example
from clinic.preferences import preferences

MOST_LINES = 5000


class CustomerForm(Form):
    """A file, or lines."""

    file = FileField(
        "File",
        description="CSV or Excel, with columns named Email and Mobile. Other columns are passed over.",
        render_kw={"accept": TABLE_FILES},
    )
    lines = LongField(
        "Or paste the lines here",
        [Length(max=1_000_000)],
        render_kw={"rows": 8, "class": "code", "spellcheck": "false"},
    )
    is_trial = BooleanField(
        "Try it first", default=True, description="With the tick nothing is kept: you only see what would happen."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        example = mobile_example(preferences().phone_region)
        self.lines.description = f"One line for each: name@example.org,{example}"


class CustomerScreen(Guarded):
    """One form, and a report line by line."""

    permission = Permission.LEAD_WORK
    heading = "Known customers"

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Answer:
        """The form; then what was taken, and each line that was not, with the reason."""
        form = CustomerForm(request.form if request.method == "POST" else None)
        if request.method == "GET":
            return self.render("admin/desk/customers.html", form=form, report=None)
        table = table_of(form)
        if len(table.rows) > MOST_LINES:
            form.form_errors.append(
                f"These are more than {MOST_LINES:,} lines. Split the file, or ask who runs the server for"
                " “flask clinic import-customers”, which takes any number."
            )
        if form.errors:
            return self.render("admin/desk/customers.html", form=form, report=None), 422
        is_trial = form.is_trial.data
        lines = list(read_customers(table, preferences().phone_region, is_trial=is_trial))
        report = report_of(lines, table.notes)
        if not is_trial:
            note_import(report, by=current_user)
        return self.render(
            "admin/desk/customers.html", form=form, report=report, lines=lines, outcomes=list(Known), is_trial=is_trial
        )
