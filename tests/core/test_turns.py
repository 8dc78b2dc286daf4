"""Writers of one SQLite file take turns."""

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

from clinic.core.turns import turn
from tests.factories import make_article

on_sqlite = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
HOLD = """
import sys, time
from clinic.core.turns import turn
with turn(sys.argv[1]):
    print("mine", flush=True)
    time.sleep(60)
"""


def test_everybody_gets_a_turn_and_nobody_at_the_same_time(tmp_path: Path) -> None:
    inside, most, all_turns = 0, 0, []

    def write(number: int) -> None:
        nonlocal inside, most
        for _ in range(20):
            with turn(str(tmp_path / "file")):
                inside += 1
                most = max(most, inside)
                time.sleep(0.0005)
                all_turns.append(number)
                inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert most == 1
    assert len(all_turns) == 160
    assert max(all_turns.index(number) for number in range(8)) < 80  # nobody is passed over while others write on


def test_the_turn_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    process = subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    threading.Timer(0.3, lambda: os.kill(process.pid, signal.SIGKILL)).start()
    with turn(path) as waited:
        assert 0.1 < waited < 20
    process.wait()


def test_without_such_locks_writing_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with turn(str(tmp_path / "file")) as waited:
        assert waited < 20


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
