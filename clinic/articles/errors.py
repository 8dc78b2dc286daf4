"""What can go wrong with an article."""


class SlugTaken(Exception):
    """Another article or page has this address."""


class NotReady(Exception):
    """The article lacks what publishing needs. `missing` says what, in plain words."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__("; ".join(missing))
        self.missing = missing
