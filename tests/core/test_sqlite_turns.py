"""The lock that queues writers of one SQLite file."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from clinic.core.sqlite_turns import turn
from tests.factories import make_article

on_sqlite = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
HOLD = """
import sys, time
from clinic.core.sqlite_turns import turn
with turn(sys.argv[1], most_seconds=15):
    print("mine", flush=True)
    time.sleep(60)
"""


def test_everybody_gets_a_turn_and_nobody_at_the_same_time(tmp_path: Path) -> None:
    inside = most = turns = 0

    def write(_number: int) -> None:
        nonlocal inside, most, turns
        for _ in range(20):
            with turn(str(tmp_path / "file"), most_seconds=15):
                inside += 1
                most = max(most, inside)
                time.sleep(0.0005)
                turns += 1
                inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert most == 1
    assert turns == 160


def test_the_turn_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    process = subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    threading.Timer(0.3, lambda: os.kill(process.pid, signal.SIGKILL)).start()
    began = time.monotonic()
    with turn(path, most_seconds=15):
        assert time.monotonic() - began > 0.1
    process.wait()


def test_without_such_locks_writing_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with turn(str(tmp_path / "file"), most_seconds=0):
        pass


def test_where_the_file_cannot_be_made_writing_goes_on(tmp_path: Path) -> None:
    with turn(str(tmp_path / "no folder" / "file"), most_seconds=0):
        pass


def test_whoever_waits_longest_is_told(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    with turn(path, most_seconds=0), pytest.raises(OperationalError, match="locked"), turn(path, most_seconds=0.05):
        pass


@on_sqlite
def test_whose_turn_comes_too_late_is_asked_to_try_again(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = {"body": "It helped.", "name": "Jo", "email": "jo@example.org"}
    path = f"{make_article().address}comments"
    monkeypatch.setattr("clinic.core.db.BUSY_TIMEOUT_SECONDS", 0.05)
    process = subprocess.Popen([sys.executable, "-c", HOLD, file_of(app)], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    threading.Timer(0.3, process.kill).start()
    answer = client.post(path, data=typed)
    process.wait()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert client.post(path, data=typed).status_code == 303


def file_of(app: Flask) -> str:
    return str(app.config["CLINIC"].database_url.removeprefix("sqlite:///"))
