"""Every page that a visitor and an owner can come to, by name, and how they come there."""

from collections.abc import Callable

from tests.journeys.browser import ARTICLE, Person

Walk = Callable[[Person], None]


def _at(path: str, status: int = 200) -> Walk:
    return lambda person: person.open(path, status)


def _pressed(path: str, button: str, within: str = "main", status: int = 422) -> Walk:
    def walk(person: Person) -> None:
        person.open(path)
        person.press(button, within=within, status=status)

    return walk


def _first_row(path: str) -> Walk:
    def walk(person: Person) -> None:
        person.open(path)
        person.follow("", within="tbody tr:first-child")

    return walk


def _delete(path: str) -> Walk:
    def walk(person: Person) -> None:
        _first_row(path)(person)
        person.follow("Delete")

    return walk


def _scan(person: Person) -> None:
    person.open("/tf-setup")
    person.choose("An authenticator app")
    person.press("Continue")


PUBLIC: dict[str, Walk] = {
    "home": _at("/"),
    "articles": _at("/articles/"),
    "category": _at("/articles/category/joints/"),
    "tag": _at("/articles/tag/hips/"),
    "article": _at(ARTICLE),
    "article-without-comments": _at("/articles/balance-you-can-train/"),
    "article-of-first-session": _at("/articles/your-first-session-step-by-step/"),
    "article-of-guidelines": _at("/articles/exercise-before-painkillers/"),
    "article-after-a-comment": _at(f"{ARTICLE}?comment=received"),
    "article-with-comment-errors": _pressed(ARTICLE, "Post comment"),
    "book": _at("/book/"),
    "book-with-errors": _pressed("/book/", "Book my trial"),
    "thanks": _at("/book/thanks/"),
    "about": _at("/about/"),
    "services": _at("/services/"),
    "team": _at("/team/"),
    "contact": _at("/contact/"),
    "privacy": _at("/privacy/"),
    "terms": _at("/terms/"),
    "not-found": _at("/nowhere/", 404),
}

DOOR: dict[str, Walk] = {
    "sign-in": _at("/login"),
    "sign-in-by-passkey": _at("/wan-signin"),
    "forgot-password": _at("/reset"),
}

PANEL: dict[str, Walk] = {
    "dashboard": _at("/admin/"),
    "articles": _at("/admin/articles/"),
    "article-new": _at("/admin/articles/new/"),
    "article-new-with-errors": _pressed("/admin/articles/new/", "Publish"),
    "article-edit": _first_row("/admin/articles/?tab=published"),
    "article-delete": _delete("/admin/articles/?tab=published"),
    "pages": _at("/admin/pages/"),
    "page-new": _at("/admin/pages/new/"),
    "page-edit": _first_row("/admin/pages/?tab=published"),
    "media": _at("/admin/media/"),
    "picture-new": _at("/admin/media/new/"),
    "picture-new-with-errors": _pressed("/admin/media/new/", "Save"),
    "picture-edit": _first_row("/admin/media/"),
    "comments": _at("/admin/comments/"),
    "comments-all": _at("/admin/comments/?tab=all"),
    "leads": _at("/admin/leads/"),
    "leads-searched-in-vain": _at("/admin/leads/?search=nobody"),
    "lead": _first_row("/admin/leads/?tab=attended"),
    "lead-new": _first_row("/admin/leads/?tab=new"),
    "bookings": _at("/admin/bookings/"),
    "outbox": _at("/admin/outbox/"),
    "mail": _first_row("/admin/outbox/"),
    "settings": _at("/admin/settings/"),
    "people": _at("/admin/people/"),
    "person-new": _at("/admin/people/new/"),
    "person-new-with-errors": _pressed("/admin/people/new/", "Save"),
    "person-edit": _first_row("/admin/people/"),
    "activity": _at("/admin/activity/"),
    "account": _at("/admin/account/"),
    "change-password": _at("/change"),
    "second-factor": _at("/tf-setup"),
    "second-factor-scan": _scan,
    "recovery-codes": _at("/mf-recovery-codes"),
    "passkeys": _at("/wan-register"),
}
