"""Reader and writer of settings.env: NAME=value lines, as people and editors write them."""

import codecs
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", re.ASCII)
_CLOSING = {'"': '"', "'": "'", "“": "”", "‘": "’"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ENDS = re.compile(r"\r\n|\r|\n")  # str.splitlines() also splits at characters that may stand in a value


class EnvFileError(Exception):
    """The file cannot be read. The message is one line that names the file and, if known, the line number."""


@dataclass(frozen=True)
class Setting:
    """One line that sets a value. `number` counts from 1."""

    number: int
    name: str
    value: str


def read_settings_of(path: Path) -> list[Setting]:
    """Return the NAME=value lines in order; an absent file has none. Raises EnvFileError."""
    found = []
    for number, line in enumerate(_ENDS.split(_text(path)), 1):
        plain = line.strip()
        if plain and not plain.startswith("#"):
            start = _NAME.match(plain)
            if not start:
                raise EnvFileError(f"{path.name} line {number} is wrong: expected NAME=value")
            found.append(Setting(number, start[1], _value(plain[start.end() :].strip())))
    return found


def values_of(path: Path) -> dict[str, str]:
    """Return the value of each name. Of several lines for one name the last non-empty one counts, as in a shell."""
    values: dict[str, str] = {}
    for line in read_settings_of(path):
        if line.value or line.name not in values:
            values[line.name] = line.value
    return values


def write_values(path: Path, values: Mapping[str, str], comments: Mapping[str, str] | None = None) -> None:
    """Set names in the file and leave all other lines unchanged. An absent file is created, readable by this user only.

    An existing name is changed in place. A new one is added at the end, with its comment above it.
    """
    text = _text(path)
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = _ENDS.split(text)
    while lines and not lines[-1].strip():
        lines.pop()
    where = {line.name: line.number for line in read_settings_of(path)}  # the last line of each name
    for line in read_settings_of(path):
        if line.name in values:
            lines[line.number - 1] = _line(line.name, values[line.name]) if where[line.name] == line.number else ""
    for name, value in values.items():
        if name not in where:
            lines += [f"# {comments[name]}"] if comments and name in comments else []
            lines.append(_line(name, value))
    _replace(path, "".join(f"{line}{ending}" for line in lines))


def _text(path: Path) -> str:
    if not path.exists():
        return ""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EnvFileError(f"{path.name} cannot be read: {error.strerror}") from None
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    try:
        return data.removeprefix(mark).decode(encoding)
    except UnicodeDecodeError:
        raise EnvFileError(f"{path.name} is not text in UTF-8: save it as plain text") from None


def _value(raw: str) -> str:
    """Return a value without surrounding quotation marks, or without a trailing comment."""
    closing = _CLOSING.get(raw[:1])
    if closing:
        inner = re.match(rf"{raw[0]}((?:\\.|[^\\{closing}])*){closing}\s*(#.*)?$", raw)
        if inner:
            return re.sub(r'\\([\\"])', r"\1", inner[1]) if closing == '"' else inner[1]
    return re.split(r"(?:^|\s)#", raw)[0].strip()


def _line(name: str, value: str) -> str:
    if re.fullmatch(r"[^\s\"'“‘#\\]*", value):
        return f"{name}={value}"
    quoted = re.sub(r'([\\"])', r"\\\1", value)
    return f'{name}="{quoted}"'


def _replace(path: Path, text: str) -> None:
    """Replace the file atomically: a half-written secret would be lost."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".settings-")  # mkstemp makes it readable by this user only
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            Path(name).chmod(path.stat().st_mode & 0o770)  # .env.example, often copied, is readable by everybody
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
