"""Blocked guests: people whose requests are held, whatever name they give."""

from collections.abc import Iterable
from typing import Any

from flask_login import current_user
from sqlalchemy.orm import joinedload
from wtforms import DateField, Form
from wtforms.validators import DataRequired, Length, Optional

from clinic.accounts.access import Permission
from clinic.admin.kit.cells import time_cell
from clinic.admin.kit.screen import Refused, StaffView
from clinic.bookings.blocked_guests import block_guest, lift_block
from clinic.bookings.models import BlockedGuest
from clinic.core.places import mobile_example
from clinic.core.text import canonical_mobile, email_address
from clinic.preferences import preferences
from clinic.web.filters import day
from clinic.web.forms import LineField


class BlockForm(Form):
    """Form for blocking a guest: contact, reason and last day."""

    email = LineField("Email", [Length(max=254)], description="Every spelling of the same mailbox is blocked.")
    mobile = LineField("Mobile", [Length(max=40)])
    because = LineField(
        "Reason",
        [DataRequired("Enter a reason"), Length(max=300)],
        description="For colleagues only. The person never sees it.",
    )
    until = DateField(
        "Until", [Optional()], description="The last day of the block. Leave it empty to block until further notice."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mobile.description = f"Like {mobile_example(preferences().phone_region)}. An email or a mobile is enough."


class BlockScreen(StaffView):
    """List of blocked guests. Deleting an entry unblocks the guest."""

    permission = Permission.LEAD_WORK
    heading, singular = "Blocked guests", "block"
    intro = (
        "Requests from blocked guests are held for you to decide. The guest sees the usual answer."
        " The site stores only a digest of the details."
    )
    empty_text = "Nobody is blocked. Add a guest here if you want to check their requests first."
    form = BlockForm
    can_create = can_delete = True
    row_template = "admin/desk/block_buttons.html"
    column_list = ["label", "because", "until", "by", "created_at"]
    column_labels = {"label": "Guest", "because": "Reason", "by": "Blocked by", "created_at": "Since"}
    column_sortable_list = ["created_at"]
    column_default_sort = ("created_at", True)
    column_formatters = {
        "until": lambda _view, _context, row, _name: day(row.until) if row.until else "unblocked by staff",
        "by": lambda _view, _context, row, _name: row.by.name if row.by else "–",
        "created_at": time_cell,
    }

    def load_options(self) -> Iterable[Any]:
        """Load the person who blocked the guest."""
        return (joinedload(BlockedGuest.by),)

    def create(self, form: BlockForm) -> BlockedGuest:
        """Block an email, a mobile, or both."""
        email = mobile = ""
        if form.email.data:
            try:
                email = email_address(form.email.data)
            except ValueError:
                raise Refused("Enter an email address like name@example.com", "email") from None
        if form.mobile.data:
            region = preferences().phone_region
            try:
                mobile = canonical_mobile(form.mobile.data, region)
            except ValueError:
                raise Refused(f"Enter a mobile number like {mobile_example(region)}", "mobile") from None
        if not email and not mobile:
            raise Refused("Enter an email address or a mobile number.", "email")
        return block_guest(
            email=email, mobile=mobile, because=form.because.data, until=form.until.data, by=current_user
        )[0]

    def delete(self, model: BlockedGuest) -> None:
        """Unblock the guest."""
        lift_block(model, by=current_user)
