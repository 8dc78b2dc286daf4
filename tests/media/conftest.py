"""Tests of images that use the app run with a folder and with a bucket."""

import secrets
from collections.abc import Iterator

import pytest
from flask import Flask

from clinic.core.media_url import MediaBucket
from clinic.media.bucket import Bucket
from clinic.media.files import files
from tests.services import S3


@pytest.fixture(scope="session")
def bucket(s3_server: S3) -> MediaBucket:
    """A bucket for this run."""
    return s3_server.new_bucket(f"clinic-{secrets.token_hex(4)}")


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def app(request: pytest.FixtureRequest, place: str, app: Flask) -> Iterator[Flask]:
    """The app with each kind of storage, which is empty."""
    before = app.extensions.pop("clinic.files", None)
    if place == "bucket":
        app.extensions["clinic.files"] = Bucket(request.getfixturevalue("bucket"))
    files().remove([entry.name for entry in files().names("")])
    yield app
    del app.extensions["clinic.files"]
    if before:
        app.extensions["clinic.files"] = before
