"""The content version changes exactly when a row that readers see has changed, by any statement."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Mapped, mapped_column

from clinic.articles.models import Article
from clinic.comments.models import Comment, CommentState
from clinic.core import clock, content_triggers, content_version
from clinic.core.db import Base, UtcDateTime, atomic, db, insert_or_skip, upsert
from clinic.frame.models import MenuItem
from clinic.media.models import Image
from clinic.preferences import Preference
from tests.factories import make_article, make_comment, make_image

Act = Callable[[], object]
MENU: Any = MenuItem.__table__
LINK: dict[str, Any] = {"place": "footer", "label": "Fees", "address": "/fees/", "position": 90}


def execute(statement: Any, *parameters: Any) -> Any:
    """Execute a statement. Returns all rows of its result."""
    result = db.session.execute(statement, *parameters)
    return result.all() if getattr(result, "returns_rows", True) else None


def text(statement: str) -> Act:
    return lambda: execute(sa.text(statement))


def with_returning(statement: Any) -> Any:
    return statement.returning(MenuItem.id)


FIRST = sa.select(sa.func.min(MenuItem.id)).scalar_subquery()
NONE = MenuItem.id == -1
VALUES = "(place, label, address, position) VALUES ('footer', 'Fees', '/fees/', 90)"
ONE = "(SELECT min(id) FROM menu_item)"


def first() -> MenuItem:
    return db.session.scalars(sa.select(MenuItem).order_by(MenuItem.id).limit(1)).one()


def change_object() -> None:
    first().label = "Another label"


def add_object() -> None:
    db.session.add(MenuItem(**LINK))


def delete_object() -> None:
    db.session.delete(first())


def merge_object() -> None:
    db.session.merge(MenuItem(id=first().id, **LINK))


def unchanged_object() -> None:
    item = first()
    item.label, label = "x", item.label
    item.label = label


def update_by_key() -> None:
    db.session.execute(sa.update(MenuItem), [{"id": first().id, "label": "By key"}])


def change_on_driver() -> None:
    """Execute a statement on the driver, past SQLAlchemy, in the same transaction."""
    raw = db.session.connection().connection.dbapi_connection
    assert raw
    raw.cursor().execute(f"UPDATE menu_item SET label = 'By the driver' WHERE id = {ONE}")


def insert_of(label: str = "Fees") -> Any:
    return upsert(MenuItem).values(id=first().id, **LINK | {"label": label})


def on_conflict(label: str = "Fees", where: Any = None) -> Any:
    statement = insert_of(label)
    return statement.on_conflict_do_update(index_elements=["id"], set_={"label": statement.excluded.label}, where=where)


HITS: dict[str, Act] = {
    "INSERT": lambda: execute(sa.insert(MENU).values(**LINK)),
    "INSERT RETURNING": lambda: execute(with_returning(sa.insert(MenuItem)).values(**LINK)),
    "INSERT of many": lambda: execute(sa.insert(MENU), [LINK, LINK]),
    "INSERT of many, by the ORM": lambda: db.session.execute(sa.insert(MenuItem), [LINK, LINK]),
    "INSERT of many RETURNING, by the ORM": lambda: execute(with_returning(sa.insert(MenuItem)), [LINK, LINK]),
    "INSERT SELECT": text(
        "INSERT INTO menu_item (place, label, address, position) SELECT place, label, address, 91 FROM menu_item"
    ),
    "INSERT, only not if it is there": lambda: insert_or_skip(MenuItem, **LINK),
    "UPDATE": lambda: execute(sa.update(MENU).where(MenuItem.id == FIRST).values(label="x")),
    "UPDATE RETURNING": lambda: execute(
        with_returning(sa.update(MenuItem).where(MenuItem.id == FIRST).values(label="x"))
    ),
    "UPDATE by the ORM": lambda: execute(sa.update(MenuItem).values(label="x")),
    "UPDATE by the ORM, fetched": lambda: execute(
        sa.update(MenuItem).values(label="x").execution_options(synchronize_session="fetch")
    ),
    "UPDATE of many, by the ORM": update_by_key,
    "UPDATE, a row at a time": lambda: execute(
        sa.update(MENU).where(MenuItem.id == sa.bindparam("of")).values(label=sa.bindparam("to")),
        [{"of": -1, "to": "x"}, {"of": first().id, "to": "x"}],
    ),
    "DELETE": lambda: execute(sa.delete(MENU).where(MenuItem.id == FIRST)),
    "DELETE RETURNING": lambda: execute(with_returning(sa.delete(MenuItem).where(MenuItem.id == FIRST))),
    "DELETE by the ORM": lambda: execute(sa.delete(MenuItem)),
    "upsert that updates": lambda: execute(on_conflict()),
    "upsert that updates, RETURNING": lambda: execute(with_returning(on_conflict())),
    "upsert that inserts": lambda: execute(
        upsert(MenuItem).values(id=-5, **LINK).on_conflict_do_nothing(index_elements=["id"])
    ),
    "an object is added": add_object,
    "an object is changed": change_object,
    "an object is deleted": delete_object,
    "an object is merged": merge_object,
    "text: UPDATE": text(f"UPDATE menu_item SET label = 'x' WHERE id = {ONE}"),
    "text: UPDATE RETURNING": text(f"UPDATE menu_item SET label = 'x' WHERE id = {ONE} RETURNING id"),
    "text: UPDATE FROM": text("UPDATE menu_item SET label = 'x' FROM (SELECT 1) AS one"),
    "text: UPDATE of an alias": text("UPDATE menu_item AS m SET label = 'x'"),
    "text: UPDATE with a quoted name": text('UPDATE "menu_item" SET "label" = \'x\''),
    "text: UPDATE in capitals": text("UPDATE MENU_ITEM SET LABEL = 'x'"),
    "text: UPDATE after a comment": text("/* of the desk */ -- and one more\n UPDATE menu_item SET label = 'x'"),
    "text: DELETE": text(f"DELETE FROM menu_item WHERE id = {ONE}"),
    "text: INSERT": text(f"INSERT INTO menu_item {VALUES}"),
    "text: INSERT RETURNING": text(f"INSERT INTO menu_item {VALUES} RETURNING id"),
    "text: WITH UPDATE": text(
        f"WITH one AS (SELECT {ONE} AS id) UPDATE menu_item SET label = 'x' WHERE id IN (SELECT id FROM one)"
    ),
    "text: WITH UPDATE RETURNING": text(
        f"WITH one AS (SELECT {ONE} AS id) UPDATE menu_item SET label = 'x' WHERE id IN (SELECT id FROM one)"
        " RETURNING id"
    ),
    "text: WITH DELETE": text("WITH one AS (SELECT min(id) AS id FROM menu_item) DELETE FROM menu_item"),
    "text: WITH INSERT": text(
        "WITH one AS (SELECT 'Fees' AS label) INSERT INTO menu_item (place, label, address, position)"
        " SELECT 'footer', label, '/fees/', 90 FROM one"
    ),
    "CTE of SQLAlchemy": lambda: execute(
        sa.update(MenuItem).where(MenuItem.id.in_(sa.select(sa.select(FIRST.label("id")).cte().c.id))).values(label="x")
    ),
    "past SQLAlchemy": change_on_driver,
}
ON_SQLITE: dict[str, Act] = {
    "schema and name": text("UPDATE main.menu_item SET label = 'x'"),
    "schema and quoted name": text('UPDATE "main"."menu_item" SET label = \'x\''),
    "brackets": text("UPDATE [menu_item] SET label = 'x'"),
    "UPDATE OR": text("UPDATE OR IGNORE menu_item SET label = 'x'"),
    "REPLACE": text(
        f"REPLACE INTO menu_item (id, place, label, address, position) VALUES ({ONE}, 'footer', 'x', '/', 1)"
    ),
}
ON_POSTGRESQL: dict[str, Act] = {
    "schema and name": text("UPDATE public.menu_item SET label = 'x'"),
    "schema and quoted name": text('UPDATE "public"."menu_item" SET label = \'x\''),
    "ONLY": text("UPDATE ONLY menu_item SET label = 'x'"),
    "inside WITH": text("WITH done AS (UPDATE menu_item SET label = 'x' RETURNING id) SELECT count(*) FROM done"),
    "inside WITH of another statement": text(
        "WITH done AS (DELETE FROM menu_item RETURNING label) INSERT INTO search_word (word, documents)"
        " SELECT DISTINCT label, 1 FROM done"
    ),
    "MERGE": text(
        "MERGE INTO menu_item AS m USING (SELECT min(id) AS id FROM menu_item) AS one ON m.id = one.id"
        " WHEN MATCHED THEN UPDATE SET label = 'x'"
    ),
    "TRUNCATE": text("TRUNCATE menu_item"),
    "DO": text("DO $$ BEGIN UPDATE menu_item SET label = 'x'; END $$"),
    "another search path": text("SET LOCAL search_path = pg_catalog; UPDATE public.menu_item SET label = 'x'"),
}
MISSES: dict[str, Act] = {
    "INSERT SELECT of nothing": text(
        "INSERT INTO menu_item (place, label, address, position)"
        " SELECT place, label, address, position FROM menu_item WHERE id = -1"
    ),
    "INSERT SELECT of nothing RETURNING": text(
        "INSERT INTO menu_item (place, label, address, position)"
        " SELECT place, label, address, position FROM menu_item WHERE id = -1 RETURNING id"
    ),
    "UPDATE": lambda: execute(sa.update(MENU).where(NONE).values(label="x")),
    "UPDATE RETURNING": lambda: execute(with_returning(sa.update(MenuItem).where(NONE).values(label="x"))),
    "UPDATE by the ORM": lambda: execute(sa.update(MenuItem).where(NONE).values(label="x")),
    "UPDATE to what it is": lambda: execute(sa.update(MenuItem).values(label=MenuItem.label)),
    "UPDATE to what it is RETURNING": lambda: execute(with_returning(sa.update(MenuItem).values(label=MenuItem.label))),
    "UPDATE, a row at a time": lambda: execute(
        sa.update(MENU).where(MenuItem.id == sa.bindparam("of")).values(label="x"),
        [{"of": -1}, {"of": -2}],
    ),
    "DELETE": lambda: execute(sa.delete(MENU).where(NONE)),
    "DELETE RETURNING": lambda: execute(with_returning(sa.delete(MenuItem).where(NONE))),
    "DELETE by the ORM": lambda: execute(sa.delete(MenuItem).where(NONE)),
    "upsert that does nothing": lambda: execute(insert_of().on_conflict_do_nothing(index_elements=["id"])),
    "upsert that does nothing, RETURNING": lambda: execute(
        with_returning(insert_of().on_conflict_do_nothing(index_elements=["id"]))
    ),
    "upsert that may not update": lambda: execute(on_conflict(where=MenuItem.label == "nobody's")),
    "upsert to what it is": lambda: execute(on_conflict(first().label)),
    "an object is changed and changed back": unchanged_object,
    "text: UPDATE": text("UPDATE menu_item SET label = 'x' WHERE id = -1"),
    "text: WITH UPDATE": text(
        "WITH one AS (SELECT -1 AS id) UPDATE menu_item SET label = 'x' WHERE id IN (SELECT id FROM one)"
    ),
    "text: WITH DELETE RETURNING": text(
        "WITH one AS (SELECT -1 AS id) DELETE FROM menu_item WHERE id IN (SELECT id FROM one) RETURNING id"
    ),
    "SELECT": text("SELECT * FROM menu_item"),
    "a table that nobody sees": text("INSERT INTO search_word (word, documents) VALUES ('menu_item', 1)"),
    "words that name the table": text("INSERT INTO search_word (word, documents) VALUES ('UPDATE menu_item SET x', 1)"),
}


def changes(act: Act) -> bool:
    """Return whether a function, run in a transaction, changes the token."""
    before = content_version.current()
    with atomic():
        act()
    after = content_version.current()
    assert before
    assert after
    return before != after


@pytest.mark.parametrize("name", HITS)
def test_a_statement_that_hits_a_row_replaces_the_token(app: Flask, name: str) -> None:
    assert changes(HITS[name])


@pytest.mark.parametrize("name", MISSES)
def test_a_statement_that_changes_no_row_leaves_the_token(app: Flask, name: str) -> None:
    assert not changes(MISSES[name])


@pytest.mark.parametrize("name", ON_SQLITE)
def test_statements_that_only_sqlite_knows(app: Flask, name: str) -> None:
    if db.engine.dialect.name == "sqlite":
        assert changes(ON_SQLITE[name])


@pytest.mark.parametrize("name", ON_POSTGRESQL)
def test_statements_that_only_postgresql_knows(app: Flask, name: str) -> None:
    if db.engine.dialect.name == "postgresql":
        assert changes(ON_POSTGRESQL[name])


def test_rows_that_a_foreign_key_takes_along_count(app: Flask) -> None:
    comment = make_comment(make_article(), state=CommentState.APPROVED)
    assert changes(text(f"DELETE FROM article WHERE id = {comment.article_id}"))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Comment)) == 0


def test_a_savepoint_that_was_undone_was_no_change(app: Flask) -> None:
    def act() -> None:
        point = db.session.begin_nested()
        execute(with_returning(sa.update(MenuItem).values(label="x")))
        point.rollback()

    assert not changes(act)


def test_a_change_after_a_savepoint_that_was_undone_counts(app: Flask) -> None:
    def act() -> None:
        point = db.session.begin_nested()
        execute(sa.update(MenuItem).values(label="x"))
        point.rollback()
        execute(sa.update(MenuItem).values(label="y"))

    assert changes(act)


def test_each_transaction_has_a_token_of_its_own(app: Flask) -> None:
    tokens = {content_version.current()}
    for number in range(20):
        with atomic():
            execute(sa.update(MenuItem).values(label=str(number)))
            execute(sa.update(MenuItem).values(label=f"{number}, again"))
        tokens.add(content_version.current())
    assert len(tokens) == 21
    assert all(len(token) == 16 for token in tokens - {"first"})


def test_without_atomic_it_counts_too(app: Flask) -> None:
    before = content_version.current()
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(sa.update(MENU).values(label="x"))
    assert content_version.current() != before


def one(model: type[Base], **values: Any) -> Act:
    return lambda: execute(sa.update(model).values(**values))


def test_columns_that_no_reader_sees_do_not_count(app: Flask) -> None:
    image = make_image()
    article = make_article(image_id=image.id)
    make_comment(article, state=CommentState.APPROVED)
    now = clock.now() + timedelta(days=1)
    assert not changes(one(Image, claimed_until=now))
    assert not changes(one(Article, version=9, signed_off="x", review_due_on=now.date()))
    assert not changes(one(Comment, email="other@example.org", moderated_at=now))
    assert changes(one(Image, claimed_until=now, rendition_widths="480"))
    assert changes(one(Article, version=10, summary="Another summary"))
    assert changes(one(Comment, body="Another body"))


def test_rows_that_no_reader_sees_do_not_count(app: Flask) -> None:
    draft, post = make_article(publish=False), make_article()
    unused = make_image()
    make_comment(post)
    assert not changes(lambda: execute(sa.update(Article).where(Article.id == draft.id).values(title="x")))
    assert not changes(lambda: execute(sa.update(Image).where(Image.id == unused.id).values(alt="x")))
    assert not changes(one(Comment, body="Another body"))
    assert not changes(one(Comment, state=CommentState.SPAM))
    assert not changes(lambda: db.session.add(Preference(name="desk_email", value="x@example.org")))
    assert not changes(one(Preference, value="y@example.org"))
    assert not changes(lambda: execute(sa.delete(Preference)))
    assert changes(lambda: db.session.add(Preference(name="name", value="Another name")))
    assert changes(one(Comment, state=CommentState.APPROVED))
    assert changes(one(Comment, state=CommentState.SPAM))
    assert changes(lambda: execute(sa.delete(Article).where(Article.id == post.id)))


class Probe(Base):
    """A table that only these tests have, created without a migration."""

    __tablename__ = "probe"
    __table_args__ = ({"info": {"is_probe": True}},)

    id: Mapped[int] = mapped_column(primary_key=True)
    fields: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    at: Mapped[Any] = mapped_column(UtcDateTime, nullable=True)
    secret: Mapped[str] = mapped_column(default="")


content_version.shown(but=("secret",))(Probe)
PROBE: Any = Probe.__table__
Base.metadata.remove(PROBE)


def test_a_table_that_is_marked_and_made_later_counts_with_every_type_of_column(app: Flask) -> None:
    assert PROBE.info["is_probe"], "the mark shares the place with others"
    PROBE.create(db.session.connection())
    db.session.commit()
    try:
        assert changes(lambda: execute(sa.insert(PROBE).values(id=1, fields={"a": [1]})))
        assert not changes(lambda: execute(sa.update(PROBE).values(fields={"a": [1]}, secret="x")))
        assert changes(lambda: execute(sa.update(PROBE).values(fields={"a": [2]})))
        assert changes(lambda: execute(sa.update(PROBE).values(at=clock.now())))
        assert changes(lambda: execute(sa.update(PROBE).values(at=None)))
        assert not changes(lambda: execute(sa.update(PROBE).values(at=None)))
    finally:
        db.session.rollback()
        PROBE.drop(db.session.connection())
        db.session.commit()


def test_a_mark_that_names_no_column_is_refused() -> None:
    with pytest.raises(TypeError, match="article has no column titel"):
        content_version.shown(but=("titel",))(Article)


def test_triggers_that_are_missing_or_old_are_made_anew(app: Flask) -> None:
    with db.engine.begin() as connection:
        assert content_triggers.are_in_place(connection)
        content_triggers.take_away(connection)
        assert not content_triggers.are_in_place(connection)
    try:
        assert not changes(HITS["UPDATE"])
    finally:
        db.session.rollback()
        with db.engine.begin() as connection:
            content_triggers.put_in_place(connection)
            assert content_triggers.are_in_place(connection)
    assert changes(HITS["DELETE"])


def test_replace_tells_of_the_row_that_it_takes_away(app: Flask) -> None:
    if db.engine.dialect.name == "postgresql":
        return  # which has no such statement
    make_comment(make_article(), state=CommentState.APPROVED)
    columns = ", ".join(name for name in Comment.__table__.columns.keys() if name != "state")  # noqa: SIM118
    assert changes(text(f"REPLACE INTO comment (state, {columns}) SELECT 'spam', {columns} FROM comment"))
