"""settings.env in the forms that people and editors write: reading, changing in place, atomic writing."""

import os
import re
import stat
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.core import settings as settings_module
from clinic.core.env_file import EnvFileError, read_settings_of, values_of, write_values
from clinic.core.settings import NAMES, SettingsError, load_settings, read_env_file
from clinic.serve import _keep_secrets
from tests.journeys.browser import ROOT

SECRET = "a-long-secret-of-this-test"
EXAMPLE = ROOT / ".env.example"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.env"


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (b"\xef\xbb\xbfSITE_URL=https://a.example\n", {"SITE_URL": "https://a.example"}),
        (b"SITE_URL=https://a.example", {"SITE_URL": "https://a.example"}),
        ("\ufeffPORT=9000\r\nHOST=::\r\n".encode("utf-16-le"), {"PORT": "9000", "HOST": "::"}),
        ("\ufeffPORT=9000\n".encode("utf-16-be"), {"PORT": "9000"}),
        (b"PORT=9000\rHOST=::\r", {"PORT": "9000", "HOST": "::"}),
        (b"# PORT=9000 is usual\n  # HOST=::\nRATE_LIMITS=off", {"RATE_LIMITS": "off"}),
        (b"export PORT=9000\n\texport  HOST = ::  \n", {"PORT": "9000", "HOST": "::"}),
        (
            b"PORT=9000 # of the other site\nREDIS_URL=redis://:a#b@c/0\n",
            {"PORT": "9000", "REDIS_URL": "redis://:a#b@c/0"},
        ),
        (b"PORT='9000' # quoted\nMAIL_URL=\"smtp://a b#c\"\n", {"PORT": "9000", "MAIL_URL": "smtp://a b#c"}),
        ("PORT=“9000”\n".encode(), {"PORT": "9000"}),
        (b'SECRET_KEY="a\\"b\\\\c"\n', {"SECRET_KEY": 'a"b\\c'}),
        (b'MAIL_SENDER="Move Therapy" <a@b.example>\n', {"MAIL_SENDER": '"Move Therapy" <a@b.example>'}),
        (b"MAIL_SENDER=Mei's Clinic <a@b.example>\n", {"MAIL_SENDER": "Mei's Clinic <a@b.example>"}),
        (b"PORT=1\nPORT=9000\nPORT=\n", {"PORT": "9000"}),
        (b"PORT=\n", {"PORT": ""}),
        (b"MAIL_URL = smtp://mx?tls=start\n", {"MAIL_URL": "smtp://mx?tls=start"}),
        (b"", {}),
    ],
)
def test_what_editors_write_is_read(file: Path, data: bytes, values: dict[str, str]) -> None:
    file.write_bytes(data)
    assert values_of(file) == values


@pytest.mark.parametrize("data", [b"PORT\n", b"\n\nPORT: 9000\n", b"=9000", b"9=9", b"PO RT=1"])
def test_a_line_that_is_none_is_named_by_its_number(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    number = data.count(b"\n", 0, len(data.rstrip())) + 1
    with pytest.raises(EnvFileError, match=f"^settings.env line {number} is wrong: expected NAME=value$"):
        values_of(file)


def test_a_file_that_is_no_text_is_refused_in_one_line(file: Path) -> None:
    file.write_bytes(b"PORT=9000\n\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"^settings\.env is not text in UTF-8"):
        load_settings({}, file.parent)
    file.unlink()
    file.mkdir()
    with pytest.raises(SettingsError, match=r"^settings\.env cannot be read"):
        load_settings({}, file.parent)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("SITE_ULR", "SITE_URL"), ("DATABSE_URL", "DATABASE_URL"), ("site_url", "SITE_URL"), ("TIMEZONE", "TIME_ZONE"),
     ("MAILURL", "MAIL_URL"), ("LEDGERKEY", "LEDGER_KEY")],
)  # fmt: skip
def test_an_unknown_name_stops_with_the_one_that_was_meant(file: Path, name: str, meant: str) -> None:
    file.write_text(f"SECRET_KEY={SECRET}\n\n{name}=x\n")
    with pytest.raises(SettingsError) as stopped:
        load_settings({}, file.parent)
    assert str(stopped.value) == f"settings.env line 3 is wrong: there is no setting {name}, did you mean {meant}?"


