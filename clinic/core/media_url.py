"""Parser of MEDIA_URL, the address of the bucket for pictures. It holds no secret."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*")
REGION = re.compile(r"[a-z0-9-]+")
ENDPOINT = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?", re.IGNORECASE)


@dataclass(frozen=True)
class MediaBucket:
    """The bucket that stores pictures. `prefix` is "" or ends with a slash. Without `endpoint` it is on AWS. Without
    `key_id` botocore looks for credentials in its usual places: a profile, or the role of the machine."""

    name: str
    prefix: str = ""
    endpoint: str | None = None
    region: str = "us-east-1"
    key_id: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)


def media_bucket(raw: str) -> MediaBucket | None:
    """Parse MEDIA_URL; None if it is empty. Raises ValueError if it is not a valid address."""
    if not raw:
        return None
    parts = urlsplit(raw)
    asked = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    endpoint, region = asked.pop("endpoint", None), asked.pop("region", "us-east-1")
    _ = urlsplit(endpoint or "").port  # raises ValueError above 65535
    path = parts.path.strip("/")
    bucket = MediaBucket(parts.netloc, f"{path}/" if path else "", endpoint and endpoint.rstrip("/"), region)
    is_right = (
        parts.scheme == "s3"
        and not parts.fragment
        and not asked
        and BUCKET.fullmatch(bucket.name)
        and PREFIX.fullmatch(bucket.prefix)
        and REGION.fullmatch(region)
        and (bucket.endpoint is None or ENDPOINT.fullmatch(bucket.endpoint))
    )
    if not is_right:
        raise ValueError
    return bucket
