"""The repository: required and forbidden files, and pinned requirements."""

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIRED = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "LICENSE",
    ".env.example",
    ".gitignore",
    "Makefile",
    "pyproject.toml",
    "wsgi.py",
    "requirements.in",
    "requirements.txt",
    "requirements-dev.in",
    "requirements-dev.txt",
    "docs/running.md",
    "docs/editors.md",
)
MOST_BYTES = 400_000
# A built bundle, a third of it once compressed.
LARGER = {"clinic/static/js/editor.js": 500_000}
MACHINE_PATH = re.compile(r"(?<![\w.}/-])/(?:home|Users|root|work)/[\w.]")
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


def committed() -> Iterator[Path]:
    """Return every file that is not ignored. Works without git, so also in an unpacked archive."""
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    ignored = [line.strip("/") for line in lines] + [".git", ".ci"]
    ignored += [path.name for path in ROOT.iterdir() if path.is_symlink()]

    def walk(folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            if any(fnmatch(path.name, pattern) for pattern in ignored) or path.parent == ROOT / "instance":
                continue
            if path.is_dir():
                yield from walk(path)
            else:
                yield path

    yield from walk(ROOT)


def plain_name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement)[0].lower().replace("_", "-").replace(".", "-")


def named(file: Path) -> set[str]:
    """Return the packages that a .in file lists itself."""
    lines = [line.split("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines()]
    return {plain_name(line) for line in lines if line and not line.startswith("-")}


def pins(file: Path) -> dict[str, str]:
    return {plain_name(name): version for name, version in PIN.findall(file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("name", REQUIRED)
def test_what_a_reader_looks_for_is_there(name: str) -> None:
    path = ROOT / name
    assert path.is_file(), f"{name} is missing"
    assert path.stat().st_size > 0


def test_decisions_are_written_down() -> None:
    decisions = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert decisions
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name) for name in decisions)


def test_no_file_names_a_path_of_one_machine() -> None:
    for path in committed():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found = MACHINE_PATH.search(text)
        assert not found, f"{path.relative_to(ROOT)}: {found and found[0]}"


def test_no_committed_file_is_large() -> None:
    files = list(committed())
    assert len(files) > 100
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        assert path.stat().st_size <= LARGER.get(name, MOST_BYTES), name


def test_nothing_secret_or_made_by_a_run_is_committed() -> None:
    for path in committed():
        assert path.suffix not in (".sqlite3", ".db", ".pyc", ".log", ".eml", ".pem", ".key"), path.relative_to(ROOT)
        assert path.name not in (".env", "settings.env", "demo-password.txt", "secret-key"), path.relative_to(ROOT)
    assert (ROOT / "instance" / ".gitignore").read_text(encoding="utf-8").split()[0] == "*"


@pytest.mark.parametrize("source", sorted(path.name for path in ROOT.glob("requirements*.in")))
def test_requirements_are_pinned_hashed_and_compiled_from_their_source(source: str) -> None:
    compiled = ROOT / source.replace(".in", ".txt")
    text = compiled.read_text(encoding="utf-8")
    asked, found = named(ROOT / source), pins(compiled)
    assert asked - set(found) == set(), "run `make pins`"
    via = {plain_name(block.split("==")[0]) for block in re.split(r"\n(?=\S)", text) if f"-r {source}" in block}
    assert via == asked, "run `make pins`"
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if PIN.match(block):
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block.split()[0]
    for line in (ROOT / source).read_text(encoding="utf-8").splitlines():
        if found_pin := re.match(r"([\w-]+)>=[\d.]+,<([\d.]+)", line):
            version = tuple(int(part) for part in re.findall(r"\d+", found[plain_name(found_pin[1])])[:3])
            assert version < tuple(int(part) for part in found_pin[2].split(".")), line


def test_development_and_production_install_the_same_versions() -> None:
    production, development = pins(ROOT / "requirements.txt"), pins(ROOT / "requirements-dev.txt")
    assert production.items() <= development.items()


def test_make_lists_the_targets_of_the_contract() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*##", text, re.MULTILINE))
    assert {"run", "test", "check", "format", "bench", "screenshots"} <= targets
