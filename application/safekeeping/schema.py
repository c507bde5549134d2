"""Which form the tables have, and bringing them to another."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import Connection, MetaData, event
from sqlalchemy.types import JSON, DateTime

from application.data.types import UTCDateTime
from application.safekeeping.problems import BackupProblem

VERSIONS = "alembic_version"


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a database's tables; None where there are none."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """Return the revision that this release works with."""
    head = _scripts().get_current_head()
    if head is None:
        raise BackupProblem("this release has no migrations")
    return head


def is_known(revision: str) -> bool:
    """Tell whether this release knows the revision, and so whether it is not newer than itself."""
    return any(script.revision == revision for script in _scripts().walk_revisions())


def upgrade(connection: Connection, revision: str) -> None:
    """Bring the tables of any database to a revision; its connection must not be in a transaction."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def tables_of(connection: Connection) -> MetaData:
    """Return the tables as they are in the database, whatever this release thinks they should be."""
    metadata = MetaData()
    event.listen(metadata, "column_reflect", _generalise)
    metadata.reflect(connection)
    if VERSIONS in metadata.tables:
        metadata.remove(metadata.tables[VERSIONS])
    return metadata


def _generalise(_inspector: object, _table: object, column: dict[str, object]) -> None:
    """Read and write what both databases understand."""
    if isinstance(column["type"], DateTime):
        column["type"] = UTCDateTime()
    elif isinstance(column["type"], JSON):
        # Else an absent value would come back as JSON's own null.
        column["type"] = JSON(none_as_null=True)


def _config() -> Config:
    migrate = current_app.extensions["migrate"]
    config: Config = migrate.migrate.get_config(migrate.directory)
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
