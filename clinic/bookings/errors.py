"""What can go wrong with a trial."""

from datetime import datetime


class TrialAlreadyUsed(Exception):
    """This person has had their trial."""


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
