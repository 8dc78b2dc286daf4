"""atomic() is all or nothing under the write lock; constraints of the database; times in UTC."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, request_finished
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError, StatementError

from clinic.comments.models import Comment, CommentState
from clinic.core import clock
from clinic.core.audit import AuditLine, record
from clinic.core.db import UtcDateTime, atomic, db, insert_or_skip
from clinic.core.limits import RateCount
from clinic.outbox.models import Message
from clinic.preferences import Preference
from tests.factories import make_article, make_comment

pytestmark = pytest.mark.dialect

on_sqlite = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
SINGAPORE = timezone(timedelta(hours=8))


def verbs() -> list[str]:
    """Return the committed audit lines, as another connection sees them."""
    with db.engine.connect() as connection:
        return list(connection.scalars(sa.select(AuditLine.verb).order_by(AuditLine.id)))


def read_counter() -> int:
    with db.engine.connect() as connection:
        return int(connection.scalar(sa.select(Preference.value).where(Preference.name == "counter")) or 0)


def other_connection(app: Flask) -> sqlite3.Connection:
    """Return a connection that does not wait for locks."""
    path = app.config["CLINIC"].database_url.removeprefix("sqlite:///")
    return sqlite3.connect(path, timeout=0, isolation_level=None)


def is_atomic() -> bool:
    return bool(db.session().info.get("atomic"))


@atomic()
def write(verb: str, *, then: BaseException | None = None, inner: Callable[[], None] | None = None) -> None:
    record(verb, "thing:1")
    if inner:
        inner()
    if then:
        raise then


def test_what_leaves_atomic_without_error_is_committed(app: Flask) -> None:
    with atomic():
        record("one", "thing:1")
        assert verbs() == []
        assert is_atomic()
    assert verbs() == ["one"]
    assert not is_atomic()


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(1)])
def test_an_error_undoes_everything(app: Flask, error: BaseException) -> None:
    with pytest.raises(type(error)):
        write("one", then=error)
    assert verbs() == []
    assert not is_atomic()


def test_after_an_error_the_next_transaction_works(app: Flask) -> None:
    with pytest.raises(ValueError):
        write("one", then=ValueError("no"))
    write("two")
    assert verbs() == ["two"]


def test_an_inner_atomic_commits_nothing_by_itself(app: Flask) -> None:
    seen: list[list[str]] = []

    def inner() -> None:
        write("inner")
        seen.append(verbs())

    write("outer", inner=inner)
    assert seen == [[]]
    assert verbs() == ["outer", "inner"]


def test_an_error_of_the_outer_undoes_the_inner_too(app: Flask) -> None:
    with pytest.raises(ValueError):
        write("outer", inner=lambda: write("inner"), then=ValueError("no"))
    assert verbs() == []


def test_an_error_of_the_inner_undoes_the_outer_too(app: Flask) -> None:
    with pytest.raises(ValueError):
        write("outer", inner=lambda: write("inner", then=ValueError("no")))
    assert verbs() == []


def test_a_failing_commit_keeps_nothing(app: Flask) -> None:
    with pytest.raises(IntegrityError), atomic():
        record("one", "thing:1")
        db.session.add_all([Preference(name="twice", value="1"), RateCount(key="k", expires_at=clock.now())])
    assert verbs() == []


def test_rows_changed_outside_atomic_are_a_mistake_that_is_named(app: Flask) -> None:
    record("stray", "thing:1")
    with pytest.raises(RuntimeError, match=r"outside atomic\(\)"):
        write("one")
    db.session.rollback()
    assert verbs() == []


def test_atomic_reads_afresh_what_another_has_changed_since(app: Flask) -> None:
    with atomic():
        db.session.add(Preference(name="counter", value="1"))
    mine = db.session.get_one(Preference, "counter")
    with db.engine.begin() as connection:
        connection.execute(sa.update(Preference).values(value="2"))
    with atomic():
        assert mine.value == "2"


@on_sqlite
def test_atomic_takes_the_write_lock_of_sqlite_before_its_first_statement(app: Flask) -> None:
    other = other_connection(app)
    with atomic():
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        assert other.execute("SELECT count(*) FROM role").fetchone() == (4,), "readers go on while one writes"
    other.execute("BEGIN IMMEDIATE")
    other.execute("ROLLBACK")
    other.close()


@on_sqlite
def test_reading_takes_no_write_lock(app: Flask) -> None:
    db.session.scalars(sa.select(AuditLine)).all()
    other = other_connection(app)
    other.execute("BEGIN IMMEDIATE")
    other.execute("ROLLBACK")
    other.close()


@on_sqlite
def test_eight_threads_that_read_and_then_write_lose_nothing(app: Flask) -> None:
    with atomic():
        db.session.add(Preference(name="counter", value="0"))

    def five(_number: int) -> None:
        with app.app_context():
            for _ in range(5):
                db.session.scalar(sa.select(Preference.value))
                with atomic():
                    row = db.session.get_one(Preference, "counter")
                    row.value = str(int(row.value) + 1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(five, range(8)))
    assert read_counter() == 40


@on_sqlite
@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 15000)]
)
def test_every_connection_to_sqlite_is_prepared(app: Flask, pragma: str, value: Any) -> None:
    with db.engine.connect() as one, db.engine.connect() as other:
        assert [one.exec_driver_sql(f"PRAGMA {pragma}").scalar() for one in (one, other)] == [value, value]


def test_a_row_that_points_nowhere_is_refused(app: Flask) -> None:
    comment = make_comment(make_article())
    with pytest.raises(IntegrityError), atomic():
        db.session.execute(sa.update(Comment).where(Comment.id == comment.id).values(article_id=999_999))


def test_a_state_that_is_no_word_of_ours_is_refused_by_the_database_itself(app: Flask) -> None:
    make_comment(make_article())
    with pytest.raises(IntegrityError), atomic():
        db.session.execute(sa.text("UPDATE comment SET state = 'published'"))
    assert db.session.scalars(sa.select(Comment.state)).all() == [CommentState.PENDING]


def test_a_state_is_stored_as_its_word(app: Flask) -> None:
    make_comment(make_article())
    assert db.session.scalar(sa.text("SELECT state FROM comment")) == "pending"


def test_a_naive_time_is_refused(app: Flask) -> None:
    with pytest.raises(StatementError, match="a naive time was given"), atomic():
        db.session.add(RateCount(key="k", count=1, expires_at=datetime(2026, 11, 20)))  # noqa: DTZ001
    with pytest.raises(ValueError, match="naive"):
        UtcDateTime().process_bind_param(datetime(2026, 11, 20), sa.create_engine("sqlite://").dialect)  # noqa: DTZ001


def test_a_time_of_another_zone_comes_back_as_the_same_moment_in_utc(app: Flask) -> None:
    with atomic():
        db.session.add(RateCount(key="k", count=1, expires_at=datetime(2026, 11, 20, 7, 30, 0, 123456, SINGAPORE)))
    db.session.expire_all()
    at = db.session.get_one(RateCount, "k").expires_at
    assert at == datetime(2026, 11, 19, 23, 30, 0, 123456, UTC)
    assert at.utcoffset() == timedelta(0)


def test_times_of_different_zones_are_compared_as_moments(app: Flask) -> None:
    with atomic():
        db.session.add(RateCount(key="k", count=1, expires_at=datetime(2026, 11, 20, 7, 0, tzinfo=SINGAPORE)))
    before = RateCount.expires_at < datetime(2026, 11, 19, 23, 30, tzinfo=UTC)
    assert db.session.scalars(sa.select(RateCount.key).where(before)).all() == ["k"]


def test_no_time_stays_no_time(app: Flask) -> None:
    assert db.session.scalars(sa.select(Message.sent_at)).all() == []
    assert db.session.scalar(sa.select(sa.null().cast(UtcDateTime))) is None


def test_a_row_is_inserted_once_and_skipped_the_second_time(app: Flask) -> None:
    with atomic():
        assert insert_or_skip(Preference, name="counter", value="1")
        assert not insert_or_skip(Preference, name="counter", value="2")
    assert read_counter() == 1


def test_of_eight_rivals_one_inserts(app: Flask) -> None:
    at_once = threading.Barrier(8)

    def insert(number: int) -> bool:
        with app.app_context():
            at_once.wait()
            with atomic():
                return insert_or_skip(Preference, name="counter", value=str(number))

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(insert, range(8))) == [False] * 7 + [True]


def test_what_an_error_says_of_a_statement_leaves_out_its_values(app: Flask) -> None:
    with pytest.raises(IntegrityError) as error, atomic():
        db.session.execute(sa.insert(Preference).values(name="secret-name", value=None))
    assert "secret-name" not in str(error.value).split("DETAIL")[0]


@pytest.mark.postgresql
@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_an_answer_is_sent_although_its_connection_was_closed_meanwhile(app: Flask, client: FlaskClient) -> None:
    def close(_app: Flask, **_: object) -> None:
        pid = db.session.scalar(sa.text("SELECT pg_backend_pid()"))
        with db.engine.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

    with request_finished.connected_to(close, app):
        assert client.get("/search/?q=hips").status_code == 200
    assert client.get("/search/?q=hips").status_code == 200
