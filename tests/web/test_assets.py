"""Style sheets, scripts, fonts and icons: hashed names, cached for ever, in the smallest encoding."""

import gzip
import re
import threading
from pathlib import Path

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from clinic.web.assets import FOR_EVER, Assets, asset_url
from clinic.web.headers import HEADERS
from tests.browse import visit
from tests.conftest import make_app
from tests.factories import make_article, make_image

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
EACH_KIND = ("site.css", "trial.js", "figtree.woff2", "favicon.svg", "icon-192.png", "webauthn.js")
BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}


def get(client: FlaskClient, name: str, **headers: str) -> TestResponse:
    return client.get(asset_url(name), headers=headers)


@pytest.mark.parametrize("name", EACH_KIND)
def test_each_is_named_by_its_content_and_kept_for_ever(client: FlaskClient, name: str) -> None:
    answer = get(client, name)
    assert answer.status_code == 200
    stem, _, extension = name.rpartition(".")
    assert re.fullmatch(rf"/assets/{stem}-[0-9a-f]{{10}}\.{extension}", asset_url(name))
    assert answer.headers["Cache-Control"] == FOR_EVER
    assert {header: answer.headers.getlist(header) for header in HEADERS} == {
        header: [value] for header, value in HEADERS.items()
    }
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("name", ["site.css", "panel.css", "editor.js", "map.svg"])
def test_text_travels_in_the_smallest_encoding_that_is_asked_for(client: FlaskClient, name: str) -> None:
    plain, zipped, small = (get(client, name, **{"Accept-Encoding": one}) for one in ("identity", "gzip", "gzip, br"))
    assert [one.headers.get("Content-Encoding") for one in (plain, zipped, small)] == [None, "gzip", "br"]
    assert gzip.decompress(zipped.get_data()) == brotli.decompress(small.get_data()) == plain.get_data()
    assert len(plain.get_data()) > len(zipped.get_data()) > len(small.get_data())
    assert {one.headers["Vary"] for one in (plain, zipped, small)} == {"Accept-Encoding"}


@pytest.mark.parametrize("name", ["figtree.woff2", "icon-512.png"])
def test_what_is_compressed_already_travels_as_it_is(client: FlaskClient, name: str) -> None:
    answer = get(client, name, **BROWSER)
    assert "Content-Encoding" not in answer.headers
    assert "Vary" not in answer.headers


def test_who_has_it_is_told_so_and_sent_nothing(client: FlaskClient) -> None:
    first = get(client, "site.css", **BROWSER)
    again = get(client, "site.css", **BROWSER, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")


def test_only_whole_names_lead_to_a_file(app: Flask, client: FlaskClient) -> None:
    for path in ("/assets/", "/assets/site.css", f"{asset_url('site.css')}.gz", "/assets/../app.py", "/static/css/"):
        assert client.get(path).status_code == 404, path
    assert client.post(asset_url("site.css")).status_code == 405
    with pytest.raises(KeyError):
        asset_url("nothing.css")


def test_pages_name_no_file_that_may_change_under_its_name(client: FlaskClient) -> None:
    make_image()
    page = visit(client, make_article().address)
    linked = re.findall(r'(?:src|href)="(/[^"]+\.(?:css|js|svg|png|woff2))"', page.html)
    assert len(linked) >= 5
    for path in linked:
        assert re.fullmatch(r"/assets/[\w-]+-[0-9a-f]{10}\.\w+", path), path
    icons = client.get("/site.webmanifest").get_json()["icons"]
    assert {client.get(icon["src"]).mimetype for icon in icons} == {"image/svg+xml", "image/png"}


def test_a_changed_file_gets_another_name_and_the_earlier_one_stays(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Assets(tmp_path / "assets").url("trial.js")
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: read(self) + (b"//" if self.name == "trial.js" else b""))
    after = Assets(tmp_path / "assets").url("trial.js")
    assert after != before
    assert (tmp_path / before[1:]).exists()
    assert (tmp_path / after[1:]).read_bytes() == (tmp_path / before[1:]).read_bytes() + b"//"


def test_an_earlier_release_s_file_is_served_after_an_update(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "site-0123456789.css").write_text("p{}")
    updated = make_app(tmp_path)
    answer = updated.test_client().get("/assets/site-0123456789.css")
    assert (answer.status_code, answer.get_data()) == (200, b"p{}")


def test_processes_that_start_together_write_the_same_whole_files(app: Flask, tmp_path: Path) -> None:
    starts = [threading.Thread(target=Assets, args=(tmp_path / "assets",)) for _ in range(4)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    names = {path.name for path in (tmp_path / "assets").iterdir()}
    assert {path.name for path in app.extensions["clinic.assets"].folder.iterdir()} == names
    assert list(tmp_path.iterdir()) == [tmp_path / "assets"], "drafts are removed"


def test_a_second_start_writes_nothing(app: Flask, tmp_path: Path) -> None:
    Assets(tmp_path / "assets")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "assets").iterdir()}
    Assets(tmp_path / "assets")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "assets").iterdir()} == before


def test_a_site_with_https_promises_it_on_files_too(app: Flask, tmp_path: Path) -> None:
    secure = make_app(tmp_path, SITE_URL="https://clinic.example")
    answer = secure.test_client().get(secure.extensions["clinic.assets"].url("site.css"))
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
