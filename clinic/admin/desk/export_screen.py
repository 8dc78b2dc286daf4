"""Downloads of all leads, as pages of their list."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, stream_with_context
from flask_admin import expose
from flask_login import current_user

from clinic.accounts.operations import note_export
from clinic.admin.desk.export import csv_lines, xlsx_file
from clinic.admin.kit.guarded import Answer
from clinic.admin.kit.screen import StaffView
from clinic.core import clock
from clinic.leads.queries import count_leads_about


class ExportScreen(StaffView):
    """A list of leads with its downloads."""

    @expose("/export.csv")
    def export_csv(self) -> Answer:
        """Stream all leads as CSV (RFC 4180, UTF-8 with a byte order mark for Excel), without active formulas."""
        return self._export("csv", "text/csv", csv_lines)

    @expose("/export.xlsx")
    def export_xlsx(self) -> Answer:
        """Stream all leads as an Excel sheet."""
        return self._export("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx_file)

    def _export(self, kind: str, mimetype: str, lines: Callable[[], Iterator[Any]]) -> Answer:
        note_export("leads", by=current_user, detail=kind)
        headers = {
            "Content-Disposition": f"attachment; filename=leads-{clock.now():%Y-%m-%d}.{kind}",
            "X-Rows": str(count_leads_about()),  # for the progress that export.js shows
        }
        return Response(stream_with_context(lines()), mimetype=mimetype, headers=headers)
