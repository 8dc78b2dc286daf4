"""Small malicious or broken files: ../shared/data/faults, if it lies beside the repository."""

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "faults"


def fault(name: str) -> bytes:
    """Return the content of a file. Skips the test if the folder is missing; with CI=true that is a failure."""
    if not FOLDER.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{FOLDER} is missing")
        pytest.skip(f"THE INPUTS OF {FOLDER} ARE MISSING")
    return (FOLDER / name).read_bytes()
