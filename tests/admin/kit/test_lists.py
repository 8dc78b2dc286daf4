"""Tests of every list screen: search, tabs, sorting, and invalid values in the address."""

from collections.abc import Callable

from flask.testing import FlaskClient

from clinic.articles.lifecycle import publish_article
from clinic.articles.models import Kind
from clinic.articles.redirects import add_redirect
from tests.admin.statements import statements
from tests.browse import visit
from tests.factories import make_article, make_booking, make_comment, make_image, make_user

SignIn = Callable[..., FlaskClient]
SORTED = [
    "articles",
    "pages",
    "media",
    "tags",
    "redirects",
    "comments",
    "leads",
    "bookings",
    "outbox",
    "people",
    "activity",
]
ORDERED = ["categories", "team", "menus", "home", "services"]  # by their places, and by nothing else
SCREENS = SORTED + ORDERED
NONSENSE = (
    "page=-5",
    "page=abc",
    "page=99999999999999",
    "page_size=-1",
    "sort=99",
    "sort=-1",
    "sort=abc",
    "sort=99999999999999999999&desc=abc",
    "search=%25",
    "search=%5C",
    "search='%22;--",
    "search=%FF%F0%9F%98%80",
    "search=" + "x+" * 200,
    "tab=nonsense",
    "flt0_0=x",
)
IDS = ("abc", "-1", "987654", "99999999999999", "9" * 5000, "")


def fill() -> None:
    article = make_article(image_id=make_image().id, tags=["hips"])
    add_redirect("/old/", "/new/")
    publish_article(make_article(kind=Kind.PAGE, publish=False))
    make_comment(article)
    make_booking(article=article)


def test_nonsense_in_the_address_of_a_list_is_answered_calmly(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    fill()
    for screen in SCREENS:
        for query in NONSENSE:
            answer = owner.get(f"/admin/{screen}/?{query}")
            assert answer.status_code == 200, f"{answer.status_code} for {query}"
        assert owner.get(f"/admin/{screen}/?search=a%00b").status_code == 400


def test_nonsense_as_an_id_is_not_found(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    token = visit(owner, "/admin/").values("Sign out")["csrf_token"]
    for screen in SCREENS:
        for number in IDS:
            for page in ("edit", "details"):
                status = owner.get(f"/admin/{screen}/{page}/?id={number}").status_code
                assert status == 404, (screen, page, number[:20])
            data = {"csrf_token": token, "action": "no", "rowid": number}
            assert owner.post(f"/admin/{screen}/action/", data=data).status_code < 400
        assert owner.post(f"/admin/{screen}/delete/?id=987654", data={"csrf_token": token}).status_code == 404
        assert owner.get(f"/admin/{screen}/?id=a%00b").status_code == 400


def test_what_flask_admin_brings_along_and_we_do_not_use_is_not_there(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    for screen in SCREENS:
        for rest in ("ajax/lookup/?name=x&query=x", "export/csv/"):
            assert owner.get(f"/admin/{screen}/{rest}").status_code == 404


def test_every_sortable_column_and_every_tab_opens_a_good_page(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    fill()
    for screen in SORTED:
        page = visit(owner, f"/admin/{screen}/")
        columns = page.tree.css("thead a")
        assert columns
        for link in [columns[-1], *page.tree.css(".tabs a")[:2]]:
            visit(owner, link.attributes["href"] or "")


def test_sorting_turns_round_and_survives_a_search(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    for title in ("Beta hips", "Alpha hips", "Gamma knees"):
        make_article(title=title)
    page = visit(owner, "/admin/articles/")

    def sorted_by_title(query: str) -> list[str]:
        return visit(owner, f"/admin/articles/?{query}").texts("td[data-label=Title]")

    link = (page.tree.css("thead a")[0].attributes["href"] or "").partition("?")[2]
    assert sorted_by_title(link) == ["Alpha hips", "Beta hips", "Gamma knees"]
    again = visit(owner, f"/admin/articles/?{link}")
    assert again.one("th[aria-sort]").attributes["aria-sort"] == "ascending"
    turned = (again.tree.css("thead a")[0].attributes["href"] or "").partition("?")[2]
    assert sorted_by_title(turned) == ["Gamma knees", "Beta hips", "Alpha hips"]
    assert sorted_by_title(f"{link}&search=hips") == ["Alpha hips", "Beta hips"]


def test_a_search_keeps_its_tab_and_can_be_cleared(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    make_article(title="Draft hips", publish=False)
    make_article(title="Shown hips")
    page = visit(owner, "/admin/articles/?tab=draft").submit("Search", search="hips")
    assert page.texts("td[data-label=Title]") == ["Draft hips"]
    assert page.texts(".tabs [aria-current=true]") == ["Drafts"]
    assert page.one("#search").attributes["value"] == "hips"
    clear = visit(owner, page.one(".search a").attributes["href"] or "")
    assert "Draft hips" in clear.text
    assert not clear.one("#search").attributes["value"]


def many(number: int) -> None:
    for count in range(number):
        article = make_article(title=f"Strong hips {count}")
        publish_article(make_article(kind=Kind.PAGE, publish=False))
        make_comment(article)
        make_booking(article=article)
        make_user()
    make_image()


def costs(owner: FlaskClient) -> dict[str, int]:
    found = {}
    for screen in SCREENS:
        with statements() as sent:
            assert owner.get(f"/admin/{screen}/?tab=all").status_code == 200
        found[screen] = len(sent)
    return found


def test_a_list_costs_few_statements_however_many_rows_it_has(sign_in: SignIn) -> None:
    owner = sign_in("owner")
    many(1)
    few = costs(owner)
    many(29)
    assert costs(owner) == few
    assert max(few.values()) < 10, few
