"""Storage of images in an S3-compatible bucket. Imported only if MEDIA_URL is set."""

import itertools
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from clinic.core.media_url import MediaBucket
from clinic.media.errors import StoreAway, StoreRefuses
from clinic.media.places import Entry, Opened, checked, content_type, is_name

# Each timeout applies to some progress, not to a whole file. After two tries the bucket counts as down.
CONNECT_SECONDS, READ_SECONDS, TRIES = 2, 4, 2
# Pause after a failure, in which requests fail at once: threads that wait for the bucket would block pages.
PAUSE_SECONDS = 5.0
MOST_AT_ONCE = 1000  # names in one request; S3 allows no more


class Bucket:
    """Files in a bucket, below a prefix."""

    def __init__(self, chosen: MediaBucket) -> None:
        self.chosen = chosen
        self._silent_until = 0.0  # monotonic time; 0 if the last request succeeded
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
            # S3 servers of other makers often support neither bucket names in the host nor trailing checksums.
            s3={"addressing_style": "path" if chosen.endpoint else "auto"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        self._client = botocore.session.Session().create_client(
            "s3",
            region_name=chosen.region,
            endpoint_url=chosen.endpoint,
            aws_access_key_id=chosen.key_id,
            aws_secret_access_key=chosen.secret_key,
            aws_session_token=chosen.session_token,
            config=config,
        )

    def write(self, name: str, data: bytes) -> None:
        """Store a file. S3 shows an object only when it is complete."""
        with self._asking():
            self._client.put_object(**self._at(name), Body=data, ContentType=content_type(name))

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        with self._asking():
            found: bytes = self._client.get_object(**self._at(name))["Body"].read()
            return found

    def open(self, name: str) -> Opened:
        """Open a file as a stream."""
        with self._asking():
            answer = self._client.get_object(**self._at(name))
        return Opened(answer["Body"], answer["ContentLength"], answer["ETag"].strip('"'), answer["LastModified"])

    def names(self, start: str) -> Iterator[Entry]:
        """Yield the files whose names start with `start`, sorted by name."""
        prefix = self.chosen.prefix
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.chosen.name, Prefix=prefix + start, PaginationConfig={"PageSize": MOST_AT_ONCE}
        )
        with self._asking():
            for page in pages:
                for found in page.get("Contents", ()):
                    name = found["Key"].removeprefix(prefix)
                    if is_name(name):
                        yield Entry(name, found["Size"], found["LastModified"])

    def move(self, name: str, to: str) -> None:
        """Move a file: copy it within the bucket, then delete the source."""
        source = self._at(name)
        with self._asking():
            self._client.copy_object(**self._at(to), CopySource=source)
            self._client.delete_object(**source)

    def remove(self, names: Iterable[str]) -> None:
        """Delete files in batches."""
        keys = ({"Key": self._at(name)["Key"]} for name in names)
        while some := list(itertools.islice(keys, MOST_AT_ONCE)):
            with self._asking():
                answer = self._client.delete_objects(Bucket=self.chosen.name, Delete={"Objects": some, "Quiet": True})
            for error in answer.get("Errors", ()):
                raise StoreAway(f"not removed: {error['Code']}")

    def _at(self, name: str) -> dict[str, Any]:
        return {"Bucket": self.chosen.name, "Key": self.chosen.prefix + checked(name)}

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Translate errors of botocore. During a pause fail at once; after it, only one request tests whether the
        bucket is back."""
        now = time.monotonic()
        if now < self._silent_until:
            raise StoreAway("the bucket did not answer just now")
        if self._silent_until:
            self._silent_until = now + PAUSE_SECONDS
        try:
            yield
        except ClientError as error:
            self._silent_until = 0.0
            raise _meaning(error) from error
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise StoreRefuses("there is no key for the bucket") from error
        except BotoCoreError as error:
            self._silent_until = time.monotonic() + PAUSE_SECONDS
            raise StoreAway(f"the bucket does not answer: {type(error).__name__}") from error
        self._silent_until = 0.0


def _meaning(error: ClientError) -> OSError:
    code = error.response["Error"]["Code"]
    if code == "NoSuchKey":
        return FileNotFoundError(code)
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    is_final = 300 <= status < 500 and status not in (408, 429)
    return (StoreRefuses if is_final else StoreAway)(f"the bucket says {code}")
