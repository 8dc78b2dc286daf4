"""Every setting: its default, a valid value, and the one-line error for an invalid one."""

import dataclasses
import secrets
import zoneinfo
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from clinic.app import create_app
from clinic.core.db import db
from clinic.core.media_url import MediaBucket
from clinic.core.settings import MailServer, Settings, SettingsError, database, load_settings, read_env_file, settings
from clinic.web.pages.version import VersionReader
from tests.conftest import Postgres

HERE = Path("/nowhere/instance")
SECRET = "a-long-secret-of-this-test"

DEFAULTS = {
    "env": "production",
    "site_url": "http://127.0.0.1:8000",
    "database_url": "sqlite:////nowhere/instance/clinic.sqlite3",
    "redis_url": None,
    "mail_server": None,
    "mail_sender": "Move Therapy <hello@example.org>",
    "media_root": HERE / "media",
    "media_bucket": None,
    "trusted_proxies": 0,
    "web_concurrency": 2,
    "metrics_token": None,
    "allowed_hosts": (),
    "rate_limits": True,
    "form_min_seconds": 2,
    "outbox_lease_seconds": 120,
    "phone_region": "SG",
    "time_zone": zoneinfo.ZoneInfo("Asia/Singapore"),
    "host": "127.0.0.1",
    "port": 8000,
}
RIGHT: list[tuple[str, str, str, Any]] = [
    ("CLINIC_ENV", "development", "env", "development"),
    ("CLINIC_ENV", "Test", "env", "test"),
    ("SECRET_KEY", "another-long-secret-key", "secret_key", "another-long-secret-key"),
    ("LEDGER_KEY", "the-ledger-has-its-own", "ledger_key", "the-ledger-has-its-own"),
    ("SITE_URL", "https://clinic.example", "site_url", "https://clinic.example"),
    ("SITE_URL", "https://clinic.example/", "site_url", "https://clinic.example"),
    ("SITE_URL", "http://localhost:9000", "site_url", "http://localhost:9000"),
    ("DATABASE_URL", "postgresql://u:p@db/clinic", "database_url", "postgresql+psycopg://u:p@db/clinic"),
    ("DATABASE_URL", "postgres://u:p@db/clinic", "database_url", "postgresql+psycopg://u:p@db/clinic"),
    ("DATABASE_URL", "postgresql:///clinic?host=/run/pg", "database_url", "postgresql+psycopg:///clinic?host=/run/pg"),
    ("SITE_URL", "https://clinic.example:443", "site_url", "https://clinic.example"),
    ("SITE_URL", "http://clinic.example:80/", "site_url", "http://clinic.example"),
    ("SITE_URL", "https://clinic.example:80", "site_url", "https://clinic.example:80"),
    ("SITE_URL", "HTTPS://Clinic.Example:8443", "site_url", "https://clinic.example:8443"),
    ("SITE_URL", "http://[::1]:8000", "site_url", "http://[::1]:8000"),
    ("SITE_URL", "https://[2001:DB8::1]:443/", "site_url", "https://[2001:db8::1]"),
    ("SITE_URL", "https://müller.example", "site_url", "https://xn--mller-kva.example"),
    ("HOST", "::", "host", "::"),
    ("HOST", "[::1]", "host", "::1"),
    ("HOST", "fe80::1%eth0", "host", "fe80::1%eth0"),
    ("HOST", "localhost", "host", "localhost"),
    (
        "DATABASE_URL",
        "postgres://u:p@db/clinic?prepare_threshold=0",
        "database_url",
        "postgresql+psycopg://u:p@db/clinic?prepare_threshold=0",
    ),
    ("DATABASE_URL", "sqlite:////srv/clinic.db", "database_url", "sqlite:////srv/clinic.db"),
    ("REDIS_URL", "redis://cache:6379/0", "redis_url", "redis://cache:6379/0"),
    ("REDIS_URL", "rediss://:pw@cache:6380/1", "redis_url", "rediss://:pw@cache:6380/1"),
    ("MAIL_URL", "smtp://mx", "mail_server", MailServer("mx", 25, None, None, "off")),
    ("MAIL_URL", "smtp://u:p%40ss@mx:2525?tls=off", "mail_server", MailServer("mx", 2525, "u", "p@ss", "off")),
    ("MAIL_URL", "smtp://u%40a.org:p@mx?tls=start", "mail_server", MailServer("mx", 587, "u@a.org", "p", "start")),
    ("MAIL_URL", "smtps://u:p@mx", "mail_server", MailServer("mx", 465, "u", "p", "on")),
    ("MEDIA_ROOT", "/srv/media", "media_root", Path("/srv/media")),
    ("MEDIA_URL", "s3://clinic", "media_bucket", MediaBucket("clinic")),
    ("MEDIA_URL", "s3://my.clinic/a/b/", "media_bucket", MediaBucket("my.clinic", "a/b/")),
    (
        "MEDIA_URL",
        "s3://clinic/live?endpoint=https://s3.example:9000/&region=eu-1",
        "media_bucket",
        MediaBucket("clinic", "live/", "https://s3.example:9000", "eu-1"),
    ),
    ("MAIL_SENDER", "Clinic <desk@clinic.example>", "mail_sender", "Clinic <desk@clinic.example>"),
    ("TRUSTED_PROXIES", "2", "trusted_proxies", 2),
    ("WEB_CONCURRENCY", "64", "web_concurrency", 64),
    ("METRICS_TOKEN", "prometheus", "metrics_token", "prometheus"),
    ("ALLOWED_HOSTS", "www.Clinic.example, x.test:8080,", "allowed_hosts", ("www.clinic.example", "x.test:8080")),
    ("RATE_LIMITS", "off", "rate_limits", False),
    ("RATE_LIMITS", "ON", "rate_limits", True),
    ("FORM_MIN_SECONDS", "0", "form_min_seconds", 0),
    ("FORM_MIN_SECONDS", "1.5", "form_min_seconds", 1.5),
    ("OUTBOX_LEASE_SECONDS", "30", "outbox_lease_seconds", 30),
    ("PHONE_REGION", "gb", "phone_region", "GB"),
    ("TIME_ZONE", "Europe/Berlin", "time_zone", zoneinfo.ZoneInfo("Europe/Berlin")),
    ("HOST", "0.0.0.0", "host", "0.0.0.0"),
    ("PORT", "9000", "port", 9000),
    ("PORT", "  ", "port", 8000),
]
WRONG = [
    *[("CLINIC_ENV", value, "production, development or test") for value in ("prod", "staging", "1")],
    *[("SECRET_KEY", value, "at least 16 random characters") for value in ("", "   ", "short", "x" * 15)],
    *[
        ("SITE_URL", value, "https://clinic.example")
        for value in (
            "clinic.example", "ftp://clinic.example", "https://", "https://clinic.example/path", "https://a.example?x=1",
            "https://a.example:x", "https://a.example:99999", "https://a.example#x", "https://user:pw@a.example",
            "https://a b.example", "https://[::1",
        )
    ],
    *[
        ("DATABASE_URL", value, "postgresql://")
        for value in (
            "mysql://db/clinic", "clinic.db", "sqlite://relative.db", "sqlite://", "sqlite:///", "postgresql://",
            "postgresql://u:p@db:x/clinic", "postgresql://db", "postgresql://db/x?prepare_threshold=many",
        )
    ],
    *[("REDIS_URL", value, "redis://") for value in ("cache:6379", "http://cache", "redis", "redis://cache:x/0")],
    *[
        ("MAIL_URL", value, "smtp://")
        for value in ("mx:25", "http://mx", "smtp://", "smtp://mx?tls=maybe", "smtp://mx:x", "smtp://mx:99999")
    ],
    *[
        ("MEDIA_URL", value, "s3://bucket/prefix?endpoint=")
        for value in (
            "clinic", "https://clinic", "s3://", "s3:///x", "s3://AB", "s3://ab", "s3://key:hidden@clinic", "s3://clinic/../x",
            "s3://clinic/a//b", "s3://clinic/.a", "s3://clinic#x", "s3://clinic?endpoint=", "s3://clinic?region=",
            "s3://clinic?endpoint=s3.example", "s3://clinic?endpoint=https://s3.example/path", "s3://clinic?endpoints=x",
            "s3://clinic?endpoint=https://s3.example:99999", "s3://clinic?endpoint=https://u:p@s3.example",
            "s3://clinic?region=a b", "s3://clinic?x", "s3://[::1",
        )
    ],
    *[
        ("MAIL_SENDER", value, "Name <name@example.org>")
        for value in ("nobody", "Clinic <hello>", "a@b.org\nBcc: x@y.org", "@", "Clinic <@example.org>", "Clinic <a@>")
    ],
    *[("TRUSTED_PROXIES", value, "0 to 10") for value in ("-1", "11", "one", "1.5", "true")],
    *[("WEB_CONCURRENCY", value, "1 to 64") for value in ("0", "65", "many")],
    *[("RATE_LIMITS", value, "on or off") for value in ("yes", "0", "false")],
    *[("FORM_MIN_SECONDS", value, "0 to 3600") for value in ("-1", "3601", "two", "nan", "inf")],
    *[("OUTBOX_LEASE_SECONDS", value, "1 to 3600") for value in ("0", "3601", "nan", "1s")],
    *[("PHONE_REGION", value, "two letters") for value in ("Singapore", "XX", "65", "S")],
    *[("TIME_ZONE", value, "Asia/Singapore") for value in ("Mars/Base", "+08:00", "/etc/passwd", "../UTC", "Asia")],
    *[("HOST", value, "0.0.0.0 or ::") for value in ("a b", "http://x", "127.0.0.1:80", "[::1]:80", "x/y")],
    *[("PORT", value, "1 to 65535") for value in ("0", "65536", "http", "-1", "80 80")],
]  # fmt: skip


