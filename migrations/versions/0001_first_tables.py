"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Step forward."""
    op.create_table(
        "articles",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("standfirst", sa.String(length=1000), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reading_minutes", sa.Integer(), nullable=False),
        sa.Column("like_count", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("direction", sa.String(length=4), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source_name", sa.String(length=100), nullable=True),
        sa.Column("source_path", sa.String(length=500), nullable=True),
        sa.Column("source_hash", sa.String(length=64), nullable=True),
        sa.Column("edited_here", sa.Boolean(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.CheckConstraint("direction IN ('ltr', 'rtl', 'auto')", name=op.f("ck_articles_direction")),
        sa.CheckConstraint("status <> 'published' OR published_at IS NOT NULL", name=op.f("ck_articles_published_at")),
        sa.CheckConstraint("status IN ('draft', 'published', 'unpublished')", name=op.f("ck_articles_status")),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_articles")),
        sa.UniqueConstraint("slug", name=op.f("uq_articles_slug")),
        sa.UniqueConstraint("source_name", "source_path", name=op.f("uq_articles_source_name_source_path")),
    )
    with op.batch_alter_table("articles") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_articles_status_published_at_article_id"),
            ["status", "published_at", "article_id"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_articles_status_article_id"), ["status", "article_id"], unique=False)

    op.create_table(
        "invalidation_outbox",
        sa.Column("outbox_id", sa.Integer(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_invalidation_outbox")),
    )
    op.create_table(
        "roles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("permissions", sa.UnicodeText(), nullable=True),
        sa.Column("update_datetime", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("name", name=op.f("uq_roles_name")),
    )
    op.create_table(
        "tags",
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("tag_id", name=op.f("pk_tags")),
        sa.UniqueConstraint("slug", name=op.f("uq_tags_slug")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("username", sa.String(length=80), nullable=True),
        sa.Column("password", sa.String(length=255), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(length=64), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("create_datetime", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_datetime", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_users_fs_uniquifier")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
    )
    op.create_table(
        "article_likes",
        sa.Column("like_id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("visitor_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(user_id IS NULL) <> (visitor_id IS NULL)", name=op.f("ck_article_likes_one_reader")),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.article_id"],
            name=op.f("fk_article_likes_article_id_articles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_article_likes_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("like_id", name=op.f("pk_article_likes")),
        sa.UniqueConstraint("article_id", "user_id", name=op.f("uq_article_likes_article_id_user_id")),
        sa.UniqueConstraint("article_id", "visitor_id", name=op.f("uq_article_likes_article_id_visitor_id")),
    )
    with op.batch_alter_table("article_likes") as batch_op:
        batch_op.create_index(batch_op.f("ix_article_likes_user_id"), ["user_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_article_likes_visitor_id"), ["visitor_id"], unique=False)

    op.create_table(
        "article_tags",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.article_id"],
            name=op.f("fk_article_tags_article_id_articles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["tags.tag_id"], name=op.f("fk_article_tags_tag_id_tags"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article_id", "tag_id", name=op.f("pk_article_tags")),
    )
    with op.batch_alter_table("article_tags") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_article_tags_tag_id_published_at_article_id"),
            ["tag_id", "published_at", "article_id"],
            unique=False,
        )

    op.create_table(
        "old_addresses",
        sa.Column("old_address_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=500), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.article_id"],
            name=op.f("fk_old_addresses_article_id_articles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("old_address_id", name=op.f("pk_old_addresses")),
        sa.UniqueConstraint("address", name=op.f("uq_old_addresses_address")),
    )
    with op.batch_alter_table("old_addresses") as batch_op:
        batch_op.create_index(batch_op.f("ix_old_addresses_article_id"), ["article_id"], unique=False)

    op.create_table(
        "profiles",
        sa.Column("profile_id", sa.Integer(), nullable=False),
        sa.Column("user_name", sa.String(length=80), nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("biography", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_profiles_user_id_users"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("profile_id", name=op.f("pk_profiles")),
        sa.UniqueConstraint("user_id", name=op.f("uq_profiles_user_id")),
        sa.UniqueConstraint("user_name", name=op.f("uq_profiles_user_name")),
    )
    op.create_table(
        "roles_users",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_roles_users_role_id_roles"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_roles_users_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "role_id", name=op.f("pk_roles_users")),
    )
    with op.batch_alter_table("roles_users") as batch_op:
        batch_op.create_index(batch_op.f("ix_roles_users_role_id"), ["role_id"], unique=False)

    op.create_table(
        "article_authors",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.article_id"],
            name=op.f("fk_article_authors_article_id_articles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["profiles.profile_id"],
            name=op.f("fk_article_authors_profile_id_profiles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("article_id", "profile_id", name=op.f("pk_article_authors")),
    )
    with op.batch_alter_table("article_authors") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_article_authors_profile_id_published_at_article_id"),
            ["profile_id", "published_at", "article_id"],
            unique=False,
        )


def downgrade() -> None:
    """Step back."""
    with op.batch_alter_table("article_authors") as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_authors_profile_id_published_at_article_id"))

    op.drop_table("article_authors")
    with op.batch_alter_table("roles_users") as batch_op:
        batch_op.drop_index(batch_op.f("ix_roles_users_role_id"))

    op.drop_table("roles_users")
    op.drop_table("profiles")
    with op.batch_alter_table("old_addresses") as batch_op:
        batch_op.drop_index(batch_op.f("ix_old_addresses_article_id"))

    op.drop_table("old_addresses")
    with op.batch_alter_table("article_tags") as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_tags_tag_id_published_at_article_id"))

    op.drop_table("article_tags")
    with op.batch_alter_table("article_likes") as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_likes_visitor_id"))
        batch_op.drop_index(batch_op.f("ix_article_likes_user_id"))

    op.drop_table("article_likes")
    op.drop_table("users")
    op.drop_table("tags")
    op.drop_table("roles")
    op.drop_table("invalidation_outbox")
    with op.batch_alter_table("articles") as batch_op:
        batch_op.drop_index(batch_op.f("ix_articles_status_article_id"))
        batch_op.drop_index(batch_op.f("ix_articles_status_published_at_article_id"))

    op.drop_table("articles")
