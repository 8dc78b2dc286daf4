"""Deletion of files left by a crash, and copying folders to a bucket."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from clinic.media import leftovers as leftovers_module
from clinic.media.files import files
from clinic.media.folder import Folder
from clinic.media.operations import replace_image
from clinic.reading.share_picture import share_picture
from tests.factories import make_article, make_image, picture_bytes
from tests.media.places import break_place, everything

LOST = "0123456789abcdef"


def run(app: Flask, *arguments: str) -> str:
    answer = app.test_cli_runner().invoke(args=["clinic", *arguments])
    assert answer.exit_code == 0, answer.output
    return str(answer.stdout)


@pytest.fixture
def _in_two_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Move the clock, because the age of files comes from the storage."""
    monkeypatch.setattr(leftovers_module, "UNDER_WAY", timedelta(seconds=-60))


def leave_something() -> list[str]:
    image = make_image()
    replace_image(image, picture_bytes(300, 200), filename="x.jpg")
    with share_picture(make_article(image_id=image.id), "Clinic").stream:
        pass
    names = [
        f"{LOST}/original.jpg",
        f"{LOST}/v2/480.jpg",
        f"{image.key}/480.jpg",
        f"{image.key}/v3/original.png",
        f"{image.key}/.ab12cd34/original.jpg",
        f"{image.key}/v2/.ab12cd34.part",
    ]
    for name in (*names, "somebody-elses/original.jpg", "note.txt"):
        files().write(name, b"left")
    return names


@pytest.mark.usefixtures("_in_two_days")
def test_what_no_picture_needs_goes_and_all_else_stays(app: Flask) -> None:
    left = leave_something()
    before = everything()
    assert sorted(run(app, "sweep-media", "--dry-run").split()) == sorted(left)
    assert everything() == before
    assert sorted(run(app, "sweep-media").split()) == sorted(left)
    assert everything() == [name for name in before if name not in left]
    assert run(app, "sweep-media") == ""


def test_what_may_still_be_written_stays(app: Flask) -> None:
    leave_something()
    before = everything()
    assert run(app, "sweep-media") == ""
    assert everything() == before


def test_a_folder_is_copied_and_copied_again_only_where_something_is_missing(app: Flask, tmp_path: Path) -> None:
    old = Folder(tmp_path)
    for name, data in ((f"{LOST}/480.jpg", b"1"), (f"{LOST}/v2/480.jpg", b"22"), ("share/1-ab.jpg", b"333")):
        old.write(name, data)
    (tmp_path / LOST / "not ours (1).jpg").touch()
    assert run(app, "copy-media", str(tmp_path)) == "Files copied: 3.\n"
    assert [(entry.name, entry.size) for entry in files().names("")] == [
        (entry.name, entry.size) for entry in old.names("")
    ]
    assert run(app, "copy-media", str(tmp_path)) == "Files copied: 0.\n"
    files().write(f"{LOST}/v2/480.jpg", b"half")
    assert run(app, "copy-media", str(tmp_path)) == "Files copied: 1.\n"
    assert files().read(f"{LOST}/v2/480.jpg") == b"22"


@pytest.mark.parametrize("command", ["sweep-media", "copy-media"])
def test_a_place_that_is_away_is_said_in_one_line(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    break_place(monkeypatch, "names")
    arguments = [command, str(tmp_path)] if command == "copy-media" else [command]
    answer = app.test_cli_runner().invoke(args=["clinic", *arguments])
    assert answer.exit_code == 1
    assert answer.stderr == "Error: Media storage is unreachable: [Errno 28] No space left on device\n"
