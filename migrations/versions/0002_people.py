"""People: newer drafts, revisions, the bin, the audit log, feedback, the second factor."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATUSES = {
    "old": "status IN ('draft', 'published', 'unpublished')",
    "new": "status IN ('draft', 'scheduled', 'published', 'unpublished', 'binned')",
}
SCHEDULED_FOR = "status <> 'scheduled' OR scheduled_for IS NOT NULL"
BINNED_AT = "status <> 'binned' OR binned_at IS NOT NULL"


def is_sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"


def before(column: str) -> dict[str, str]:
    """Place a new column where a table is copied; PostgreSQL adds them at the end, and keeps large values elsewhere."""
    return {"insert_before": column} if is_sqlite() else {}


def upgrade() -> None:
    """Step forward."""
    # The two large columns stay last: what a list reads stands before them.
    copied = "always" if is_sqlite() else "never"
    with op.batch_alter_table("articles", recreate=copied) as batch_op:
        batch_op.add_column(sa.Column("scheduled_for", sa.DateTime(timezone=True)), **before("created_at"))
        batch_op.add_column(sa.Column("binned_at", sa.DateTime(timezone=True)), **before("created_at"))
        batch_op.add_column(sa.Column("binned_from", sa.String(length=12)), **before("created_at"))
        batch_op.add_column(sa.Column("saved_at", sa.DateTime(timezone=True)), **before("reading_minutes"))
        batch_op.add_column(sa.Column("canonical_url", sa.String(length=500)), **before("version"))
        batch_op.drop_constraint(op.f("ck_articles_status"), type_="check")
    op.execute("UPDATE articles SET saved_at = updated_at, canonical_url = ''")
    with op.batch_alter_table("articles") as batch_op:
        batch_op.alter_column("saved_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        batch_op.alter_column("canonical_url", existing_type=sa.String(length=500), nullable=False)
        batch_op.create_check_constraint(op.f("ck_articles_status"), sa.text(STATUSES["new"]))
        batch_op.create_check_constraint(op.f("ck_articles_scheduled_for"), sa.text(SCHEDULED_FOR))
        batch_op.create_check_constraint(op.f("ck_articles_binned_at"), sa.text(BINNED_AT))
        batch_op.create_index(batch_op.f("ix_articles_saved_at_article_id"), ["saved_at", "article_id"])
        batch_op.create_index(batch_op.f("ix_articles_status_binned_at"), ["status", "binned_at"])
        batch_op.create_index(
            batch_op.f("ix_articles_status_saved_at_article_id"), ["status", "saved_at", "article_id"]
        )
        batch_op.create_index(batch_op.f("ix_articles_status_scheduled_for"), ["status", "scheduled_for"])

    op.create_table(
        "feedback",
        sa.Column("feedback_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(length=80), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("feedback_id", name=op.f("pk_feedback")),
    )
    with op.batch_alter_table("feedback") as batch_op:
        batch_op.create_index(batch_op.f("ix_feedback_done_at_feedback_id"), ["done_at", "feedback_id"], unique=False)

    op.create_table(
        "audit_log",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("user_name", sa.String(length=80), nullable=False),
        sa.Column("deed", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_audit_log_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_log")),
    )
    with op.batch_alter_table("audit_log") as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_log_at_entry_id"), ["at", "entry_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_log_user_id"), ["user_id"], unique=False)

    op.create_table(
        "autosaves",
        sa.Column("autosave_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("form_key", sa.String(length=40), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.article_id"], name=op.f("fk_autosaves_article_id_articles"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_autosaves_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("autosave_id", name=op.f("pk_autosaves")),
        sa.UniqueConstraint("user_id", "form_key", name=op.f("uq_autosaves_user_id_form_key")),
    )
    with op.batch_alter_table("autosaves") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_autosaves_article_id_user_id_updated_at"), ["article_id", "user_id", "updated_at"]
        )
        batch_op.create_index(batch_op.f("ix_autosaves_updated_at"), ["updated_at"], unique=False)

    op.create_table(
        "revisions",
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("user_name", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deed", sa.String(length=20), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.article_id"], name=op.f("fk_revisions_article_id_articles"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_revisions_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_revisions")),
        sa.UniqueConstraint("article_id", "number", name=op.f("uq_revisions_article_id_number")),
    )
    with op.batch_alter_table("revisions") as batch_op:
        batch_op.create_index(batch_op.f("ix_revisions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "working_copies",
        sa.Column("article_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("standfirst", sa.String(length=1000), nullable=False),
        sa.Column("slug", sa.String(length=200), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("canonical_url", sa.String(length=500), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("direction", sa.String(length=4), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.article_id"],
            name=op.f("fk_working_copies_article_id_articles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_working_copies_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_working_copies")),
    )
    with op.batch_alter_table("working_copies") as batch_op:
        batch_op.create_index(batch_op.f("ix_working_copies_user_id"), ["user_id"], unique=False)

    with op.batch_alter_table("users") as batch_op:
        batch_op.add_column(sa.Column("tf_primary_method", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("tf_totp_secret", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("tf_phone_number", sa.String(length=128), nullable=True))
        batch_op.add_column(sa.Column("mf_recovery_codes", sa.UnicodeText(), nullable=True))


def downgrade() -> None:
    """Step back."""
    with op.batch_alter_table("users") as batch_op:
        batch_op.drop_column("mf_recovery_codes")
        batch_op.drop_column("tf_phone_number")
        batch_op.drop_column("tf_totp_secret")
        batch_op.drop_column("tf_primary_method")

    with op.batch_alter_table("working_copies") as batch_op:
        batch_op.drop_index(batch_op.f("ix_working_copies_user_id"))

    op.drop_table("working_copies")
    with op.batch_alter_table("revisions") as batch_op:
        batch_op.drop_index(batch_op.f("ix_revisions_user_id"))

    op.drop_table("revisions")
    with op.batch_alter_table("autosaves") as batch_op:
        batch_op.drop_index(batch_op.f("ix_autosaves_updated_at"))
        batch_op.drop_index(batch_op.f("ix_autosaves_article_id_user_id_updated_at"))

    op.drop_table("autosaves")
    with op.batch_alter_table("audit_log") as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_log_user_id"))
        batch_op.drop_index(batch_op.f("ix_audit_log_at_entry_id"))

    op.drop_table("audit_log")
    with op.batch_alter_table("feedback") as batch_op:
        batch_op.drop_index(batch_op.f("ix_feedback_done_at_feedback_id"))

    op.drop_table("feedback")
    # What the older site does not know is what readers do not see.
    op.execute(
        "UPDATE articles SET status = CASE WHEN published_at IS NULL THEN 'draft' ELSE 'unpublished' END"
        " WHERE status IN ('scheduled', 'binned')"
    )
    with op.batch_alter_table("articles") as batch_op:
        batch_op.drop_constraint(op.f("ck_articles_binned_at"), type_="check")
        batch_op.drop_constraint(op.f("ck_articles_scheduled_for"), type_="check")
        batch_op.drop_constraint(op.f("ck_articles_status"), type_="check")
        batch_op.create_check_constraint(op.f("ck_articles_status"), sa.text(STATUSES["old"]))
        batch_op.drop_index(batch_op.f("ix_articles_status_scheduled_for"))
        batch_op.drop_index(batch_op.f("ix_articles_status_saved_at_article_id"))
        batch_op.drop_index(batch_op.f("ix_articles_status_binned_at"))
        batch_op.drop_index(batch_op.f("ix_articles_saved_at_article_id"))
        batch_op.drop_column("canonical_url")
        batch_op.drop_column("saved_at")
        batch_op.drop_column("binned_from")
        batch_op.drop_column("binned_at")
        batch_op.drop_column("scheduled_for")
