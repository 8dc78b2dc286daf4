"""One's own sign-in: password, second factor, passkeys."""

from flask_admin import expose
from flask_login import current_user

from clinic.accounts.access import Permission
from clinic.admin.base import Guarded


class AccountScreen(Guarded):
    """Links to Flask-Security's pages, with what is switched on. Reached from the name at the foot of the menu."""

    permission = Permission.PANEL_OPEN

    def is_visible(self) -> bool:
        """Not in the menu."""
        return False

    @expose("/")
    def index(self) -> str:
        """What protects this sign-in."""
        return self.render("admin/account.html", has_second_factor=bool(current_user.tf_primary_method))
