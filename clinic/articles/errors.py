"""Errors of operations on articles."""


class SlugTaken(Exception):
    """The slug is in use by an article, a page, a category, a tag or a team member."""


class RedirectRefused(Exception):
    """The redirect would lead in a circle, nowhere, or away from an address in use. The text says which."""


class ArticleChanged(Exception):
    """Somebody saved the article after this form was opened. `now` is its present version."""

    def __init__(self, now: int) -> None:
        super().__init__(f"version {now}")
        self.now = now


class NotReady(Exception):
    """The article cannot be published yet. `missing` lists the missing parts in plain words."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__("; ".join(missing))
        self.missing = missing


class NameTaken(Exception):
    """Another category has this name."""


class StillUsed(Exception):
    """Articles still use the row. `number` is their number."""

    def __init__(self, number: int) -> None:
        super().__init__(str(number))
        self.number = number
