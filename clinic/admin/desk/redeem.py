"""Redeem a voucher by its code or with the phone's camera, and undo a redemption."""

from flask import abort, flash, make_response, request, url_for
from flask_admin import expose
from flask_login import current_user

from clinic.accounts.access import Permission
from clinic.accounts.sign_in import device_digest
from clinic.admin.kit.guarded import Answer, Guarded
from clinic.admin.kit.return_address import is_panel_path, way_back
from clinic.admin.kit.undo import flash_undo
from clinic.bookings.errors import RedemptionStands, VoucherNotRedeemable, VoucherRedeemed
from clinic.bookings.models import Voucher
from clinic.bookings.operations import may_undo_redemption
from clinic.bookings.queries import voucher_with_code
from clinic.core import clock
from clinic.visits.errors import VisitToCome
from clinic.visits.models import VisitState
from clinic.visits.queries import visit_of
from clinic.visits.redeeming import redeem_at_desk, take_back_redemption, visit_key
from clinic.web.answers import see_other
from clinic.web.filters import local_day, local_now, moment
from clinic.web.headers import HEADERS


def redeem_and_say(voucher: Voucher, text: str, *, back: str, seen: str = "", device: str = "") -> Answer:
    """Redeem a voucher and go back. If the visit is on a later day, ask on the voucher's page first."""
    try:
        redeem_at_desk(voucher, by=current_user, device=device, today=local_now().date(), seen=seen)
        flash_undo(text, url_for("redeem_admin.undo"), code=voucher.code, back=back)
    except VisitToCome:
        return see_other(url_for("redeem_admin.index", code=voucher.code, back=back))
    except VoucherRedeemed as before:
        flash(f"Already redeemed on {moment(before.at)} by {before.by}. Nothing was changed.", "error")
    except VoucherNotRedeemable:
        flash("This voucher is expired or cancelled, so it cannot be redeemed.", "error")
    return see_other(back)


class RedeemScreen(Guarded):
    """Field for the code and a button that redeems. The QR code of a voucher leads here."""

    permission = Permission.LEAD_WORK
    heading = "Redeem"

    @expose("/")
    def index(self) -> Answer:
        """Show the field, and the voucher whose code is in the address."""
        code = request.args.get("code", "")[:40].strip()
        voucher = voucher_with_code(code) if code else None
        visit = visit_of(voucher.booking_id) if voucher else None
        is_later = bool(visit and visit.state == VisitState.SET and local_day(visit.starts_at) > local_now().date())
        page = self.render(
            "admin/desk/redeem.html",
            code=code,
            voucher=voucher,
            visit=visit,
            seen=visit_key(visit) if visit and is_later else "",
            back=request.args.get("back", "") if is_panel_path(request.args.get("back", "")) else "",
            is_own=bool(voucher and voucher.redeemed_device == device_digest()),
            may_undo=bool(voucher and may_undo_redemption(voucher, current_user)),
            now=clock.now(),
        )
        response = make_response(page)
        response.headers["Permissions-Policy"] = HEADERS["Permissions-Policy"].replace("camera=()", "camera=(self)")
        return response

    @expose("/", methods=("POST",))
    def redeem(self) -> Answer:
        """Redeem the voucher. A second press on the same device reports the same success."""
        code = request.form.get("code", "")[:40]
        voucher = voucher_with_code(code)
        if voucher is None:
            flash("No voucher has this code. Check each letter.", "error")
            return see_other(url_for(".index", code=code))
        text = f"Redeemed: {voucher.booking.lead.name}, {voucher.booking.service.name}."
        back = way_back(url_for(".index", code=voucher.code))
        return redeem_and_say(voucher, text, back=back, seen=request.form.get("seen", ""), device=device_digest())

    @expose("/undo/", methods=("POST",))
    def undo(self) -> Answer:
        """Undo a redemption within 15 minutes. Only the person who redeemed may do it."""
        voucher = voucher_with_code(request.form.get("code", "")[:40]) or abort(404)
        try:
            take_back_redemption(voucher, by=current_user)
            flash(f"Undone. Voucher {voucher.code} is valid again.", "success")
        except RedemptionStands:
            flash(
                "Only the person who redeemed a voucher can undo it, and only within 15 minutes. Nothing was changed.",
                "error",
            )
        return see_other(way_back(url_for(".index", code=voucher.code)))
