"""an order for categories and the team, portraits; menus and the sections of the home page."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MENUS = (
    ("header", "Articles", "/articles/"),
    ("header", "Services", "/services/"),
    ("header", "Team", "/team/"),
    ("header", "Contact", "/contact/"),
    ("header", "Search", "/search/"),
    ("footer", "About us", "/about/"),
    ("footer", "Feed of new articles", "/feed.xml"),
)
STAGES = """\
We listen
What hurts, since when, and what you would like to do again. Bring scans or letters if you have them.

We look
How you stand, bend, walk and breathe. Nothing is forced, and you can stop at any moment.

We try
Two or three movements that suit you, until they feel clear enough to do alone.

You leave with a plan
What to do this week, what to watch for, and whether it makes sense to go on."""
QUESTIONS = """\
Do I need a referral from a doctor?
No. If your pain is strong, new, or comes with numbness, weakness, fever or a fall, please see a doctor first; we are glad \
to work with what they find.

What should I wear?
Clothes you can bend and stretch in. We work barefoot or in socks.

Who can have a trial session?
Anyone over 18 who has not been our customer before, one time. [The terms](/terms/) are short.

Will it hurt?
It should not. Some effort and a little soreness the day after are common; sharp or growing pain is a sign to stop, and we \
look for another way."""
SECTIONS = (
    ("services", "Two ways to begin", ""),
    ("stages", "How a first session goes", STAGES),
    ("newest", "Newest articles", ""),
    ("most_read", "Most read this month", ""),
    ("team", "The people you will meet", ""),
    ("place", "Where we are", ""),
    ("questions", "What people ask", QUESTIONS),
)
KINDS = [kind for kind, _, _ in SECTIONS]


def upgrade() -> None:
    """Go to the new schema. Existing rows keep their order by name."""
    for name in ("category", "author"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("position", sa.Integer(), nullable=False, server_default="0"))
        op.execute(
            f"UPDATE {name} SET position ="
            f" (SELECT count(*) FROM {name} AS other"
            f" WHERE other.name < {name}.name OR (other.name = {name}.name AND other.id < {name}.id))"
        )
    with op.batch_alter_table("author") as author:
        author.add_column(sa.Column("is_on_team", sa.Boolean(), nullable=False, server_default=sa.true()))
        author.add_column(sa.Column("image_id", sa.Integer(), nullable=True))
        author.create_foreign_key("fk_author_image_id_image", "image", ["image_id"], ["id"])
    op.create_index("ix_author_image_id", "author", ["image_id"])
    menu_item = op.create_table(
        "menu_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("place IN ('header', 'footer')", name=op.f("ck_menu_item_place")),
        sa.PrimaryKeyConstraint("id", name="pk_menu_item"),
    )
    home_section = op.create_table(
        "home_section",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("heading", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("is_shown", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"kind IN ({', '.join(map(repr, KINDS))})", name=op.f("ck_home_section_sectionkind")),
        sa.PrimaryKeyConstraint("id", name="pk_home_section"),
        sa.UniqueConstraint("kind", name="uq_home_section_kind"),
    )
    op.bulk_insert(
        menu_item,
        [
            {"place": place, "label": label, "address": address, "position": position}
            for position, (place, label, address) in enumerate(MENUS)
        ],
    )
    op.bulk_insert(
        home_section,
        [
            {"kind": kind, "heading": heading, "body": body, "is_shown": True, "position": position}
            for position, (kind, heading, body) in enumerate(SECTIONS)
        ],
    )


def downgrade() -> None:
    """Go back. Menus and home page are the built-in ones again."""
    op.drop_table("home_section")
    op.drop_table("menu_item")
    op.drop_index("ix_author_image_id", "author")
    with op.batch_alter_table("author") as author:
        author.drop_constraint("fk_author_image_id_image", type_="foreignkey")
        for name in ("image_id", "is_on_team", "position"):
            author.drop_column(name)
    with op.batch_alter_table("category") as category:
        category.drop_column("position")
