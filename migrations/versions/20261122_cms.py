"""revisions, autosave, trash, review, preview links; redirects of any path."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go to the new schema. Redirects by slug become redirects by path."""
    with op.batch_alter_table("article") as article:
        article.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        article.add_column(sa.Column("trashed_at", TIME, nullable=True))
        article.add_column(sa.Column("retired_because", sa.String(), nullable=False, server_default=""))
        article.add_column(sa.Column("successor_id", sa.Integer(), nullable=True))
        article.add_column(sa.Column("review_due_on", sa.Date(), nullable=True))
        article.add_column(sa.Column("signed_off", sa.String(), nullable=False, server_default=""))
        article.create_foreign_key(
            "fk_article_successor_id_article", "article", ["successor_id"], ["id"], ondelete="SET NULL"
        )
    for column in ("trashed_at", "successor_id", "review_due_on"):
        op.create_index(f"ix_article_{column}", "article", [column])
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name="fk_revision_article_id_article", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name="fk_revision_by_id_user", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_revision"),
    )
    op.create_index("ix_revision_article_id", "revision", ["article_id"])
    op.create_table(
        "autosave",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_autosave_user_id_user", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "place", name="pk_autosave"),
    )
    op.create_index("ix_autosave_at", "autosave", ["at"])
    op.create_table(
        "presence",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name="fk_presence_article_id_article", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_presence_user_id_user", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article_id", "user_id", name="pk_presence"),
    )
    op.create_index("ix_presence_at", "presence", ["at"])
    op.create_table(
        "preview_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("expires_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name="fk_preview_link_article_id_article", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name="fk_preview_link_by_id_user", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_preview_link"),
        sa.UniqueConstraint("digest", name="uq_preview_link_digest"),
    )
    op.create_index("ix_preview_link_article_id", "preview_link", ["article_id"])
    op.create_index("ix_preview_link_expires_at", "preview_link", ["expires_at"])
    with op.batch_alter_table("redirect") as redirect:
        redirect.add_column(sa.Column("path", sa.String(length=400), nullable=True))
        redirect.add_column(sa.Column("target", sa.String(length=400), nullable=False, server_default=""))
        redirect.add_column(sa.Column("created_at", TIME, nullable=True))
    op.execute(
        "UPDATE redirect SET created_at = CURRENT_TIMESTAMP, path ="
        " (SELECT CASE WHEN article.kind = 'post' THEN '/articles/' ELSE '/' END || redirect.slug || '/'"
        " FROM article WHERE article.id = redirect.article_id)"
    )
    with op.batch_alter_table("redirect") as redirect:
        redirect.drop_constraint("uq_redirect_slug", type_="unique")
        redirect.drop_column("slug")
        redirect.alter_column("path", existing_type=sa.String(length=400), nullable=False)
        redirect.alter_column("created_at", existing_type=TIME, nullable=False)
        redirect.alter_column("article_id", existing_type=sa.Integer(), nullable=True)
        redirect.create_unique_constraint("uq_redirect_path", ["path"])
        redirect.create_check_constraint(op.f("ck_redirect_one_target"), "(article_id IS NULL) = (target <> '')")
    op.create_index("ix_redirect_target", "redirect", ["target"])


def downgrade() -> None:
    """Go back. Redirects that lead to no article are lost."""
    op.execute("DELETE FROM redirect WHERE article_id IS NULL")
    op.drop_index("ix_redirect_target", "redirect")
    with op.batch_alter_table("redirect") as redirect:
        redirect.add_column(sa.Column("slug", sa.String(length=80), nullable=True))
    op.execute("UPDATE redirect SET slug = replace(replace(path, '/articles/', ''), '/', '')")
    with op.batch_alter_table("redirect") as redirect:
        redirect.drop_constraint(op.f("ck_redirect_one_target"), type_="check")
        redirect.drop_constraint("uq_redirect_path", type_="unique")
        for name in ("created_at", "target", "path"):
            redirect.drop_column(name)
        redirect.alter_column("slug", existing_type=sa.String(length=80), nullable=False)
        redirect.alter_column("article_id", existing_type=sa.Integer(), nullable=False)
        redirect.create_unique_constraint("uq_redirect_slug", ["slug"])
    for table in ("preview_link", "presence", "autosave", "revision"):
        op.drop_table(table)
    for column in ("trashed_at", "successor_id", "review_due_on"):
        op.drop_index(f"ix_article_{column}", "article")
    with op.batch_alter_table("article") as article:
        article.drop_constraint("fk_article_successor_id_article", type_="foreignkey")
        for name in ("signed_off", "review_due_on", "successor_id", "retired_because", "trashed_at", "version"):
            article.drop_column(name)
