"""Generated leads with numbers, stages, bookings, vouchers and search words."""

from collections.abc import Iterator

import sqlalchemy as sa

from clinic.articles.models import Article
from clinic.bookings.models import Service
from clinic.core.db import db
from clinic.demo.bulk.rows import (
    THREE_YEARS,
    Row,
    ago,
    go_on_counting,
    in_portions,
    insert_all,
    is_postgres,
    mixed,
    next_id,
)

MOST_ARTICLES = 500  # articles that leads came from
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
# Stages of a hundred leads. Most old ones are lost or joined.
STAGES = ("lost",) * 60 + ("joined",) * 25 + ("attended",) * 11 + ("booked",) * 2 + ("contacted",) + ("new",)


def bulk_leads(number: int) -> Iterator[int]:
    """Add `number` leads, each with a booking and a voucher. Yields the number done after each batch."""
    service_id = db.session.scalar(sa.select(Service.id).order_by(Service.id).limit(1))
    articles = list(db.session.scalars(sa.select(Article.id).order_by(Article.id).limit(MOST_ARTICLES)))
    first, first_booking = next_id("lead"), next_id("booking")

    def insert(places: range) -> None:
        rows = [_row(first + place, first_booking + place, articles) | {"service": service_id} for place in places]
        for statement in _statements():
            insert_all(statement, rows)

    yield from in_portions(number, insert)
    go_on_counting("lead", "booking", "voucher")


def _row(id_: int, booking_id: int, articles: list[int]) -> Row:
    which = mixed(id_)
    name = f"{SURNAMES[which % 14]} {GIVEN[0][which // 14 % 14]} {GIVEN[1][which // 196 % 14]}"
    digits = f"65{80_000_000 + id_ % 20_000_000}"
    email = f"id{id_}.{name.split()[1].lower()}@bulk.example.org"
    stage, at = STAGES[which // 7 % 100], ago(which % THREE_YEARS)
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
        "until": ago(-7_776_000),
        "words": f"{name.lower()} {email.replace('@', ' ').replace('.', ' ')} {ends}",
        "code": f"{id_:08d}",
        "article": articles[mixed(id_, 1) % len(articles)] if articles and which % 5 < 2 else None,
        "redeemed": at if stage in ("attended", "joined") else None,
    }


def _statements() -> tuple[str, ...]:
    index = (
        "INSERT INTO lead_vector (ref, words) VALUES (:id, to_tsvector('simple', :words))"
        if is_postgres()
        else "INSERT INTO lead_fts (rowid, words) VALUES (:id, :words)"
    )
    return (
        "INSERT INTO lead (id, name, email, mobile, stage, stage_since, lost_because, next_step, source, email_key,"
        " name_head, name_tail, article_id, created_at) VALUES (:id, :name, :email, :mobile, :stage, :at, '', '',"
        " 'trial page', :email, :head, :tail, :article, :at)",
        index,
        "INSERT INTO booking (id, lead_id, service_id, article_id, state, held_because, contact_digest, consented_at,"
        " created_at) VALUES (:booking, :id, :service, :article, 'booked', '',"
        " 'bulk ' || CAST(:id AS VARCHAR(20)), :at, :at)",
        "INSERT INTO voucher (id, code, booking_id, state, issued_at, expires_at, redeemed_at, redeemed_device,"
        " trial_of_id, stage_before)"
        " VALUES (:booking, :code, :booking, CASE WHEN :stage IN ('attended', 'joined') THEN 'redeemed' ELSE 'issued'"
        " END, :at, :until, :redeemed, '', :id, '')",
    )
