"""One's own sign-in: password, second factor, passkeys, and where one is signed in."""

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_login import current_user

from clinic.accounts.access import Permission
from clinic.accounts.operations import end_sessions
from clinic.accounts.queries import open_sessions
from clinic.accounts.sign_in import device_digest
from clinic.admin.kit.counts import count_of
from clinic.admin.kit.guarded import Answer, Guarded


class AccountScreen(Guarded):
    """Links to Flask-Security's pages, with what is switched on. Reached from the name at the foot of the menu."""

    permission = Permission.PANEL_OPEN

    def is_visible(self) -> bool:
        """Not in the menu."""
        return False

    @expose("/")
    def index(self) -> str:
        """Show the protection of this account and its open sign-ins."""
        return self.render(
            "admin/people/account.html",
            has_second_factor=current_user.has_second_factor,
            sessions=open_sessions(current_user),
            here=device_digest(),
        )

    @expose("/end/", methods=("POST",))
    def end(self) -> Answer:
        """End one sign-in, or all but this one."""
        asked = request.form.get("session", "")
        others = [row.digest for row in open_sessions(current_user) if row.digest != device_digest()]
        ended = end_sessions(current_user, others if asked == "others" else [asked])
        flash(f"Signed out: {count_of(ended, 'device')}." if ended else "That sign-in had ended already.", "success")
        return redirect(url_for(".index"), 303)  # type: ignore[return-value]