def test_an_unknown_name_that_is_like_none_leads_to_the_list(file: Path) -> None:
    file.write_text("FAVOURITE_COLOUR=red\n")
    with pytest.raises(SettingsError, match=r"no setting FAVOURITE_COLOUR, the names are those of \.env\.example$"):
        load_settings({}, file.parent)


def test_the_environment_may_hold_names_of_other_programs(file: Path) -> None:
    assert load_settings({"SECRET_KEY": SECRET, "SITE_ULR": "x", "EDITOR": "vi"}, file.parent).port == 8000


def test_every_name_is_in_the_example_and_every_name_asked_for_is_known(tmp_path: Path) -> None:
    assert {line.name for line in read_settings_of(EXAMPLE)} == NAMES
    asked = set(re.findall(r'(?:take|get)\(\s*"([A-Z_]+)"', Path(settings_module.__file__).read_text(encoding="utf-8")))
    assert asked - NAMES == set()
    assert len(asked) > 15


def test_the_example_copied_as_it_is_works_and_gets_its_secrets(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    example = EXAMPLE.read_text(encoding="utf-8")
    file.write_text(example, encoding="utf-8")
    _keep_secrets(file.parent)
    values = values_of(file)
    assert min(len(values["SECRET_KEY"]), len(values["LEDGER_KEY"])) > 40
    assert load_settings({}, file.parent).ledger_key == values["LEDGER_KEY"]
    assert re.sub(r"(?m)^(SECRET_KEY|LEDGER_KEY)=.+$", r"\1=", file.read_text(encoding="utf-8")) == example


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"\xef\xbb\xbfSITE_URL=https://a.example\n",
        b"SITE_URL=https://a.example",
        b"# SECRET_KEY=comes from make run\nPORT=9000\n",
        b"SITE_URL=https://a.example\r\nPORT=9000\r\n",
        b"SECRET_KEY=\nPORT=9000\nSECRET_KEY=",
        b"export SECRET_KEY = ''\n",
    ],
)
def test_secrets_are_made_once_and_harm_no_other_line(
    file: Path, before: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    file.write_bytes(before)
    others = {name: value for name, value in read_env_file(file).items() if value}
    _keep_secrets(file.parent)
    once = file.read_bytes()
    loaded = load_settings({}, file.parent)
    assert len(loaded.secret_key) > 40
    assert loaded.ledger_key != loaded.secret_key
    values = values_of(file)
    assert {name: values[name] for name in others} == others
    _keep_secrets(file.parent)
    assert file.read_bytes() == once


def test_a_secret_of_before_is_kept_and_its_ledger_key_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    file.write_text(f"LEDGER_KEY={SECRET}-2")
    _keep_secrets(file.parent)
    assert load_settings({}, file.parent).ledger_key == f"{SECRET}-2"
    file.write_text(f"SECRET_KEY={SECRET}")
    _keep_secrets(file.parent)
    assert file.read_text() == f"SECRET_KEY={SECRET}"  # a new ledger key would lose all claims


def test_the_file_is_for_this_user_only_or_keeps_its_group(file: Path) -> None:
    write_values(file, {"PORT": "1"})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    write_values(file, {"PORT": "2"})
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    file.chmod(0o644)
    write_values(file, {"PORT": "3"})
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [entry.name for entry in os.scandir(file.parent)] == ["settings.env"]


def test_the_folder_of_the_file_cannot_be_set_in_the_file(file: Path) -> None:
    file.write_text(f"SECRET_KEY={SECRET}\nINSTANCE_PATH={file.parent}\n")
    assert load_settings({}, file.parent).instance == file.parent
    file.write_text(f"SECRET_KEY={SECRET}\nINSTANCE_PATH=/elsewhere\n")
    with pytest.raises(SettingsError, match=r"^INSTANCE_PATH is wrong: expected in the environment"):
        load_settings({}, file.parent)


VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\ufeff"), max_size=30).map(str.strip)


@given(st.dictionaries(st.sampled_from(sorted(NAMES)), VALUES, max_size=5), VALUES)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, str], kept: str
) -> None:
    file = tmp_path_factory.mktemp("env") / "settings.env"
    file.write_text(f"# a remark\nHOST={kept}", encoding="utf-8", newline="")
    before = values_of(file)
    write_values(file, values)
    assert values_of(file) == before | values
    assert file.read_text(encoding="utf-8").startswith("# a remark\n")


@given(st.binary(max_size=200))
def test_no_file_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.mktemp("env") / "settings.env"
    file.write_bytes(data)
    with suppress(EnvFileError):
        values_of(file)
