"""`make check` and the hooks of a commit run the same commands, with the same pinned programs."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def recipe_of_check() -> list[str]:
    """The commands of `make check`, without what make adds to them."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(BIN)", ".venv/bin")
    found = re.search(r"^check:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert found
    commands = [line.strip().removeprefix("@") for line in found[1].splitlines()]
    return [command.replace("$(MAKE) --no-print-directory", "make -s") for command in commands]


def test_a_commit_runs_the_commands_of_make_check() -> None:
    configuration = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in configuration["repos"]] == ["local"]
    hooks = configuration["repos"][0]["hooks"]
    assert [hook["entry"] for hook in hooks] == recipe_of_check()
    assert {hook["language"] for hook in hooks} == {"system"}


def test_the_programs_of_npm_name_no_registry() -> None:
    folders = [path.parent for path in ROOT.glob("*/package.json")] + [
        path.parent for path in ROOT.glob("*/*/package.json")
    ]
    assert len(folders) > 3
    for folder in folders:
        assert "omit-lockfile-registry-resolved=true" in (folder / ".npmrc").read_text(encoding="utf-8").split()
        assert '"resolved"' not in (folder / "package-lock.json").read_text(encoding="utf-8")
