"""Templates: each compiles, raw HTML is declared, and none has inline code or styles."""

import re
from pathlib import Path

import pytest
from flask import Flask

import clinic
from clinic.outbox import operations as outbox

FOLDER = Path(__file__).parents[2] / "clinic" / "templates"
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file())
PAGES = [path for path in FILES if path.suffix == ".html" and not path.is_relative_to(FOLDER / "mail")]
MAILS = sorted(path.name for path in (FOLDER / "mail").iterdir() if path.is_dir())

# Places where HTML is not escaped, with the reason.
SAFE = {"parts/picture.html": 1}  # a caption from a body, sanitised on saving
HANDLER = re.compile(r"""<[^>]*\son[a-z]+\s*=""")
STYLE = re.compile(r"""<style|<[^>]*\sstyle\s*=""")
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)")
AUTOESCAPE_OFF = re.compile(r"autoescape\s+false|\|\s*forceescape|Markup\(")


def name(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_every_template_compiles(app: Flask) -> None:
    assert len(FILES) > 50
    for path in FILES:
        if path.is_relative_to(FOLDER / "mail"):
            outbox._templates.get_template(path.relative_to(FOLDER / "mail").as_posix())
        else:
            app.jinja_env.get_template(name(path))


def test_raw_html_is_let_through_only_where_this_list_says_so() -> None:
    found = {name(path): len(re.findall(r"\|\s*safe\b", path.read_text(encoding="utf-8"))) for path in FILES}
    assert {file: number for file, number in found.items() if number} == SAFE
    for path in FILES:
        assert not AUTOESCAPE_OFF.search(path.read_text(encoding="utf-8")), name(path)


@pytest.mark.parametrize("pattern", [HANDLER, STYLE, INLINE_SCRIPT], ids=["handlers", "styles", "scripts"])
def test_pages_carry_no_code_and_no_styles_within(pattern: "re.Pattern[str]") -> None:
    for path in PAGES:
        found = pattern.search(path.read_text(encoding="utf-8"))
        assert not found, f"{name(path)}: {found and found[0]}"


def test_the_patterns_find_what_they_look_for() -> None:
    assert HANDLER.search('<a href="#" onclick="x()">')
    assert STYLE.search('<p style="color:red">')
    assert STYLE.search("<style>")
    assert INLINE_SCRIPT.search("<script>x()</script>")
    assert not INLINE_SCRIPT.search('<script src="/x.js" defer></script>')


def test_every_mail_has_a_subject_a_text_and_html() -> None:
    assert MAILS
    for kind in MAILS:
        assert sorted(path.name for path in (FOLDER / "mail" / kind).iterdir()) == [
            "body.html",
            "body.txt",
            "subject.txt",
        ]


def test_every_post_form_of_staff_carries_the_token_and_every_field_macro_is_used() -> None:
    for path in PAGES:
        if not {"admin", "security"} & set(path.parts):
            continue
        for form in re.findall(r'<form[^>]*method="post".*?</form>', path.read_text(encoding="utf-8"), re.DOTALL):
            assert any(token in form for token in ("csrf_token", "admin/kit/token.html", "hidden_id(")), (
                f"{name(path)}: {form[:90]}"
            )
    views = Path(clinic.__file__).parent / "reading" / "article.py"  # renders the parts inside a body
    used = "".join(path.read_text(encoding="utf-8") for path in (*FILES, views))
    for path in (FOLDER / "parts").glob("*.html"):
        assert f'"parts/{path.name}"' in used, f"{path.name} is used by no template"
