"""Migrations run up and down on empty databases, and the newest one equals the models."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade

from clinic.accounts.models import User
from clinic.app import create_app
from clinic.core.db import Base, db
from clinic.core.settings import load_settings
from clinic.outbox.models import Message
from clinic.web.health import current_revision, head_revision, is_migrated

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An app with an empty database."""
    environ = {"CLINIC_ENV": "test"}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        environ["DATABASE_URL"] = server.new_database(f"empty_{secrets.token_hex(4)}")
    app = create_app(load_settings(environ, tmp_path))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def tables() -> set[str]:
    db.session.rollback()
    names = set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}
    return {name for name in names if include_name(name)}


def include_name(name: str | None, *_: object) -> bool:
    """Leave out the tables of each engine's full-text index, which no model describes."""
    return not str(name).startswith(("search_fts", "search_vector", "lead_fts", "lead_vector"))


def test_up_then_down_then_up_again(empty_app: Flask) -> None:
    assert current_revision() is None
    upgrade()
    assert tables() == set(Base.metadata.tables)
    assert is_migrated()
    upgrade()  # repeating it changes nothing
    downgrade(revision="base")
    assert tables() == set()
    upgrade()
    db.session.rollback()
    assert current_revision() == head_revision()


def test_the_newest_migration_equals_the_models(empty_app: Flask) -> None:
    upgrade()
    db.session.rollback()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": include_name})
        assert compare_metadata(context, Base.metadata) == []


def test_every_rule_that_the_models_state_stands_in_the_database(empty_app: Flask) -> None:
    upgrade()
    db.session.rollback()
    inspector = sa.inspect(db.engine)
    for table in Base.metadata.sorted_tables:
        checks = {one.name for one in table.constraints if isinstance(one, sa.CheckConstraint)}
        assert {one["name"] for one in inspector.get_check_constraints(table.name)} == checks, table.name
        wanted = {
            (column.name, next(iter(column.foreign_keys)).ondelete) for column in table.columns if column.foreign_keys
        }
        kept = {
            (key["constrained_columns"][0], key["options"].get("ondelete"))
            for key in inspector.get_foreign_keys(table.name)
        }
        assert kept == wanted, table.name
        for column in inspector.get_columns(table.name):
            assert column["nullable"] == table.columns[column["name"]].nullable, (table.name, column["name"])


def test_migrations_form_one_line_and_are_named_by_day_and_change() -> None:
    files = sorted(VERSIONS.glob("*.py"))
    assert files
    for file in files:
        day, _, change = file.stem.partition("_")
        assert day.isdecimal(), file.name
        assert len(day) == 8, file.name
        assert change, file.name
        text = file.read_text(encoding="utf-8")
        assert "def downgrade" in text
        assert "from clinic" not in text, "a migration must not change when the code does"
    assert sum("down_revision = None" in file.read_text(encoding="utf-8") for file in files) == 1


def test_categories_and_team_stand_by_name_when_their_order_begins(empty_app: Flask) -> None:
    upgrade(revision="0007")
    with db.engine.begin() as connection:
        for slug, name in (("c", "Pilates"), ("a", "Joints"), ("b", "Backs")):
            connection.execute(sa.text("INSERT INTO category (slug, name) VALUES (:s, :n)"), {"s": slug, "n": name})
            connection.execute(
                sa.text("INSERT INTO author (slug, name, title, bio) VALUES (:s, :n, '', '')"), {"s": slug, "n": name}
            )
    upgrade()
    with db.engine.connect() as connection:
        for table in ("category", "author"):
            rows = connection.execute(sa.text(f"SELECT name FROM {table} ORDER BY position"))
            assert [row.name for row in rows] == ["Backs", "Joints", "Pilates"]
        assert connection.execute(sa.text("SELECT count(*) FROM author WHERE is_on_team")).scalar() == 3
        assert connection.execute(sa.text("SELECT count(*) FROM menu_item")).scalar() == 7
    downgrade(revision="0007")
    with db.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM author")).scalar() == 3


OLD_ROWS = (
    "INSERT INTO article"
    " (id, kind, slug, title, summary, body, words, state, created_at, updated_at, image_alt, image_credit)"
    " VALUES (1, 'post', 'hips', 'Hips', 's', '<p>b</p>', 1, 'draft', '2026-01-01', '2026-01-01', '', ''),"
    " (2, 'page', 'about', 'About', 's', '<p>b</p>', 1, 'draft', '2026-01-01', '2026-01-01', '', '')",
    "INSERT INTO redirect (slug, article_id) VALUES ('old-hips', 1), ('old-about', 2)",
    "INSERT INTO category (slug, name) VALUES ('b', 'Beta'), ('a', 'Alpha')",
    "INSERT INTO image (key, filename, width, height, rendition_widths, alt, credit, uploaded_at)"
    " VALUES ('k', 'x.jpg', 900, 600, '480,800', 'A hip', 'Photo: Ana', '2026-01-01')",
)


def run(*statements: str) -> None:
    with db.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def read(statement: str) -> list[tuple[object, ...]]:
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


def test_old_redirects_pictures_and_orders_are_kept(empty_app: Flask) -> None:
    upgrade(revision="0006")
    db.session.rollback()
    run(*OLD_ROWS)
    upgrade()
    db.session.rollback()
    kept = read("SELECT path, article_id, target FROM redirect ORDER BY id")
    assert kept == [("/articles/old-hips/", 1, ""), ("/old-about/", 2, "")]
    assert read("SELECT name FROM category ORDER BY position") == [("Alpha",), ("Beta",)]
    assert read("SELECT rendition_widths, version, rendered_at FROM image") == [("480,800", 1, None)]
    downgrade(revision="0006")
    assert read("SELECT slug, article_id FROM redirect ORDER BY id") == [("old-hips", 1), ("old-about", 2)]


