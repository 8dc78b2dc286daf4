"""What can go wrong with an article."""


class SlugTaken(Exception):
    """Another one has this address: an article or page, a category, a tag, one of the team."""


class RedirectRefused(Exception):
    """The redirect would lead in a circle, nowhere, or away from an address in use. The text says which."""


class ArticleChanged(Exception):
    """The article was saved by somebody else after this form was opened. `now` is the version it has by then."""

    def __init__(self, now: int) -> None:
        super().__init__(f"version {now}")
        self.now = now


class NotReady(Exception):
    """The article lacks what publishing needs. `missing` says what, in plain words."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__("; ".join(missing))
        self.missing = missing


class NameTaken(Exception):
    """Another category has this name."""


class StillUsed(Exception):
    """Articles still name it. `number` says how many."""

    def __init__(self, number: int) -> None:
        super().__init__(str(number))
        self.number = number
