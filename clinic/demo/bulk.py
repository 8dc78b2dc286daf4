"""Many leads at once, for measuring: made by the database itself, so that a million take minutes.

They look like the real thing (names, numbers, stages, bookings, vouchers, words they are found by) and are nobody's.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa

from clinic.bookings.models import Service
from clinic.core import clock
from clinic.core.db import atomic, db

CHUNK = 20_000
SURNAMES = (
    "Tan",
    "Lim",
    "Lee",
    "Ng",
    "Ong",
    "Wong",
    "Goh",
    "Chua",
    "Koh",
    "Menon",
    "Rao",
    "Ismail",
    "Rahman",
    "Pereira",
)
GIVEN = (
    ("Wei", "Hui", "Jun", "Mei", "Kok", "Siew", "Xin", "Li", "Nur", "Siti", "Arun", "Priya", "Marcus", "Anna"),
    ("Ling", "Min", "Jie", "Hua", "Leong", "Hoon", "Yi", "Ping", "Aisyah", "Aminah", "Kumar", "Devi", "James", "Grace"),
)
# Of a hundred leads so many are in each stage; old ones are lost or joined.
STAGES = ("lost",) * 60 + ("joined",) * 25 + ("attended",) * 11 + ("booked",) * 2 + ("contacted",) + ("new",)


def bulk_leads(number: int) -> Iterator[int]:
    """Add so many leads, each with a booking and a voucher. Yields how many there are after each portion."""
    service_id = db.session.scalar(sa.select(Service.id).order_by(Service.id).limit(1))
    first = (db.session.scalar(sa.text("SELECT max(id) FROM lead")) or 0) + 1
    first_booking = (db.session.scalar(sa.text("SELECT max(id) FROM booking")) or 0) + 1
    db.session.rollback()
    for done in range(0, number, CHUNK):
        rows = [_row(first + done + place, first_booking + done + place) for place in range(min(CHUNK, number - done))]
        with atomic():
            for statement in _statements():
                db.session.execute(sa.text(statement), [row | {"service": service_id} for row in rows])
        yield done + len(rows)
    if _is_postgres():
        with atomic():
            for table in ("lead", "booking", "voucher"):
                db.session.execute(
                    sa.text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")  # noqa: S608
                )
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if _is_postgres() else "ANALYZE")


def _row(id_: int, booking_id: int) -> dict[str, object]:
    mixed = id_ * 2654435761 % 2**32  # Knuth's multiplicative hash: spread, and the same every time
    name = f"{SURNAMES[mixed % 14]} {GIVEN[0][mixed // 14 % 14]} {GIVEN[1][mixed // 196 % 14]}"
    digits = f"65{80_000_000 + id_ % 20_000_000}"
    email = f"id{id_}.{name.split()[1].lower()}@bulk.example.org"
    stage, at = STAGES[mixed // 7 % 100], _text_of(clock.now().timestamp() - (mixed % 94_608_000))
    letters = " ".join(sorted(name.lower().split()))
    ends = " ".join(digits[start:] for start in range(len(digits) - 3))
    return {
        "id": id_,
        "booking": booking_id,
        "name": name,
        "email": email,
        "mobile": f"+{digits}",
        "stage": stage,
        "head": letters[:4],
        "tail": letters[-4:],
        "at": at,
        "until": _text_of(clock.now().timestamp() + 7_776_000),
        "words": f"{name.lower()} {email.replace('@', ' ').replace('.', ' ')} {ends}",
        "code": f"{id_:08d}",
        "redeemed": at if stage in ("attended", "joined") else None,
    }


def _text_of(seconds: float) -> object:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment if _is_postgres() else moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def _is_postgres() -> bool:
    return bool(db.session.get_bind().dialect.name == "postgresql")


def _statements() -> tuple[str, ...]:
    index = (
        "INSERT INTO lead_vector (ref, words) VALUES (:id, to_tsvector('simple', :words))"
        if _is_postgres()
        else "INSERT INTO lead_fts (rowid, words) VALUES (:id, :words)"
    )
    return (
        "INSERT INTO lead (id, name, email, mobile, stage, stage_since, lost_because, next_step, source, email_key,"
        " name_head, name_tail, created_at) VALUES (:id, :name, :email, :mobile, :stage, :at, '', '', 'trial page',"
        " :email, :head, :tail, :at)",
        index,
        "INSERT INTO booking (id, lead_id, service_id, state, held_because, contact_digest, consented_at, created_at)"
        " VALUES (:booking, :id, :service, 'booked', '', 'bulk ' || CAST(:id AS VARCHAR(20)), :at, :at)",
        "INSERT INTO voucher (id, code, booking_id, state, issued_at, expires_at, redeemed_at, redeemed_device)"
        " VALUES (:booking, :code, :booking, CASE WHEN :stage IN ('attended', 'joined') THEN 'redeemed' ELSE 'issued'"
        " END, :at, :until, :redeemed, '')",
    )
