"""What can go wrong with a trial."""

from datetime import datetime


class TrialAlreadyUsed(Exception):
    """This person has had their trial."""


class UsedSince(TrialAlreadyUsed):
    """After a request was held, its e-mail or mobile was used for a trial; the desk has not compared it with that."""


class ServiceTaken(Exception):
    """Another service has this name or this slug. `field` says which."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class ServiceBooked(Exception):
    """Bookings refer to the service. `number` says how many."""

    def __init__(self, number: int) -> None:
        super().__init__(str(number))
        self.number = number


class NotHeld(Exception):
    """The booking no longer waits for a decision."""


class VoucherNotRedeemable(Exception):
    """The voucher is expired or cancelled."""


class VoucherRedeemed(Exception):
    """The voucher was redeemed before: `at`, and `by` whom."""

    def __init__(self, at: datetime, by: str) -> None:
        super().__init__(by)
        self.at = at
        self.by = by


class RedemptionStands(Exception):
    """The voucher is not redeemed, or by somebody else, or longer than 15 minutes ago."""
