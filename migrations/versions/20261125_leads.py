"""leads: stages with times, next steps, similarity, merges, letters, search words; imported customers; blocked
guests."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
NEW_STAGES = ("new", "contacted", "booked", "attended", "joined", "lost")
OLD_STAGES = tuple(stage for stage in NEW_STAGES if stage != "joined")
WORDS = {"lost_because": "", "next_step": "", "source": "", "email_key": "", "name_head": "", "name_tail": ""}
PLUS = ("gmail.com", "outlook.com", "hotmail.com", "live.com", "icloud.com", "fastmail.com", "proton.me",
        "protonmail.com", "pm.me")


def upgrade() -> None:
    """Go to the new schema."""
    op.drop_index("ix_lead_stage", "lead")
    with op.batch_alter_table("lead") as lead:
        lead.drop_constraint(op.f("ck_lead_stage"), type_="check")
        lead.create_check_constraint(op.f("ck_lead_stage"), sa.column("stage").in_(NEW_STAGES))
        lead.add_column(sa.Column("stage_since", TIME, nullable=True))
        for name, default in WORDS.items():
            lead.add_column(sa.Column(name, sa.String(), nullable=False, server_default=default))
        lead.add_column(sa.Column("assigned_id", sa.Integer(), nullable=True))
        lead.add_column(sa.Column("next_on", sa.Date(), nullable=True))
        lead.add_column(sa.Column("unsubscribed_at", TIME, nullable=True))
        lead.add_column(sa.Column("merged_into_id", sa.Integer(), nullable=True))
        lead.create_foreign_key("fk_lead_assigned_id_user", "user", ["assigned_id"], ["id"], ondelete="SET NULL")
        lead.create_foreign_key("fk_lead_merged_into_id_lead", "lead", ["merged_into_id"], ["id"], ondelete="SET NULL")
    op.execute("UPDATE lead SET stage_since = created_at")
    with op.batch_alter_table("lead") as lead:
        lead.alter_column("stage_since", existing_type=TIME, nullable=False)
    for column in ("assigned_id", "next_on", "email_key", "name_head", "name_tail", "merged_into_id"):
        op.create_index(f"ix_lead_{column}", "lead", [column])
    op.create_index("ix_lead_stage_created_at", "lead", ["stage", "created_at"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE lead_fts USING fts5(words, prefix = '3 4 5')")
    else:
        op.create_table(
            "lead_vector",
            sa.Column("ref", sa.Integer(), primary_key=True),
            sa.Column("words", sa.dialects.postgresql.TSVECTOR(), nullable=False),
        )
        op.create_index("ix_lead_vector_words", "lead_vector", ["words"], postgresql_using="gin")
    _fill()
    op.create_table(
        "merge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kept_id", sa.Integer(), nullable=False),
        sa.Column("merged_id", sa.Integer(), nullable=False),
        sa.Column("moved", sa.JSON(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["kept_id"], ["lead.id"], name="fk_merge_kept_id_lead", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["merged_id"], ["lead.id"], name="fk_merge_merged_id_lead", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name="fk_merge_by_id_user", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_merge"),
        sa.UniqueConstraint("merged_id", name="uq_merge_merged_id"),
    )
    op.create_index("ix_merge_kept_id", "merge", ["kept_id"])
    op.create_table(
        "two_people",
        sa.Column("one_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["one_id"], ["lead.id"], name="fk_two_people_one_id_lead", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["other_id"], ["lead.id"], name="fk_two_people_other_id_lead", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("one_id", "other_id", name="pk_two_people"),
    )
    op.create_index("ix_two_people_other_id", "two_people", ["other_id"])
    op.create_table(
        "letter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_letter"),
        sa.UniqueConstraint("name", name="uq_letter_name"),
    )
    op.add_column("claim", sa.Column("known_as", sa.String(32), nullable=False, server_default=""))
    op.create_table(
        "block",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind", sa.Enum("email", "mobile", name="claimkind", native_enum=False, length=20, create_constraint=True),
            nullable=False,
        ),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name="fk_block_by_id_user", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_block"),
        sa.UniqueConstraint("digest", name="uq_block_digest"),
    )
    op.create_index("ix_block_created_at", "block", ["created_at"])


def _fill() -> None:
    """Fill keys and search words of the existing leads, in the form that the site uses for new ones."""
    bind = op.get_bind()
    is_sqlite = bind.dialect.name == "sqlite"
    insert = sa.text(
        "INSERT INTO lead_fts (rowid, words) VALUES (:ref, :words)" if is_sqlite
        else "INSERT INTO lead_vector (ref, words) VALUES (:ref, to_tsvector('simple', :words))"
    )
    keep = sa.text("UPDATE lead SET email_key = :key, name_head = :head, name_tail = :tail WHERE id = :ref")
    for row in bind.execute(sa.text("SELECT id, name, email, mobile FROM lead")).all():
        local, _, domain = row.email.lower().rpartition("@")
        domain = {"googlemail.com": "gmail.com"}.get(domain, domain)
        local = local.partition("+")[0] if domain in PLUS else local
        local = local.replace(".", "") if domain == "gmail.com" else local
        letters = " ".join(sorted(_words(row.name)))
        digits = row.mobile.lstrip("+")
        ends = [digits[start:] for start in range(max(0, len(digits) - 15), len(digits) - 3)]
        bind.execute(keep, {"key": f"{local}@{domain}", "head": letters[:4], "tail": letters[-4:], "ref": row.id})
        words = " ".join([*_words(row.name), *_words(row.email), *ends])
        bind.execute(insert, {"ref": row.id, "words": words})


def _words(text: str) -> list[str]:
    plain = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    return "".join(char if char.isalnum() or char == "_" else " " for char in plain).split()


def downgrade() -> None:
    """Go back. Leads who joined become attended."""
    op.drop_table("block")
    op.drop_column("claim", "known_as")
    op.drop_table("letter")
    op.drop_table("two_people")
    op.drop_table("merge")
    op.drop_table("lead_fts" if op.get_bind().dialect.name == "sqlite" else "lead_vector")
    for column in ("assigned_id", "next_on", "email_key", "name_head", "name_tail", "stage_created_at",
                   "merged_into_id"):
        op.drop_index(f"ix_lead_{column}", "lead")
    op.execute("UPDATE lead SET stage = 'attended' WHERE stage = 'joined'")
    with op.batch_alter_table("lead") as lead:
        lead.drop_constraint("fk_lead_assigned_id_user", type_="foreignkey")
        lead.drop_constraint("fk_lead_merged_into_id_lead", type_="foreignkey")
        lead.drop_constraint(op.f("ck_lead_stage"), type_="check")
        lead.create_check_constraint(op.f("ck_lead_stage"), sa.column("stage").in_(OLD_STAGES))
        for name in (*WORDS, "stage_since", "assigned_id", "next_on", "unsubscribed_at", "merged_into_id"):
            lead.drop_column(name)
    op.create_index("ix_lead_stage", "lead", ["stage"])
