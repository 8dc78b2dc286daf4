"""`make pythons`: the tests that need no server and no browser, on each other Python that the site supports.

A Python comes from the PATH, from pyenv, or from uv, which downloads it where it can. A loud line at the end names each
Python that was not to be had; only failed tests give an exit status of 1.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
ELSEWHERE = ("tests/cluster", "tests/deploy", "tests/house", "tests/journeys")
NEEDS_NOTHING = "not (browser or postgresql or redis or nginx or nu or cluster or alone or slow)"
PINS = ROOT / "requirements-dev.txt"


def main() -> int:
    """Returns the exit status: 1 when tests failed on a Python that is here."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    passed: list[str] = []
    failed: list[str] = []
    missing: list[str] = []
    for version in SUPPORTED:
        if version == own:
            continue
        python = find_python(version) or install_python(version)
        if not python:
            missing.append(version)
            continue
        began = time.monotonic()
        print(f"Python {version} ({python}) …", flush=True)
        is_passed = _run_tests(version, python)
        (passed if is_passed else failed).append(f"{version} ({time.monotonic() - began:.0f} s)")
    print(f"Pythons beside {own} that passed: {', '.join(passed) or 'none'}.")
    if missing:
        print(f"\n*** NOT TO BE HAD ON THIS MACHINE: PYTHON {', '.join(missing)}. NO TEST RAN ON IT. ***\n")
    if failed:
        print(f"\n*** TESTS FAILED ON PYTHON {', '.join(failed)} ***\n")
    return 1 if failed else 0


def find_python(version: str) -> str | None:
    """The path of a Python that runs and has this version: on the PATH, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)]
    return next((str(path) for path in candidates if path and _is(str(path), version)), None)


def install_python(version: str) -> str | None:
    """The path of a Python that uv has installed or installs now."""
    if not shutil.which("uv"):
        return None
    subprocess.run(["uv", "python", "install", version], capture_output=True, check=False)
    found = subprocess.run(
        ["uv", "python", "find", "--managed-python", version], capture_output=True, text=True, check=False
    )
    path = found.stdout.strip()
    return path if found.returncode == 0 and _is(path, version) else None


def _is(python: str, version: str) -> bool:
    """Tell whether it starts at all: a shim of pyenv is on the PATH also for versions that are not switched on."""
    asked = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.strip() == version


def _run_tests(version: str, python: str) -> bool:
    environment = _environment(version, python)
    if environment is None:
        return False
    left_out = [f"--ignore={folder}" for folder in ELSEWHERE]
    command = [environment, "-m", "pytest", "-n", "2", "--dist", "loadfile", "-m", NEEDS_NOTHING, *left_out]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def _environment(version: str, python: str) -> str | None:
    """The Python of an environment with the pinned requirements, made anew when the pins have changed."""
    folder = ROOT / ".services" / f"python{version}"
    inside, stamp = str(folder / "bin" / "python"), folder / "installed.txt"
    if stamp.exists() and stamp.read_bytes() == PINS.read_bytes():
        return inside
    pins = ["-q", "--require-hashes", "-r", str(PINS)]
    if shutil.which("uv"):
        commands = [
            ["uv", "venv", "-q", "--clear", "--python", python, str(folder)],
            ["uv", "pip", "install", "--python", inside, *pins],
        ]
    else:
        commands = [
            [python, "-m", "venv", "--clear", str(folder)],
            [inside, "-m", "pip", "install", "--disable-pip-version-check", *pins],
        ]
    if any(subprocess.run(command, check=False).returncode for command in commands):
        return None
    stamp.write_bytes(PINS.read_bytes())
    return inside


if __name__ == "__main__":
    sys.exit(main())
