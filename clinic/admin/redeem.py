"""Redeeming a voucher: by its code, or by the phone's camera."""

from flask import flash, make_response, redirect, request, url_for
from flask_admin import expose
from flask_login import current_user

from clinic.accounts.access import Permission
from clinic.accounts.sign_in import device_digest
from clinic.admin.base import Answer, Guarded
from clinic.bookings.errors import VoucherNotRedeemable, VoucherRedeemed
from clinic.bookings.queries import voucher_with_code
from clinic.core import clock
from clinic.visits.operations import redeem_at_desk
from clinic.visits.queries import visit_of
from clinic.web.filters import moment
from clinic.web.headers import HEADERS


class RedeemScreen(Guarded):
    """One box for the code, one button that redeems. The QR code of a voucher leads here."""

    permission = Permission.LEAD_WORK
    heading = "Redeem"

    @expose("/")
    def index(self) -> Answer:
        """The box, and the voucher whose code is in the address."""
        code = request.args.get("code", "")[:40].strip()
        voucher = voucher_with_code(code) if code else None
        page = self.render(
            "admin/redeem.html",
            code=code,
            voucher=voucher,
            visit=visit_of(voucher.booking_id) if voucher else None,
            is_own=bool(voucher and voucher.redeemed_device == device_digest()),
            now=clock.now(),
        )
        response = make_response(page)
        response.headers["Permissions-Policy"] = HEADERS["Permissions-Policy"].replace("camera=()", "camera=(self)")
        return response

    @expose("/", methods=("POST",))
    def redeem(self) -> Answer:
        """Spend it. Pressed twice on one device, it says twice that it was done."""
        code = request.form.get("code", "")[:40]
        voucher = voucher_with_code(code)
        if voucher is None:
            flash("No voucher has this code. Check it letter by letter.", "error")
            return redirect(url_for(".index", code=code), 303)  # type: ignore[return-value]
        try:
            redeem_at_desk(voucher, by=current_user, device=device_digest())
            flash(f"Redeemed: {voucher.booking.lead.name}, {voucher.booking.service.name}.", "success")
        except VoucherRedeemed as before:
            flash(f"Already redeemed on {moment(before.at)} by {before.by}. Nothing has changed.", "error")
        except VoucherNotRedeemable:
            flash("This voucher is expired or cancelled, so it cannot be redeemed.", "error")
        return redirect(url_for(".index", code=voucher.code), 303)  # type: ignore[return-value]
