"""Save, Back, Save in a real browser, with and without JavaScript: one article, with the text last typed."""

import itertools

import pytest

from tests.journeys.browser import Person
from tests.journeys.conftest import MakePerson

pytestmark = pytest.mark.browser

numbers = itertools.count(1)


def articles(person: Person, title: str) -> int:
    ((number,),) = person.site.rows(f"SELECT count(*) FROM article WHERE title LIKE '{title}%'")
    return int(number)


@pytest.mark.parametrize("scripts", [True, False])
def test_save_back_save_makes_one_page(arrive: MakePerson, scripts: bool) -> None:
    editor = arrive(role="editor", **({} if scripts else {"java_script_enabled": False}))
    title = f"Back and forth {next(numbers)}"
    editor.open("/admin/pages/new/")
    for _ in range(2):
        editor.page.get_by_label("Title").fill(title)
        editor.press("Save")
        editor.page.go_back()
        editor.page.wait_for_load_state()
    assert articles(editor, title) == 1


def test_save_back_save_of_a_name_leads_to_the_first(arrive: MakePerson) -> None:
    editor = arrive(role="editor")
    name = f"Back and forth {next(numbers)}"
    editor.open("/admin/categories/new/")
    places = []
    for _ in range(2):
        editor.page.get_by_label("Name").fill(name)
        editor.press("Save")
        places.append(editor.page.url)
        editor.page.go_back()
        editor.page.wait_for_load_state()
    assert places[0] == places[1]


def test_other_words_after_going_back_are_asked_about(arrive: MakePerson) -> None:
    editor = arrive(role="editor")
    title = f"Changed after back {next(numbers)}"
    editor.open("/admin/pages/new/")
    editor.page.get_by_label("Title").fill(title)
    editor.press("Save")
    editor.page.go_back()
    editor.page.wait_for_load_state()
    editor.page.get_by_label("Title").fill(f"{title} once more")
    editor.press("Save", status=422)
    assert "already saved this form" in editor.alert()
    assert editor.page.get_by_label("Title").input_value() == f"{title} once more"
    assert articles(editor, title) == 1


def test_beside_a_refused_save_nobody_is_told_of_text_that_was_never_saved(arrive: MakePerson) -> None:
    editor = arrive(role="editor")
    editor.open("/admin/pages/new/")
    editor.page.get_by_label("Summary").fill("  A summary\n\n\n\nwith spaces  ")
    editor.page.wait_for_timeout(4000)  # autosaved on the server meanwhile
    for _ in range(2):
        editor.press("Save", status=422)
        assert "never saved" not in editor.text()
        assert "unsaved changes" not in editor.text()
        assert editor.page.locator(".alert").count() == 1
