"""Every page that a visitor and an owner can reach, by name, with the way to it."""

from collections.abc import Callable
from pathlib import Path

from itsdangerous import TimestampSigner

from clinic.core.env_file import values_of
from clinic.styleguide import VIEWS
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


def _pressed_in_first_row(path: str, button: str) -> Walk:
    def walk(person: Person) -> None:
        _first_row(path)(person)
        person.press(button, within="main", status=422)

    return walk


def _delete(path: str) -> Walk:
    def walk(person: Person) -> None:
        _first_row(path)(person)
        person.follow("Delete")

    return walk


def _followed(path: str, name: str) -> Walk:
    def walk(person: Person) -> None:
        person.open(path)
        person.follow(name, within="tbody")

    return walk


def _imported(person: Person) -> None:
    person.open("/admin/redirects/import/")
    person.page.get_by_label("Or paste the lines here").fill("/an-old-page/;/about/\n/a-line-without-an-end/\n")
    person.press("Import")


def _replace(person: Person) -> None:
    _first_row("/admin/media/")(person)
    person.follow("Replace the file")


def _of_first_article(page: str) -> Walk:
    return lambda person: person.open(f"/admin/articles/{page}/?id=1&version=1")


def signed_link(instance: Path, purpose: str, value: object) -> str:
    """Return a signed link as in the site's emails. Links are stored nowhere else, so it is signed here with the site's
    key."""
    key = values_of(instance / "settings.env")["SECRET_KEY"]
    token = TimestampSigner(key, salt=f"link {purpose}").sign(str(value).encode().hex()).decode()
    return f"/link/{purpose}/{token}/"


def _of_mail(kind: str, purpose: str) -> Walk:
    """Open the link in the demo's latest email of a kind."""

    def walk(person: Person) -> None:
        wanted = "SELECT once_key FROM message WHERE kind = :kind ORDER BY id DESC LIMIT 1"
        ((once_key,),) = person.site.rows(wanted, kind=kind)
        id_ = int(once_key.split(":")[1])
        if kind == "visit_set":
            ((id_,),) = person.site.rows("SELECT booking_id FROM visit WHERE id = :id", id=id_)
        if purpose == "my-data":
            ((id_,),) = person.site.rows("SELECT lead_id FROM booking WHERE id = :id", id=id_)
        person.open(signed_link(person.site.instance, purpose, id_))

    return walk


def _then_press(walk: Walk, button: str, status: int = 200) -> Walk:
    def both(person: Person) -> None:
        walk(person)
        person.press(button, within="main", status=status)

    return both


def _set_time(person: Person) -> None:
    person.open("/admin/today/")
    person.page.locator(".waiting a").first.click()
    person.page.wait_for_load_state()
    person.look()


def _redeem(person: Person) -> None:
    ((code,),) = person.site.rows("SELECT code FROM voucher WHERE state = 'issued' ORDER BY id LIMIT 1")
    person.open(f"/admin/redeem/?code={code}")


def _tried(person: Person) -> None:
    person.open("/admin/known-customers/")
    person.page.get_by_label("Or paste the lines here").fill("old@example.org,9123 4567\nnot an address,\n")
    person.press("Import")


def _scan(person: Person) -> None:
    person.open("/tf-setup")
    person.choose("Authenticator app")
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
    "times": _of_mail("trial_confirmed", "times"),
    "times-said": _then_press(_of_mail("trial_confirmed", "times"), "Send my times"),
    "times-with-errors": _pressed("/book/thanks/", "Send my times"),
    "visit-cancel": _of_mail("visit_set", "cancel-visit"),
    "visit-other-time": _of_mail("visit_set", "other-time"),
    "my-data": _of_mail("visit_set", "my-data"),
    "my-data-shown": _then_press(_of_mail("visit_set", "my-data"), "Show my data"),
    "about": _at("/about/"),
    "services": _at("/services/"),
    "service": _at("/services/pilates-1-to-1/"),
    "team": _at("/team/"),
    "author": _at("/team/lim-pei-shuang/"),
    "contact": _at("/contact/"),
    "privacy": _at("/privacy/"),
    "terms": _at("/terms/"),
    "search": _at("/search/"),
    "search-with-hits": _at("/search/?q=back+pain"),
    "search-in-vain": _at("/search/?q=zzzzzzzz"),
    "not-found": _at("/nowhere/", 404),
}

DOOR: dict[str, Walk] = {
    "sign-in": _at("/login"),
    "sign-in-by-passkey": _at("/wan-signin"),
    "forgot-password": _at("/reset"),
}

# Not on the demo site: see styleguide_site.
STYLEGUIDE: dict[str, Walk] = {f"styleguide-{view}": _at(f"/styleguide/?show={view}") for view in VIEWS}

