"""Screens that are closed unless they name a permission."""

from typing import Any

from flask import Response, abort, redirect, request, url_for
from flask_admin import BaseView
from flask_login import current_user

from clinic.accounts.access import Permission
from clinic.accounts.identity import ask_for_identity, is_identity_fresh, typed_by
from clinic.admin.kit.once import form_key
from clinic.admin.kit.return_address import here
from clinic.core.db import Base
from clinic.web.error_pages import TYPED_BY, keeps_typed, kept_page

Answer = Response | tuple[str, int] | str


class Guarded(BaseView):
    """View that stays closed unless it names a permission and the person has it.

    The methods named in `needs_identity` ask for a recent proof of identity first.
    """

    permission: Permission | None = None
    needs_identity: frozenset[str] = frozenset()

    def is_accessible(self) -> bool:
        """Return True if the present person may open this screen. The menu asks too."""
        return self.permission is not None and current_user.is_authenticated and current_user.can(self.permission)

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        """Send a visitor to the sign-in page; answer 403 to a signed-in person."""
        if current_user.is_authenticated:
            abort(403)
        if keeps_typed(request):
            return kept_page()
        wanted = request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else None
        return redirect(url_for("security.login", next=wanted))

    def _handle_view(self, name: str, **kwargs: Any) -> Any:
        """Check access before each view of the screen. Returns an answer that replaces the view's, or None."""
        answer = super()._handle_view(name, **kwargs)
        if answer is None and request.form.get(TYPED_BY, typed_by()) != typed_by():
            return kept_page(is_of_another=True)
        if answer is not None or name not in self.needs_identity or is_identity_fresh():
            return answer
        if request.method not in ("GET", "HEAD"):
            return kept_page(is_signed_in=True) if keeps_typed(request) else ask_for_identity(self.list_url())
        return ask_for_identity(request.full_path.rstrip("?"))

    # Called by templates.

    def form_key(self) -> str:
        """Return the one-time key of a form that creates something."""
        return form_key()

    def here(self) -> str:
        """Return the address of this page, for links and forms that lead back to it."""
        return here()

    def list_url(self) -> str:
        """Return the address of this screen's first page."""
        return url_for(f"{self.endpoint}.{self._default_view}")

    def crumb_url(self) -> str:
        """Return the list's address for the breadcrumb, with tab and search if the person came from there."""
        index, back = url_for(f"{self.endpoint}.{self._default_view}"), self.list_url()
        return back if back.partition("?")[0] == index else index

    def history_url(self, row: Base) -> str | None:
        """Return the address of a row's activity, if this person may read it."""
        if not current_user.can(Permission.ACTIVITY_READ):
            return None
        return url_for("activity_admin.index_view", thing=f"{row.__tablename__}:{row.id}")  # type: ignore[attr-defined]
