"""Import of known customers, who had their first session before this site existed."""

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
    """Form with a file or pasted lines."""

    file = FileField(
        "File",
        description="CSV or Excel with columns named Email and Mobile. Other columns are ignored.",
        render_kw={"accept": TABLE_FILES},
    )
    lines = LongField(
        "Or paste the lines here",
        [Length(max=1_000_000)],
        render_kw={"rows": 8, "class": "code", "spellcheck": "false"},
    )
    is_trial = BooleanField("Test run", default=True, description="Shows the result without saving anything.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        example = mobile_example(preferences().phone_region)
        self.lines.description = f"One customer a line: name@example.org,{example}"


class CustomerScreen(Guarded):
    """Import form with a report for each line."""

    permission = Permission.LEAD_WORK
    heading = "Known customers"

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Answer:
        """Show the form, then the imported lines and each refused line with its reason."""
        form = CustomerForm(request.form if request.method == "POST" else None)
        if request.method == "GET":
            return self.render("admin/desk/customers.html", form=form, report=None)
        table = table_of(form)
        if len(table.rows) > MOST_LINES:
            form.form_errors.append(
                f"This file has more than {MOST_LINES:,} lines. Split the file, or ask your server administrator"
                " to run “flask clinic import-customers”, which has no limit."
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
