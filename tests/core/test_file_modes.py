"""File permissions: others cannot read the database, the mails or the settings; nginx can read assets and pictures."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic.outbox.operations import send_due
from clinic.outbox.postman import postman
from tests.conftest import make_app
from tests.factories import make_booking, make_image

PUBLIC = ("assets", "media")


@pytest.fixture(autouse=True)
def _loose_umask() -> Iterator[None]:
    """Run with an umask that hides nothing, as an operator might."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def private_files(instance: Path) -> list[Path]:
    return [path for path in instance.rglob("*") if path.relative_to(instance).parts[0] not in PUBLIC]


def assert_closed(instance: Path) -> None:
    assert mode(instance) == 0o700
    for path in private_files(instance):
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path


def test_what_the_site_writes_is_closed_from_the_start(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    app = make_app(instance)
    with app.app_context():
        make_booking()
        make_image()
        send_due(postman(), owner="test")
    names = {path.name for path in private_files(instance)}
    assert {"clinic.sqlite3", "clinic.sqlite3-wal", "clinic.sqlite3-shm", "clinic.sqlite3-turns", "mail"} <= names
    assert any(name.endswith(".eml") for name in names)
    assert_closed(instance)
    for folder in PUBLIC:
        for path in (instance / folder, *(instance / folder).rglob("*")):
            assert mode(path) == (0o755 if path.is_dir() else 0o644), path


def test_what_earlier_releases_left_open_is_closed_at_the_start(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    for name in ("mail/20260101-a.eml", "backup/old/clinic.sqlite3", "settings.env", "demo-password.txt", "notes.txt"):
        (instance / name).parent.mkdir(parents=True, exist_ok=True)
        (instance / name).write_text("# kept\n")
    elsewhere = tmp_path / "elsewhere.sqlite3"
    elsewhere.touch()
    make_app(instance, DATABASE_URL=f"sqlite:///{elsewhere}")
    assert_closed(instance)
    assert mode(elsewhere) == 0o600
    assert (instance / "mail" / "20260101-a.eml").read_text() == "# kept\n"


def test_a_folder_that_nginx_may_pass_through_stays_so(tmp_path: Path) -> None:
    make_app(tmp_path)
    for given, after in ((0o710, 0o710), (0o750, 0o700), (0o755, 0o700), (0o711, 0o700), (0o500, 0o500)):
        tmp_path.chmod(given)
        make_app(tmp_path)
        assert mode(tmp_path) == after


def test_the_command_line_writes_no_open_file_either(tmp_path: Path) -> None:
    instance = tmp_path / "new" / "instance"
    environ = os.environ | {"INSTANCE_PATH": str(instance), "SECRET_KEY": "x" * 40}
    for command in (["db", "upgrade"], ["clinic", "demo"], ["clinic", "worker", "--once"]):
        subprocess.run([sys.executable, "-m", "flask", *command], env=environ, check=True, capture_output=True)
    assert any(path.suffix == ".eml" for path in private_files(instance))
    assert_closed(instance)
