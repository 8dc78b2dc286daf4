"""The signed-in person's own account: password, second factor, passkeys and active sessions."""

from flask import flash, request, url_for
from flask_admin import expose
from flask_login import current_user

from clinic.accounts.access import Permission
from clinic.accounts.operations import end_sessions
from clinic.accounts.queries import open_sessions
from clinic.accounts.sign_in import device_digest
from clinic.admin.kit.counts import count_of
from clinic.admin.kit.guarded import Answer, Guarded
from clinic.web.answers import see_other


class AccountScreen(Guarded):
    """Page "Your account": links to Flask-Security's pages and the active sessions. Opened from the panel's foot."""

    permission = Permission.PANEL_OPEN

    def is_visible(self) -> bool:
        """Return False: the menu does not list this screen."""
        return False

    @expose("/")
    def index(self) -> str:
        """Show the protection of this account and its active sessions."""
        return self.render(
            "admin/people/account.html",
            has_second_factor=current_user.has_second_factor,
            sessions=open_sessions(current_user),
            here=device_digest(),
        )

    @expose("/end/", methods=("POST",))
    def end(self) -> Answer:
        """End one session, or all sessions but the present one."""
        asked = request.form.get("session", "")
        others = [row.digest for row in open_sessions(current_user) if row.digest != device_digest()]
        ended = end_sessions(current_user, others if asked == "others" else [asked])
        flash(f"Signed out: {count_of(ended, 'device')}." if ended else "That session had already ended.", "success")
        return see_other(url_for(".index"))
