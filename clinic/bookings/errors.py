"""Errors about trials."""

from datetime import datetime


class TrialAlreadyUsed(Exception):
    """This person has had their trial."""


class UsedSince(TrialAlreadyUsed):
    """The email or mobile of a held request was used for a trial after the desk last compared it."""


class ServiceTaken(Exception):
    """Another service has this name or slug. `field` tells which."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class ServiceBooked(Exception):
    """The service has bookings. `number` is how many."""

    def __init__(self, number: int) -> None:
        super().__init__(str(number))
        self.number = number


class NotHeld(Exception):
    """The booking is no longer held."""


class VoucherNotRedeemable(Exception):
    """The voucher has expired or was cancelled."""


class VoucherRedeemed(Exception):
    """The voucher was already redeemed: at `at`, by `by`."""

    def __init__(self, at: datetime, by: str) -> None:
        super().__init__(by)
        self.at = at
        self.by = by


class RedemptionStands(Exception):
    """The redemption cannot be undone: the voucher is not redeemed, or by somebody else, or more than 15 minutes
    ago."""
