"""Settings of an installation: read once from the environment and instance/settings.env, validated, immutable."""

import re
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import idna
import phonenumbers
from flask import current_app
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from clinic.core.env_file import EnvFileError, read_settings_of, values_of
from clinic.core.media_url import MediaBucket, media_bucket

Env = Literal["production", "development", "test"]
T = TypeVar("T")
HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:]+", re.IGNORECASE)
N = TypeVar("N", int, float)


# Every name that settings.env may set. The environment is shared with other programs and may hold any name.
_NAMES = """
    SECRET_KEY LEDGER_KEY SITE_URL ALLOWED_HOSTS HOST PORT CLINIC_ENV TRUSTED_PROXIES WEB_CONCURRENCY DATABASE_URL
    REDIS_URL MEDIA_ROOT MEDIA_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN MAIL_URL MAIL_SENDER
    OUTBOX_LEASE_SECONDS METRICS_TOKEN RATE_LIMITS FORM_MIN_SECONDS PHONE_REGION TIME_ZONE INSTANCE_PATH DEMO_PASSWORD
"""
NAMES = frozenset(_NAMES.split())


class SettingsError(Exception):
    """A setting is missing or wrong. The message is one line: the name of the setting and what it expects."""


@dataclass(frozen=True)
class MailServer:
    """The server that takes our mail. `tls` is "start" (STARTTLS), "on" (TLS from the first byte) or "off"."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    tls: Literal["start", "on", "off"]


@dataclass(frozen=True)
class Settings:
    """All settings, typed. Secrets are left out of the repr so that they never reach a log."""

    instance: Path
    env: Env
    secret_key: str = field(repr=False)
    ledger_key: str = field(repr=False)
    site_url: str
    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    mail_server: MailServer | None
    mail_sender: str
    media_root: Path
    media_bucket: MediaBucket | None
    trusted_proxies: int
    web_concurrency: int
    metrics_token: str | None = field(repr=False)
    allowed_hosts: tuple[str, ...]
    rate_limits: bool
    form_min_seconds: float
    outbox_lease_seconds: float
    phone_region: str
    time_zone: zoneinfo.ZoneInfo
    host: str
    port: int

    @property
    def site_host(self) -> str:
        """The host name in SITE_URL, without port and brackets."""
        return urlsplit(self.site_url).hostname or ""

    @property
    def listens_at(self) -> str:
        """Host and port in the form of an address: [::1]:8000 for IPv6."""
        return f"{_bracketed(self.host)}:{self.port}"


# Long because each setting is read and checked on a line of its own.
def load_settings(environ: Mapping[str, str], instance: Path) -> Settings:
    """Return the settings from the environment, then instance/settings.env, then the defaults.

    Raises SettingsError for the first value that is missing or wrong.
    """
    values = {**read_env_file(instance / "settings.env"), **environ}

    def take(name: str, default: str, parse: Callable[[str], T], expected: str) -> T:
        raw = values.get(name, "").strip() or default
        try:
            return parse(raw)
        except (ValueError, KeyError, ArgumentError):
            raise SettingsError(f"{name} is wrong: expected {expected}") from None

    env: Env = take(
        "CLINIC_ENV", "production", _one_of("production", "development", "test"), "production, development or test"
    )
    port = take("PORT", "8000", _whole(1, 65535), "a port number from 1 to 65535")
    secret_key = _secret(values.get("SECRET_KEY", ""), env)
    return Settings(
        instance=instance,
        env=env,
        secret_key=secret_key,
        ledger_key=values.get("LEDGER_KEY", "").strip() or secret_key,
        site_url=take(
            "SITE_URL",
            f"http://127.0.0.1:{port}",
            _site_url,
            "the public address, like https://clinic.example, without a path",
        ),
        database_url=take(
            "DATABASE_URL",
            f"sqlite:///{_escaped(instance / 'clinic.sqlite3')}",
            _database_url,
            "sqlite:///path or postgresql://user:password@host/name",
        ),
        redis_url=take("REDIS_URL", "", _redis_url, "redis://host:6379/0"),
        mail_server=take("MAIL_URL", "", _mail_server, "smtp://user:password@host:587?tls=start"),
        mail_sender=take("MAIL_SENDER", "Move Therapy <hello@example.org>", _mail_sender, "Name <name@example.org>"),
        media_root=take("MEDIA_ROOT", str(instance / "media"), Path, "a folder"),
        media_bucket=_with_keys(
            take("MEDIA_URL", "", media_bucket, "s3://bucket/prefix?endpoint=https://host&region=name, without keys"),
            values,
        ),
        trusted_proxies=take("TRUSTED_PROXIES", "0", _whole(0, 10), "how many proxies stand in front, 0 to 10"),
        web_concurrency=take("WEB_CONCURRENCY", "2", _whole(1, 64), "a number of processes from 1 to 64"),
        metrics_token=values.get("METRICS_TOKEN", "").strip() or None,
        allowed_hosts=take(
            "ALLOWED_HOSTS",
            "",
            _hosts,
            "names besides SITE_URL's, with commas, like www.clinic.example, clinic.test:8080",
        ),
        rate_limits=take("RATE_LIMITS", "on", lambda raw: {"on": True, "off": False}[raw.lower()], "on or off"),
        form_min_seconds=take("FORM_MIN_SECONDS", "2", _seconds(0, 3600), "seconds from 0 to 3600"),
        outbox_lease_seconds=take("OUTBOX_LEASE_SECONDS", "120", _seconds(1, 3600), "seconds from 1 to 3600"),
        phone_region=take("PHONE_REGION", "SG", _phone_region, "a country code of two letters, like SG"),
        time_zone=take("TIME_ZONE", "Asia/Singapore", _time_zone, "a time zone name, like Asia/Singapore"),
        host=take("HOST", "127.0.0.1", _host, "an address to listen on, like 0.0.0.0 or ::"),
        port=port,
    )


def read_env_file(path: Path) -> dict[str, str]:
    """Return the values of settings.env; an absent file has none. Raises SettingsError for an invalid line or unknown
    name."""
    try:
        lines, values = read_settings_of(path), values_of(path)
    except EnvFileError as error:
        raise SettingsError(str(error)) from None
    for line in lines:
        if line.name not in NAMES:
            close = get_close_matches(line.name.upper(), sorted(NAMES), n=1, cutoff=0.6)
            meant = f"did you mean {close[0]}?" if close else "the names are those of .env.example"
            raise SettingsError(f"{path.name} line {line.number} is wrong: there is no setting {line.name}, {meant}")
    folder = values.get("INSTANCE_PATH")
    if folder and Path(folder).resolve() != path.parent.resolve():
        raise SettingsError(f"INSTANCE_PATH is wrong: expected in the environment, as it says where {path.name} lies")
    return values


def _secret(raw: str, env: Env) -> str:
    raw = raw.strip()
    if env != "production":
        return raw or "not-secret-outside-production"
    if len(raw) < 16:
        wrong = "is too short" if raw else "is missing"
        raise SettingsError(f"SECRET_KEY {wrong}: expected at least 16 random characters (`make run` makes one)")
    return raw


def _one_of(*words: str) -> Callable[[str], Env]:
    return lambda raw: {word: word for word in words}[raw.lower()]  # type: ignore[return-value]


def _whole(low: int, high: int) -> Callable[[str], int]:
    return lambda raw: _between(int(raw), low, high)


def _seconds(low: float, high: float) -> Callable[[str], float]:
    return lambda raw: _between(float(raw), low, high)


def _between(number: N, low: N, high: N) -> N:
    if not low <= number <= high:
        raise ValueError
    return number


def _site_url(raw: str) -> str:
    parts = urlsplit(raw)
    host, usual = parts.hostname or "", {"http": 80, "https": 443}.get(parts.scheme)
    if not host.isascii():
        host = idna.encode(host, uts46=True).decode()
    is_bare = not (parts.path.strip("/") or parts.query or parts.fragment or re.search("[?#@]", raw))
    if usual is None or not HOST.fullmatch(host) or not is_bare or parts.port == 0:
        raise ValueError
    # A browser omits the default port, so an address with it would count as another origin.
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return f"{parts.scheme}://{_bracketed(host)}{port}"


def _host(raw: str) -> str:
    bare = raw[1:-1] if raw.startswith("[") and raw.endswith("]") else raw
    if not HOST.fullmatch(bare.partition("%")[0]):  # fe80::1%eth0 names an interface
        raise ValueError
    return bare


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _hosts(raw: str) -> tuple[str, ...]:
    names = tuple(name.strip().lower() for name in raw.split(",") if name.strip())
    for name in names:
        parts = urlsplit(f"//{name}")
        if "@" in name or name != parts.netloc or not HOST.fullmatch(parts.hostname or "") or parts.port == 0:
            raise ValueError
    return names


def _database_url(raw: str) -> str:
    scheme, separator, rest = raw.partition("://")
    if not separator:
        raise ValueError
    if scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        url, _ = database(f"postgresql+psycopg://{rest}")
        if not url.database:
            raise ValueError
        return f"postgresql+psycopg://{rest}"
    if scheme == "sqlite" and len(rest) > 1 and rest.startswith("/"):
        return raw
    raise ValueError


def database(url: str) -> tuple[URL, dict[str, Any]]:
    """Return DATABASE_URL as SQLAlchemy reads it, and the arguments for the driver. Raises ValueError.

    In the path of an SQLite file %3F means a question mark and %25 a percent sign, which SQLAlchemy cannot express.
    `prepare_threshold` is an option of psycopg and not of PostgreSQL; 0 or none disables prepared statements, as
    PgBouncer requires.
    """
    found = make_url(url)
    if found.get_backend_name() == "sqlite":
        return found.set(database=(found.database or "").replace("%3F", "?").replace("%25", "%")), {}
    said = found.query.get("prepare_threshold")
    if said is None:
        return found, {}
    if not isinstance(said, str) or not re.fullmatch(r"\d{1,6}|none|", said, re.IGNORECASE):
        raise ValueError
    threshold = int(said) if said.isdecimal() and int(said) else None
    return found.difference_update_query(["prepare_threshold"]), {"prepare_threshold": threshold}


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3F")


def _redis_url(raw: str) -> str | None:
    if not raw:
        return None
    parts = urlsplit(raw)
    if parts.scheme not in ("redis", "rediss", "unix") or parts.port == 0:  # .port itself raises for "redis://host:x"
        raise ValueError
    return raw


def _mail_server(raw: str) -> MailServer | None:
    if not raw:
        return None
    parts = urlsplit(raw)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError
    tls = "on" if parts.scheme == "smtps" else parse_qs(parts.query).get("tls", ["off"])[0]
    if tls not in ("start", "on", "off"):
        raise ValueError
    if parts.password and tls == "off" and parse_qs(parts.query).get("tls") != ["off"]:
        raise SettingsError(
            "MAIL_URL would send its password unencrypted: add ?tls=start (or use smtps://), or ?tls=off to allow it"
        )
    return MailServer(
        host=parts.hostname,
        port=parts.port or (465 if tls == "on" else 587 if tls == "start" else 25),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,  # type: ignore[arg-type]
    )


def _with_keys(bucket: MediaBucket | None, values: Mapping[str, str]) -> MediaBucket | None:
    if bucket is None:
        return None
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    key_id, secret_key, token = (values.get(name, "").strip() or None for name in names)
    if bool(key_id) != bool(secret_key):
        missing = names[1] if key_id else names[0]
        raise SettingsError(f"{missing} is missing: expected both parts of the key, or neither")
    return replace(bucket, key_id=key_id, secret_key=secret_key, session_token=token)


def _mail_sender(raw: str) -> str:
    address = parseaddr(raw)[1]
    local, _, domain = address.rpartition("@")
    if not local or not domain or "\n" in raw:
        raise ValueError
    return raw


def _phone_region(raw: str) -> str:
    if raw.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError
    return raw.upper()


def _time_zone(raw: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(raw)
    except (zoneinfo.ZoneInfoNotFoundError, OSError):
        raise ValueError from None


def settings() -> Settings:
    """Return the settings of the running app."""
    loaded: Settings = current_app.config["CLINIC"]
    return loaded
