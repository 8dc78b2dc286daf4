"""Problems that only a bucket has: foreign objects, wrong settings, a server that is silent or refuses."""

import dataclasses
import secrets
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from clinic.core.media_url import MediaBucket
from clinic.media import bucket as bucket_module
from clinic.media.bucket import Bucket
from clinic.media.errors import StoreAway, StoreRefuses
from clinic.media.files import check_files, files
from tests.journeys.site import at_once
from tests.services import S3, client, free_port

ROOT = Path(__file__).resolve().parents[2]
in_a_bucket = pytest.mark.parametrize("place", ["bucket"], indirect=True)


@pytest.fixture
def own(s3_server: S3) -> Bucket:
    """A bucket whose prefix also holds files of others."""
    bucket = s3_server.new_bucket(f"shared-{secrets.token_hex(4)}")
    for key in ("outside.jpg", "pictures-of-others/a.jpg", "other/pictures/a.jpg", "pictures/a b.jpg", "pictures/x/"):
        client(bucket).put_object(Bucket=bucket.name, Key=key, Body=b"not ours")
    return Bucket(bucket)


def keys(bucket: MediaBucket) -> set[str]:
    return {found["Key"] for found in client(bucket).list_objects_v2(Bucket=bucket.name)["Contents"]}


@pytest.mark.parametrize("name", ["../outside.jpg", "a/../../outside.jpg", "/outside.jpg", "..", "a//b", "a/", "", "."])
def test_no_name_leads_out_of_the_prefix(own: Bucket, name: str) -> None:
    own.write("a.jpg", b"ours")
    for act in (own.read, own.open, lambda out: own.write(out, b"x"), lambda out: own.remove([out])):
        with pytest.raises(FileNotFoundError):
            act(name)
    for pair in ((name, "b.jpg"), ("a.jpg", name)):
        with pytest.raises(FileNotFoundError):
            own.move(*pair)
    assert own.read("a.jpg") == b"ours"


def test_what_others_keep_in_the_bucket_is_neither_seen_nor_touched(own: Bucket) -> None:
    before = keys(own.chosen)
    own.write("a.jpg", b"ours")
    own.move("a.jpg", "v2/a.jpg")
    assert keys(own.chosen) == before | {"pictures/v2/a.jpg"}
    assert [entry.name for entry in own.names("")] == ["v2/a.jpg"]
    own.remove(["v2/a.jpg", "a.jpg"])
    own.remove([])
    assert keys(own.chosen) == before


def test_more_files_are_listed_and_removed_than_one_request_holds(own: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_module, "MOST_AT_ONCE", 3)
    wanted = [f"many/{number}.jpg" for number in range(10)]
    for name in wanted:
        own.write(name, b"")
    assert [entry.name for entry in own.names("many/")] == wanted
    own.remove(wanted)
    assert not list(own.names("many/"))


def test_objects_say_what_they_are(own: Bucket) -> None:
    own.write("480.avif", b"x")
    told = client(own.chosen).head_object(Bucket=own.chosen.name, Key="pictures/480.avif")
    assert told["ContentType"] == "image/avif"


@in_a_bucket
def test_a_large_file_is_sent_without_holding_it(client: FlaskClient) -> None:
    size = 16 * 1024 * 1024
    files().write("aa/original.png", bytes(size))
    tracemalloc.start()
    answer = client.get("/media/aa/original.png", buffered=False)
    sent = sum(len(piece) for piece in answer.iter_encoded())
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    answer.close()
    assert sent == size == answer.content_length
    assert most < size / 4


@in_a_bucket
def test_a_bucket_that_does_not_exist_is_refused(app: Flask, bucket: MediaBucket) -> None:
    app.extensions["clinic.files"] = Bucket(dataclasses.replace(bucket, name="no-such-bucket"))
    with pytest.raises(StoreRefuses, match="the bucket says NoSuchBucket"):
        check_files()


