"""The style guide shows every part, except in production."""

import io
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from clinic.app import create_app
from clinic.core.settings import load_settings
from clinic.styleguide import VIEWS
from tests.browse import visit

TEMPLATES = Path(__file__).parents[2] / "clinic" / "templates"
one_database = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


@one_database
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_a_whole_page_without_any_row(app: Flask, client: FlaskClient, view: str) -> None:
    page = visit(client, "/styleguide/", query={"show": view})
    assert bool(page.alert()) == view.endswith("errors")
    assert len(page.tree.css("[autofocus]")) == int(view.endswith("errors"))
    for address in {node.attributes["src"] for node in page.tree.css("main img")}:
        assert client.get(address or "").status_code == 200, address


@one_database
def test_the_forms_show_what_was_typed_or_what_is_wrong(app: Flask, client: FlaskClient) -> None:
    assert "Enter a mobile number" in visit(client, "/styleguide/?show=trial-errors").alert()
    assert "Write your comment" in visit(client, "/styleguide/?show=comment-errors").alert()
    typed = visit(client, "/styleguide/?show=trial-typed").values("Book my trial")
    assert (typed["name"], typed["service"]) == ("Mei Tan", "pilates-1-to-1")
    assert "stairs" in visit(client, "/styleguide/?show=comment-typed").values("Post comment")["body"]
    assert visit(client, "/styleguide/").values("Book my trial")["email"] == ""


def test_every_part_of_the_public_pages_is_in_it() -> None:
    guide = (TEMPLATES / "styleguide.html").read_text(encoding="utf-8")
    elsewhere = {"errors.html", "chart.html", "difference.html"}  # within other parts, or in the panel
    for part in (TEMPLATES / "parts").glob("*.html"):
        assert f'"parts/{part.name}"' in guide or part.name in elsewhere, part.name


@one_database
def test_its_pictures_are_real_ones(app: Flask, client: FlaskClient) -> None:
    for name, kind in (("320.jpg", "JPEG"), ("640.webp", "WEBP")):
        picture = Image.open(io.BytesIO(client.get(f"/media/styleguide/{name}").get_data()))
        assert (picture.format, picture.width) == (kind, int(name[:3]))
    for name in ("321.jpg", "320.gif", "320", "x"):
        assert client.get(f"/media/styleguide/{name}").status_code == 404


@one_database
def test_an_unknown_view_is_not_found(app: Flask, client: FlaskClient) -> None:
    visit(client, "/styleguide/?show=nothing", status=404)


@pytest.mark.parametrize(("env", "is_there"), [("production", False), ("development", True)])
def test_production_has_no_style_guide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, env: str, is_there: bool
) -> None:
    monkeypatch.setattr("clinic.app.set_up_logging", lambda env: None)
    app = create_app(load_settings({"CLINIC_ENV": env, "SECRET_KEY": "0123456789abcdef"}, tmp_path))
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    assert ("/styleguide/" in rules) == is_there
    assert any("styleguide" in rule for rule in rules) == is_there
