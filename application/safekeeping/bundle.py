"""The file: a zip archive with a manifest and the database, whichever it is, as a SQLite file.

Any zip program opens it, and any SQLite program looks into it. Pictures that are uploaded one day would lie
beside the database; there are none yet.
"""

import hashlib
import os
import shutil
import zipfile
import zlib
from pathlib import Path

import msgspec
from msgspec import Struct

from application.safekeeping.problems import BackupProblem

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database.sqlite3"
PIECE = 1 << 20
LARGEST_MANIFEST = 1 << 20


class Manifest(Struct, frozen=True):
    """What is in the file, and which site it is of."""

    format: int
    site_id: str
    site_name: str
    made_at: str
    revision: str
    sha256: str
    rows: dict[str, int]


def pack(path: Path, database: Path, manifest: Manifest) -> None:
    """Write the file in one step: whoever is interrupted leaves what was there before."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        # It holds addresses and password hashes: for its owner alone.
        with os.fdopen(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
                archive.write(database, DATABASE)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise BackupProblem(f"{path} cannot be written: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def unpack(path: Path, folder: Path) -> tuple[Manifest, Path]:
    """Take the database out and check it to the last byte. Raises `BackupProblem`."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _read_manifest(archive)
            with archive.open(DATABASE) as packed, (folder / DATABASE).open("wb") as database:
                shutil.copyfileobj(packed, database, PIECE)
    except FileNotFoundError as error:
        raise BackupProblem(f"there is no file {path}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, msgspec.MsgspecError) as error:
        raise BackupProblem(f"{path} is damaged, or no backup of this site: {error}") from error
    except OSError as error:
        raise BackupProblem(f"{path} cannot be read: {error.strerror or error}") from error
    if digest(folder / DATABASE) != manifest.sha256:
        raise BackupProblem(f"{path} is damaged: the database in it is not the one that was put there")
    return manifest, folder / DATABASE


def _read_manifest(archive: zipfile.ZipFile) -> Manifest:
    with archive.open(MANIFEST) as packed:
        manifest = msgspec.json.decode(packed.read(LARGEST_MANIFEST), type=Manifest)
    if manifest.format != FORMAT:
        raise BackupProblem(f"the file has format {manifest.format}, and this release reads {FORMAT}")
    return manifest


def digest(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