def load(**environ: str) -> Settings:
    return load_settings({"SECRET_KEY": SECRET} | environ, HERE)


def test_every_setting_has_the_default_that_is_promised() -> None:
    assert {name: getattr(load(), name) for name in DEFAULTS} == DEFAULTS


def test_every_field_is_covered_by_the_tables_of_this_module() -> None:
    fields = {field.name for field in dataclasses.fields(Settings)}
    assert fields == DEFAULTS.keys() | {"instance", "secret_key", "ledger_key"}
    assert fields - {"instance"} == {field for _, _, field, _ in RIGHT}


@pytest.mark.parametrize(("name", "raw", "field", "value"), RIGHT)
def test_a_right_value_is_taken(name: str, raw: str, field: str, value: object) -> None:
    assert getattr(load(**{name: raw}), field) == value


@pytest.mark.parametrize(("name", "raw", "expected"), WRONG)
def test_a_wrong_value_stops_with_one_line_that_names_the_setting_and_what_it_expects(
    name: str, raw: str, expected: str
) -> None:
    with pytest.raises(SettingsError) as stopped:
        load(**{name: raw})
    line = str(stopped.value)
    assert line.startswith(f"{name} is ")
    assert expected in line
    assert "\n" not in line
    assert len(line) < 160


@pytest.mark.parametrize("env", ["development", "test"])
def test_outside_production_a_secret_is_not_asked_for(env: str) -> None:
    assert load_settings({"CLINIC_ENV": env}, HERE).secret_key


