"""People with a login, and their roles."""

from typing import Any

from flask import flash, url_for
from flask_admin import expose
from flask_login import current_user
from wtforms import BooleanField, Form, PasswordField, SelectMultipleField
from wtforms.validators import DataRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from clinic.accounts.access import Permission, RoleName
from clinic.accounts.errors import EmailTaken, LastOwner
from clinic.accounts.models import User
from clinic.accounts.operations import change_user, create_user, reset_second_factor
from clinic.admin.kit.cells import link_cell, time_cell
from clinic.admin.kit.guarded import Answer
from clinic.admin.kit.screen import Refused, StaffView
from clinic.core.text import email_address
from clinic.web.answers import see_other
from clinic.web.forms import LineField, is_email


class RolesField(SelectMultipleField):
    """Checkbox for each role."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class UserForm(Form):
    """Form of an existing person."""

    name = LineField(
        "Name",
        [DataRequired("Enter a name"), Length(max=120)],
        description="Colleagues see this name in the panel and in Activity.",
    )
    role_names = RolesField(
        "Roles",
        [DataRequired("Choose at least one role")],
        choices=[
            (RoleName.OWNER.value, "Owner: everything"),
            (RoleName.EDITOR.value, "Editor: articles, pages, media"),
            (RoleName.MODERATOR.value, "Moderator: comments"),
            (RoleName.DESK.value, "Desk: leads, bookings, outbox"),
        ],
        description="Choose one or more roles. The menu shows only the screens that the roles allow.",
    )
    active = BooleanField(
        "Can sign in",
        default=True,
        description="If you untick this, the person is signed out immediately and cannot sign in again."
        " Their past work keeps their name.",
    )


class NewUserForm(UserForm):
    """Form of a new person."""

    email = LineField(
        "Email",
        [DataRequired("Enter an email address"), Length(max=254), is_email],
        description="The person signs in with this address. Password emails go to it.",
    )
    password = PasswordField(
        "Password",
        [Optional(), Length(min=10, message="Use at least 10 characters")],
        description="At least 10 characters. If you leave it empty, the person sets one with “Forgot password”.",
        render_kw={"autocomplete": "new-password"},
    )


class PeopleScreen(StaffView):
    """People who may sign in, with their roles."""

    permission = Permission.USER_MANAGE
    needs_identity = frozenset({"create_view", "edit_view", "reset_second_factor"})
    edit_template = "admin/people/person_form.html"
    heading, singular = "People", "person"
    intro = "People who can sign in to the panel, and their roles."
    form = UserForm
    can_create = can_edit = True
    column_list = ["name", "email", "roles", "active", "created_at"]
    column_labels = {"active": "Can sign in", "created_at": "Since"}
    column_sortable_list = ["name", "email"]
    column_default_sort = "name"
    column_searchable_list = ["name", "email"]
    column_formatters = {
        "name": link_cell(".edit_view", lambda row: row.name),
        "roles": lambda _view, _context, row, _name: ", ".join(role.name for role in row.roles),
        "active": lambda _view, _context, row, _name: "yes" if row.active else "no",
        "created_at": time_cell,
    }

    def saved_url(self, model: User) -> str:
        """Return the same form, or the dashboard if people have just removed their own right to this screen."""
        return super().saved_url(model) if self.is_accessible() else "/admin/"

    def get_create_form(self) -> type[Form]:
        """Return the form with email and password."""
        return NewUserForm

    def edit_form(self, obj: Any = None) -> Any:
        """Return the form with the roles by name."""
        form = super().edit_form(obj)
        if not form.role_names.raw_data and not form.role_names.data:
            form.role_names.data = [role.name for role in obj.roles]
        return form

    @expose("/reset-second-factor/", methods=("POST",))
    def reset_second_factor(self) -> Answer:
        """Remove the second factor of a person who has lost it. Their password alone signs them in."""
        person = self.row_or_404()
        reset_second_factor(person, by=current_user)
        flash(f"{person.name} now signs in with the password alone. The site has told them by email.", "success")
        return see_other(url_for(".edit_view", id=person.id))

    def create(self, form: NewUserForm) -> User:
        """Create a person with a login."""
        try:
            return create_user(
                email=email_address(form.email.data),
                name=form.name.data,
                roles=[RoleName(name) for name in form.role_names.data],
                password=form.password.data or None,
                by=current_user,
            )
        except EmailTaken:
            raise Refused("Another person already uses this email address.", "email") from None

    def update(self, form: UserForm, model: User) -> None:
        """Change name, roles and the right to sign in."""
        try:
            roles = [RoleName(name) for name in form.role_names.data]
            change_user(model, name=form.name.data, roles=roles, active=form.active.data, by=current_user)
        except LastOwner:
            raise Refused("This is the last owner. Give somebody else the role Owner first.") from None