PANEL: dict[str, Walk] = {
    "dashboard": _at("/admin/"),
    "articles": _at("/admin/articles/"),
    "article-new": _at("/admin/articles/new/"),
    "article-new-with-errors": _pressed("/admin/articles/new/", "Publish"),
    "article-edit": _first_row("/admin/articles/?tab=published"),
    "article-new-unsaved": _at("/admin/articles/new/?unsaved=1"),
    "article-preview": _of_first_article("preview"),
    "article-check": _of_first_article("check"),
    "article-revisions": _of_first_article("revisions"),
    "articles-trash": _at("/admin/articles/?tab=trash"),
    "article-delete": _delete("/admin/articles/?tab=published"),
    "pages": _at("/admin/pages/"),
    "page-new": _at("/admin/pages/new/"),
    "page-edit": _first_row("/admin/pages/?tab=published"),
    "media": _at("/admin/media/"),
    "picture-new": _at("/admin/media/new/"),
    "picture-new-with-errors": _pressed("/admin/media/new/", "Save"),
    "picture-edit": _first_row("/admin/media/"),
    "categories": _at("/admin/categories/"),
    "category-new": _at("/admin/categories/new/"),
    "category-new-with-errors": _pressed("/admin/categories/new/", "Save"),
    "category-edit": _first_row("/admin/categories/"),
    "category-delete": _delete("/admin/categories/"),
    "tags": _at("/admin/tags/"),
    "tag-edit": _first_row("/admin/tags/"),
    "team-list": _at("/admin/team/"),
    "team-new-with-errors": _pressed("/admin/team/new/", "Save"),
    "team-edit": _first_row("/admin/team/"),
    "services-list": _at("/admin/services/"),
    "service-new-with-errors": _pressed("/admin/services/new/", "Save"),
    "service-edit": _first_row("/admin/services/"),
    "menus": _at("/admin/menus/"),
    "menus-footer": _at("/admin/menus/?tab=footer"),
    "menu-link-new-with-errors": _pressed("/admin/menus/new/", "Save"),
    "menu-link-edit": _first_row("/admin/menus/"),
    "home-page": _at("/admin/home/"),
    "home-section": _first_row("/admin/home/"),
    "home-questions": _followed("/admin/home/", "What people ask"),
    "redirects": _at("/admin/redirects/"),
    "redirect-new-with-errors": _pressed("/admin/redirects/new/", "Save"),
    "redirects-import": _at("/admin/redirects/import/"),
    "redirects-imported": _imported,
    "media-list": _at("/admin/media/?view=list"),
    "media-searched-in-vain": _at("/admin/media/?search=zzzz"),
    "picture-delete": _delete("/admin/media/"),
    "picture-replace": _replace,
    "pictures-upload": _at("/admin/media/upload/"),
    "comments": _at("/admin/comments/"),
    "comments-all": _at("/admin/comments/?tab=all"),
    "today": _at("/admin/today/"),
    "today-nobody": _at("/admin/today/?day=2020-01-01"),
    "calendar": _at("/admin/calendar/"),
    "set-time": _set_time,
    "redeem": _at("/admin/redeem/"),
    "redeem-voucher": _redeem,
    "redeem-in-vain": _at("/admin/redeem/?code=NOSUCH99"),
    "therapists": _at("/admin/therapists/"),
    "therapist-edit": _first_row("/admin/therapists/"),
    "report": _at("/admin/report/"),
    "report-by-week": _at("/admin/report/?by=week"),
    "letters": _at("/admin/letters/"),
    "letter-new-with-errors": _pressed("/admin/letters/new/", "Save"),
    "known-customers": _at("/admin/known-customers/"),
    "known-customers-tried": _tried,
    "blocked-guests": _at("/admin/blocked-guests/"),
    "blocked-guest-new-with-errors": _pressed("/admin/blocked-guests/new/", "Save"),
    "board": _at("/admin/leads/board/"),
    "booking-compare": _followed("/admin/bookings/?tab=held", "Compare"),
    "leads": _at("/admin/leads/"),
    "leads-searched-in-vain": _at("/admin/leads/?search=nobody"),
    "lead": _first_row("/admin/leads/?tab=attended"),
    "lead-new": _first_row("/admin/leads/?tab=new"),
    "lead-letter-refused": _pressed_in_first_row("/admin/leads/?tab=new", "Send email"),
    "lead-note-refused": _pressed_in_first_row("/admin/leads/?tab=new", "Save note"),
    "bookings": _at("/admin/bookings/"),
    "outbox": _at("/admin/outbox/"),
    "mail": _first_row("/admin/outbox/"),
    "settings": _at("/admin/settings/"),
    "history": _at("/admin/activity/?thing=article:1"),
    "panel-search": _at("/admin/search/?q=e"),
    "panel-search-in-vain": _at("/admin/search/?q=xylophone"),
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
