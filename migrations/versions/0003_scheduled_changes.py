"""Scheduled changes: an index of all that waits for a time, an article or the newer draft of one."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

IS_SCHEDULED = sa.text("scheduled_for IS NOT NULL")


def upgrade() -> None:
    """Step forward."""
    op.drop_index(op.f("ix_articles_status_scheduled_for"), "articles")
    op.create_index(
        op.f("ix_articles_scheduled_for"),
        "articles",
        ["scheduled_for"],
        sqlite_where=IS_SCHEDULED,
        postgresql_where=IS_SCHEDULED,
    )


def downgrade() -> None:
    """Step back."""
    # An older site publishes no changes by itself: they stay drafts.
    op.execute("UPDATE articles SET scheduled_for = NULL WHERE status = 'published'")
    op.drop_index(op.f("ix_articles_scheduled_for"), "articles")
    op.create_index(op.f("ix_articles_status_scheduled_for"), "articles", ["status", "scheduled_for"])