def test_the_default_address_has_the_port_that_was_given() -> None:
    assert load(PORT="9000").site_url == "http://127.0.0.1:9000"


def test_the_ledger_key_is_the_secret_unless_it_has_its_own() -> None:
    assert load().ledger_key == SECRET


def test_no_secret_is_in_the_repr() -> None:
    secrets = {
        "SECRET_KEY": "hidden-secret-key-000",
        "LEDGER_KEY": "hidden-ledger-key",
        "DATABASE_URL": "postgresql://clinic:hidden-database@db/clinic",
        "REDIS_URL": "redis://:hidden-redis@cache:6379/0",
        "MAIL_URL": "smtp://clinic:hidden-mail@mx?tls=start",
        "METRICS_TOKEN": "hidden-metrics",
        "MEDIA_URL": "s3://clinic",
        "AWS_ACCESS_KEY_ID": "hidden-key-id",
        "AWS_SECRET_ACCESS_KEY": "hidden-key",
        "AWS_SESSION_TOKEN": "hidden-token",
    }
    loaded = load(**secrets)
    assert loaded.mail_server == MailServer("mx", 587, "clinic", "hidden-mail", "start")
    assert "hidden" not in repr(loaded)
    assert "hidden" not in str(loaded)


def test_the_key_of_the_bucket_comes_from_the_environment_or_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("AWS_ACCESS_KEY_ID=id\nAWS_SECRET_ACCESS_KEY=of-the-file\n")
    url = {"SECRET_KEY": SECRET, "MEDIA_URL": "s3://clinic"}
    for environ, secret in (
        ({}, "of-the-file"),
        ({"AWS_SECRET_ACCESS_KEY": "of-the-environment"}, "of-the-environment"),
    ):
        bucket = load_settings(url | environ, tmp_path).media_bucket
        assert bucket == MediaBucket("clinic", key_id="id", secret_key=secret)