OLD_MAIL = (
    'INSERT INTO message (id, uid, kind, "to", subject, text, html, attachments, unsubscribe_url, once_key, state,'
    " tries, due_at, last_error, created_at) VALUES"
    " (1, '{0}1', 'password_reset', 'a@example.org', 's', 'Go to https://clinic.example/reset/TOKEN-1 now',"
    " '<a href=\"https://clinic.example/reset/TOKEN-1\">x</a>', '[]', '', NULL, 'queued', 0, '2026-01-01',"
    " '', '2026-01-01'),"
    " (2, '{0}2', 'letter', 'b@example.org', 's', 'End: http://127.0.0.1:8000/link/unsubscribe/31.TOKEN-2/', '', '[]',"
    " 'http://127.0.0.1:8000/link/unsubscribe/31.TOKEN-2/', NULL, 'sent', 1, '2026-01-01', '', '2026-01-01'),"
    " (3, '{0}3', 'leads_overdue', 'c@example.org', 's', 'See https://clinic.example/admin/leads/', '', '[]', '',"
    " 'leads_overdue:2026-11-20:c@example.org', 'sent', 1, '2026-01-01', '', '2026-01-01')"
).format("0" * 31)


def test_links_of_old_mails_leave_their_texts_and_codes_are_encrypted(empty_app: Flask) -> None:
    upgrade(revision="0014")
    db.session.rollback()
    run(
        OLD_MAIL,
        'INSERT INTO "user" (id, email, name, active, created_at, fs_uniquifier, mf_recovery_codes)'
        " VALUES (1, 'a@example.org', 'Mei', true, '2026-01-01', 'u', 'abcd-1234,efab-5678')",
        "INSERT INTO audit_line (at, actor, verb, thing, detail) "
        "VALUES ('2026-01-01', 'Mei', 'blocked', 'block:1', 'Tan')",
    )
    upgrade()
    db.session.rollback()
    messages = db.session.scalars(sa.select(Message).order_by(Message.id)).all()
    for message in messages:
        assert "TOKEN" not in message.text + message.html + message.unsubscribe_url
    queued, sent, overdue = messages
    assert list(queued.secrets.values()) == ["https://clinic.example/reset/TOKEN-1"]
    assert (sent.secrets, sent.unsubscribe_url) == ({}, "")
    assert overdue.text == "See https://clinic.example/admin/leads/"
    assert overdue.once_key
    assert "@" not in overdue.once_key
    db.session.expunge(queued)
    queued.put_in_secrets()
    assert queued.text == "Go to https://clinic.example/reset/TOKEN-1 now"
    assert queued.html == '<a href="https://clinic.example/reset/TOKEN-1">x</a>'
    assert read("SELECT detail FROM audit_line") == [("",)]
    ((stored,),) = read('SELECT mf_recovery_codes FROM "user"')
    assert "abcd" not in str(stored)
    with empty_app.test_request_context():
        codes = empty_app.extensions["security"].mf_recovery_codes_util.get_recovery_codes(db.session.get_one(User, 1))
    assert codes == ["abcd-1234", "efab-5678"]
    db.session.rollback()
    downgrade(revision="0014")
    assert read('SELECT mf_recovery_codes FROM "user"') == [("abcd-1234,efab-5678",)]
    assert "reset/TOKEN-1" in str(read("SELECT text FROM message WHERE id = 1"))


OLD_TRIALS = (
    "INSERT INTO lead (id, name, email, mobile, stage, stage_since, lost_because, next_step, source, email_key,"
    " name_head, name_tail, created_at) VALUES (1, 'A', 'a@example.org', '+6591234567', 'new', '2026-01-01', '', '',"
    " '', '', '', '', '2026-01-01'), (2, 'B', 'b@example.org', '+6581234567', 'new', '2026-01-01', '', '', '', '', '',"
    " '', '2026-01-01')",
    "INSERT INTO service (id, slug, name, summary, body, minutes, is_active, position)"
    " VALUES (1, 's', 'S', '', '', 60, true, 0)",
    "INSERT INTO booking (id, lead_id, service_id, state, held_because, contact_digest, consented_at, created_at)"
    " VALUES (1, 1, 1, 'booked', '', 'x', '2026-01-01', '2026-01-01'), (2, 1, 1, 'booked', '', 'y', '2026-01-01',"
    " '2026-01-01'), (3, 2, 1, 'booked', '', 'z', '2026-01-01', '2026-01-01')",
    "INSERT INTO voucher (id, code, booking_id, state, issued_at, expires_at, redeemed_device) VALUES"
    " (1, 'AAAA2222', 1, 'issued', '2026-01-01', '2026-04-01', ''),"
    " (2, 'BBBB2222', 2, 'redeemed', '2026-01-01', '2026-03-01', ''),"
    " (3, 'CCCC2222', 3, 'issued', '2026-01-01', '2026-04-01', '')",
)


def test_of_two_vouchers_of_a_merged_person_the_used_one_is_the_trial(empty_app: Flask) -> None:
    upgrade(revision="0014")
    db.session.rollback()
    run(*OLD_TRIALS)
    upgrade()
    db.session.rollback()
    kept = read("SELECT id, trial_of_id, state FROM voucher ORDER BY id")
    assert kept == [(1, None, "issued"), (2, 1, "redeemed"), (3, 2, "issued")]
    downgrade(revision="0014")
    assert len(read("SELECT id FROM voucher")) == 3
