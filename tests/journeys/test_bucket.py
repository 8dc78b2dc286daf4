"""Pictures in a bucket: machines without a shared disk make and serve the same ones; a wrong bucket stops the start."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from clinic.accounts.access import RoleName
from clinic.accounts.operations import create_user
from clinic.media.queries import newest_images
from tests.factories import PASSWORD, make_article
from tests.journeys.browser import Person, site_in
from tests.journeys.site import DATABASES, ROOT, Site, ask, environ_of, site_on
from tests.journeys.test_editor_publishes import upload, widths_of_pictures
from tests.services import S3, client, free_port, wait_for


@pytest.mark.browser
@pytest.mark.parametrize("database", DATABASES)
def test_what_one_machine_takes_another_makes_sizes_of_and_readers_see(
    database: str, request: pytest.FixtureRequest, tmp_path: Path, browser: Browser, s3_server: S3
) -> None:
    bucket = s3_server.new_bucket(f"journey-{database}")
    web, elsewhere = tmp_path / "web", tmp_path / "elsewhere"
    web.mkdir()
    with site_on(database, request, web, **s3_server.settings(bucket)) as site:
        with site.app.app_context():
            create_user(email="editor@example.org", name="Mei Tan", roles=[RoleName.EDITOR], password=PASSWORD)
        site.start_web()
        place = site_in(web, site.port)
        editor, reader = Person(browser, place), Person(browser, place)
        editor.sign_in("editor", password=PASSWORD)
        number = int(upload(editor, "A chair, from the side"))
        with site.app.app_context():
            address = make_article(image_id=number).address
        reader.open(address)
        assert widths_of_pictures(reader)[0] == 1600, "the original, as there is nothing else yet"
        site.start("worker elsewhere", instance=elsewhere)
        wait_for(lambda: newest_is_rendered(site), "the sizes to be made")
        reader.open(address)
        assert ".avif" in reader.page.locator(".article img").first.evaluate("(image) => image.currentSrc")
        assert widths_of_pictures(reader)[0] > 0
        assert ask(site.port, f"{address}share.jpg").status == 200
        editor.leave()
        reader.leave()
    kept = {found["Key"].rpartition("/")[2] for found in client(bucket).list_objects_v2(Bucket=bucket.name)["Contents"]}
    assert {"original.jpg", "480.avif", "1600.webp"} <= kept
    assert not (web / "media").exists()
    assert not (elsewhere / "media").exists()


def newest_is_rendered(site: Site) -> bool:
    with site.app.app_context():
        return newest_images()[0].rendered_at is not None


WORKER = ["-m", "flask", "--app", "wsgi.py", "clinic", "worker"]


def ended(tmp_path: Path, command: list[str], **settings: str) -> "subprocess.CompletedProcess[str]":
    environ = environ_of(tmp_path / "instance", free_port(), SECRET_KEY="a-long-secret-of-this-test", **settings)
    return subprocess.run(
        [sys.executable, *command], env=environ, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("command", [["-m", "clinic.serve"], WORKER])
def test_a_wrong_bucket_stops_the_start_with_one_line(tmp_path: Path, s3_server: S3, command: list[str]) -> None:
    settings = {"MEDIA_URL": f"s3://no-such-bucket?endpoint={s3_server.endpoint}"}
    key = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    process = ended(tmp_path, command, **settings, **key)
    assert process.returncode == 1
    assert process.stderr.splitlines()[-1].endswith("MEDIA_URL is wrong: the bucket says NoSuchBucket")
    assert "Traceback" not in process.stderr


def test_a_bucket_that_does_not_answer_keeps_the_demo_from_being_loaded_and_a_worker_from_nothing(
    tmp_path: Path,
) -> None:
    settings = {"MEDIA_URL": f"s3://clinic?endpoint=http://127.0.0.1:{free_port()}"}
    key = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    process = ended(tmp_path, ["-m", "clinic.serve"], **settings, **key)
    assert process.returncode == 1
    assert "The demo clinic needs media storage" in process.stderr.splitlines()[-1]
    assert "Traceback" not in process.stderr
    process = ended(tmp_path, [*WORKER, "--once"], **settings, **key)
    assert (process.returncode, process.stdout) == (0, "0 messages tried.\n")
    assert "Media storage is unreachable" in process.stderr