@pytest.mark.parametrize(
    ("given", "missing"),
    [("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")],
)
def test_half_a_key_stops_with_the_other_half(given: str, missing: str) -> None:
    with pytest.raises(SettingsError, match=f"^{missing} is missing: expected both parts of the key, or neither$"):
        load(MEDIA_URL="s3://clinic", **{given: "hidden"})
    assert load(**{given: "of another program"}).media_bucket is None


def test_a_wrong_secret_is_not_repeated_in_the_line() -> None:
    with pytest.raises(SettingsError) as stopped:
        load(DATABASE_URL="mysql://clinic:hidden@db/clinic")
    assert "hidden" not in str(stopped.value)
    assert stopped.value.__suppress_context__


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        load().port = 1  # type: ignore[misc]


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text(f"# kept here\n\nPORT=9001\nHOST='10.0.0.1'\nSECRET_KEY=\"{SECRET}\"\n")
    loaded = load_settings({"PORT": "9002"}, tmp_path)
    assert (loaded.port, loaded.host, loaded.secret_key) == (9002, "10.0.0.1", SECRET)


def test_a_value_of_the_file_may_hold_equals_signs(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("MAIL_URL = smtp://mx?tls=start\n")
    assert read_env_file(tmp_path / "settings.env") == {"MAIL_URL": "smtp://mx?tls=start"}


def test_an_absent_file_has_no_values(tmp_path: Path) -> None:
    assert read_env_file(tmp_path / "settings.env") == {}


def test_a_line_of_the_file_that_is_none_is_named_by_its_number(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("PORT=9001\nhidden-secret\n")
    with pytest.raises(SettingsError) as stopped:
        load_settings({}, tmp_path)
    assert str(stopped.value) == "settings.env line 2 is wrong: expected NAME=value"


def test_a_wrong_value_in_the_file_is_named_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text(f"SECRET_KEY={SECRET}\nPORT=http\n")
    with pytest.raises(SettingsError, match="PORT is wrong: expected a port number"):
        load_settings({}, tmp_path)


def test_the_running_app_has_its_settings_at_hand(app: Flask) -> None:
    assert settings() is app.config["CLINIC"]


@pytest.mark.parametrize(
    ("host", "address"), [("::", "[::]:8000"), ("::1", "[::1]:8000"), ("127.0.0.1", "127.0.0.1:8000")]
)
def test_an_address_of_ipv6_is_put_into_brackets(host: str, address: str) -> None:
    assert load(HOST=host).listens_at == address
    assert load(SITE_URL=f"http://{address}").site_host == host


@pytest.mark.parametrize("name", ["a?b", "a#b", "a b", "100%", "%3F", "a?b=c&d#e %25", "ü&;"])
def test_the_database_lies_in_the_instance_folder_whatever_that_is_called(tmp_path: Path, name: str) -> None:
    instance = tmp_path / name
    app = create_app(load_settings({"SECRET_KEY": SECRET, "CLINIC_ENV": "test", "RATE_LIMITS": "off"}, instance))
    with app.app_context():
        db.create_all()
        db.session.execute(db.text("SELECT 1"))
        db.session.remove()
        db.engine.dispose()
    assert (instance / "clinic.sqlite3").exists()
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert VersionReader(app.config["CLINIC"].database_url)._path == str(instance / "clinic.sqlite3")


@pytest.mark.parametrize(("said", "threshold"), [("0", None), ("none", None), ("3", 3)])
def test_psycopg_is_told_when_to_prepare_a_statement(said: str, threshold: int | None) -> None:
    url, arguments = database(f"postgresql+psycopg://u:p@db/clinic?sslmode=require&prepare_threshold={said}")
    assert arguments == {"prepare_threshold": threshold}
    assert url.render_as_string(hide_password=False) == "postgresql+psycopg://u:p@db/clinic?sslmode=require"


@pytest.mark.postgresql
def test_a_pool_in_front_of_postgresql_is_talked_to(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.new_database(f"clinic_{secrets.token_hex(4)}")
    url += ("&" if "?" in url else "?") + "prepare_threshold=0"
    environ = {"SECRET_KEY": SECRET, "CLINIC_ENV": "test", "DATABASE_URL": url}
    app = create_app(load_settings(environ, tmp_path))
    with app.app_context():
        db.create_all()
        for _ in range(8):
            db.session.execute(db.text("SELECT 1"))
        assert db.session.execute(db.text("SELECT count(*) FROM pg_prepared_statements")).scalar_one() == 0
        reader = VersionReader(app.config["CLINIC"].database_url)
        assert reader._ask() is None or reader.current()
        reader._mine.connection.close()
        db.session.remove()
        db.engine.dispose()