@in_a_bucket
def test_a_right_one_is_left_as_it_was(app: Flask) -> None:
    check_files()
    assert not list(files().names(""))


def test_without_any_key_it_is_refused(bucket: MediaBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with pytest.raises(StoreRefuses, match="no key"):
        Bucket(dataclasses.replace(bucket, key_id=None, secret_key=None)).read("a.jpg")


@contextmanager
def server_that_says(status: int, code: str) -> Iterator[str]:
    """An S3 server that gives the same answer to every request. Yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<Error><Code>{code}</Code><Message>-</Message></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "AccessDenied", StoreRefuses),
        (403, "InvalidAccessKeyId", StoreRefuses),
        (400, "AuthorizationHeaderMalformed", StoreRefuses),
        (404, "NoSuchBucket", StoreRefuses),
        (404, "NoSuchKey", FileNotFoundError),
        (500, "InternalError", StoreAway),
        (503, "SlowDown", StoreAway),
        (429, "TooManyRequests", StoreAway),
    ],
)
def test_a_refusal_is_told_from_a_fault(bucket: MediaBucket, status: int, code: str, error: type[OSError]) -> None:
    with server_that_says(status, code) as endpoint, pytest.raises(OSError) as raised:
        Bucket(dataclasses.replace(bucket, endpoint=endpoint)).read("a.jpg")
    assert type(raised.value) is error


def test_a_server_that_is_down_is_away_at_once(bucket: MediaBucket) -> None:
    begun = time.monotonic()
    with pytest.raises(StoreAway, match="does not answer"):
        Bucket(dataclasses.replace(bucket, endpoint=f"http://127.0.0.1:{free_port()}")).read("a.jpg")
    assert time.monotonic() - begun < 5


def seconds(own: Bucket, name: str) -> float:
    """Return how many seconds a request for a file of a silent bucket takes."""
    begun = time.monotonic()
    with pytest.raises(StoreAway, match="not answer"):
        own.read(name)
    return time.monotonic() - begun


def test_nobody_waits_long_for_a_server_that_is_silent_and_after_the_first_only_one_at_a_time(
    s3_server: S3, own: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_module, "READ_SECONDS", 1)
    own = Bucket(own.chosen)
    own.write("a.jpg", b"x")
    with s3_server.silent():
        assert 1 < seconds(own, "a.jpg") < 10
        assert seconds(own, "a.jpg") < 0.5
        own._silent_until = 0.1  # the pause is over
        waited = sorted(at_once([lambda: seconds(own, "a.jpg")] * 4))
        assert waited[2] < 0.5
        assert 1 < waited[3] < 10
    monkeypatch.setattr(bucket_module, "PAUSE_SECONDS", 60)
    own._silent_until = 0.1
    assert own.read("a.jpg") == b"x"
    assert own.read("a.jpg") == b"x"


def test_the_longest_wait_is_that_of_two_tries() -> None:
    assert (bucket_module.CONNECT_SECONDS + bucket_module.READ_SECONDS) * bucket_module.TRIES <= 12


def test_a_server_that_falls_silent_in_the_middle_is_away_too(s3_server: S3, own: Bucket) -> None:
    own.write("a.jpg", b"x" * 16_000_000)
    with own.open("a.jpg").stream as stream:
        stream.read(1000)
        with s3_server.silent(), pytest.raises(Exception, match="Read timed out"):
            while stream.read(65_536):
                pass


WITHOUT_A_BUCKET = """
import pathlib, sys
from clinic.app import create_app
from clinic.core.settings import load_settings
from clinic.media.files import check_files
app = create_app(load_settings({"CLINIC_ENV": "test"}, pathlib.Path(sys.argv[1])))
with app.app_context():
    check_files()
sys.exit("botocore" in sys.modules)
"""


def test_who_has_no_bucket_does_not_pay_for_it(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", WITHOUT_A_BUCKET, tmp_path], cwd=ROOT, check=False).returncode == 0
