"""Sent forms: which article a form became, and words of people whose session was over when they sent them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Step forward."""
    op.create_table(
        "sent_forms",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("form_key", sa.String(length=40), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.article_id"], name=op.f("fk_sent_forms_article_id_articles"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sent_forms_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "form_key", name=op.f("pk_sent_forms")),
    )
    with op.batch_alter_table("sent_forms") as batch_op:
        batch_op.create_index(batch_op.f("ix_sent_forms_article_id"), ["article_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sent_forms_sent_at"), ["sent_at"], unique=False)

    op.create_table(
        "stray_words",
        sa.Column("stray_id", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=False),
        sa.Column("form_key", sa.String(length=40), nullable=False),
        sa.Column("network", sa.String(length=32), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("stray_id", name=op.f("pk_stray_words")),
        sa.UniqueConstraint("holder", "form_key", name=op.f("uq_stray_words_holder_form_key")),
    )
    with op.batch_alter_table("stray_words") as batch_op:
        batch_op.create_index(batch_op.f("ix_stray_words_network_updated_at"), ["network", "updated_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_stray_words_updated_at"), ["updated_at"], unique=False)


def downgrade() -> None:
    """Step back."""
    op.drop_table("stray_words")
    op.drop_table("sent_forms")
