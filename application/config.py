"""Settings, read once from the environment, typed, and loud when they are wrong."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from redis.backoff import NoBackoff
from redis.retry import Retry

from application.utils.addresses import is_loopback, redis_database
from application.utils.release import release_id

ROOT = Path(__file__).resolve().parent.parent
DB_DIRECTORY = ROOT / "db_directory"
RUN_ENV = DB_DIRECTORY / "run.env"

# Every cache lifetime, in seconds. A write reaches readers by invalidation at once; these bound what
# an entry may cost in memory, and how long an error of ours could live.
ARTICLES_TTL = 50
AUTHOR_TTL = 50
TAG_TTL = 50
ARTICLE_TTL = 300
LIKES_TTL = 20
PAGE_TTL = 20
ARTICLE_PAGE_TTL = 300
STATIC_PAGE_TTL = 3600
FRAGMENT_TTL = 300

PAGE_SIZE = 20
MAX_BODY_BYTES = 2 * 1024 * 1024
MAX_TEXT_BYTES = 8 * 1024 * 1024
"""The same for forms that people write in, which are read far beyond what an article may hold: to hand it back."""

SENTINEL = "redis+sentinel://"
REDIS_TIMEOUT = 0.25
"""Seconds that a reader may wait for the cache before the database answers instead."""

LIMITER_TIMEOUT = 0.1
"""The same for counting requests: memory counts instead, so nothing is lost by giving up early."""


DEPLOYED = frozenset({"stage", "production"})
"""Environments that strangers may reach."""


class SettingsError(Exception):
    """The environment does not describe a site that can run; the text names every reason."""


class Settings(BaseModel):
    """What is common to all environments. A field's environment variable is its name in upper case."""

    model_config = ConfigDict(frozen=True)
    requires: ClassVar[tuple[str, ...]] = ()

    env: Literal["development", "test", "stage", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=1, le=65535)
    web_concurrency: int = Field(2, ge=1, le=256)
    streams_per_worker: int = Field(2000, ge=1)
    database_url: str = f"sqlite:///{DB_DIRECTORY / 'broadsheet.sqlite3'}"
    redis_url: str = "redis://127.0.0.1:6379"
    cache_redis_url: str = ""
    broker_url: str = ""
    result_url: str = ""
    live_redis_url: str = ""
    cache_type: Literal[
        "RedisCache", "NullCache", "SimpleCache", "FileSystemCache", "RedisSentinelCache", "MemcachedCache"
    ] = "RedisCache"
    cache_dir: str = str(DB_DIRECTORY / "cache")
    cache_memcached_servers: tuple[str, ...] = ("127.0.0.1:11211",)
    cache_memory_mb: int = Field(32, ge=0, le=65536)
    proxies: int = Field(0, ge=0, le=10)
    # Without a run.env every process makes up its own: safe, and sessions end with it.
    secret_key: str = Field(default_factory=lambda: secrets.token_hex(32))
    security_password_salt: str = Field(default_factory=lambda: secrets.token_hex(16))
    installation_id: str = "none"
    site_name: str = Field("Broadsheet", min_length=1, max_length=80)
    site_strapline: str = Field("Articles, measured and cached", max_length=160)
    site_timezone: str = "UTC"
    site_url: str = ""
    trusted_hosts: tuple[str, ...] = ()
    registration: Literal["open", "closed"] | None = None
    # Without a server the pages that need mail do not exist.
    mail_server: str = ""
    mail_port: int = Field(587, ge=1, le=65535)
    mail_username: str = ""
    mail_password: str = ""
    mail_use_tls: bool = True
    mail_sender: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    slow_ms: int = Field(500, ge=0)
    # Without one there are no figures for Prometheus.
    metrics_token: str = Field("", pattern=r"^$|^[!-~]{16,}$")

    @field_validator("site_timezone")
    @classmethod
    def _is_a_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (OSError, ValueError, KeyError) as error:
            raise ValueError(f"{value!r} is not a time zone such as Europe/Paris") from error
        return value

    @model_validator(mode="before")
    @classmethod
    def _derive_addresses(cls, values: dict[str, Any]) -> dict[str, Any]:
        redis_url = values.get("redis_url") or "redis://127.0.0.1:6379"
        for field, database in (("cache_redis_url", 0), ("broker_url", 1), ("result_url", 2), ("live_redis_url", 0)):
            values[field] = values.get(field) or redis_database(redis_url, database)
        host, port = values.get("host") or "127.0.0.1", values.get("port") or 8080
        reachable = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, never bound
        values["site_url"] = (values.get("site_url") or f"http://{reachable}:{port}").rstrip("/")
        return values

    @field_validator("site_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
            raise ValueError(f"{value!r} is not an address such as https://example.org, without a path")
        return value

    @property
    def hosts(self) -> list[str]:
        """Name the hosts that requests may ask for: the site's own, and those configured."""
        own = urlsplit(self.site_url).hostname or "localhost"
        local = [] if self.is_deployed else ["localhost", "127.0.0.1", "[::1]"]
        return list(dict.fromkeys([own, *self.trusted_hosts, *local]))

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> Self:
        if self.mail_server and "@" not in self.mail_sender:
            raise ValueError("MAIL_SERVER is set, so MAIL_SENDER must be the address that letters come from")
        if self.mail_password and not self.mail_use_tls and not is_loopback(self.mail_server):
            raise ValueError("MAIL_PASSWORD would cross the network in the clear: leave MAIL_USE_TLS on")
        return self

    @model_validator(mode="after")
    def _sentinels_are_named(self) -> Self:
        is_sentinel = self.cache_redis_url.startswith(SENTINEL)
        if (self.cache_type == "RedisSentinelCache") != is_sentinel:
            raise ValueError(
                f"CACHE_TYPE RedisSentinelCache and a CACHE_REDIS_URL such as {SENTINEL}host:26379,host:26379/mymaster "
                "need each other"
            )
        return self

    @property
    def sends_mail(self) -> bool:
        """Tell whether the site can write to people."""
        return bool(self.mail_server)

    @property
    def is_registration_open(self) -> bool:
        """Tell whether strangers may open accounts; where not, `flask users create` does.

        Without mail a registration tells whether its address is taken, so a site for strangers does not begin with it.
        """
        if self.registration is None:
            return self.sends_mail or not self.is_deployed
        return self.registration == "open"

    @property
    def is_deployed(self) -> bool:
        """Tell whether strangers may reach the site."""
        return self.env in DEPLOYED

    @property
    def is_secure(self) -> bool:
        """Tell whether readers come by https, so that cookies may insist on it."""
        return self.site_url.startswith("https://")

    @model_validator(mode="before")
    @classmethod
    def _is_complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        # The last validator runs first: it sees what was set, before the addresses are derived.
        missing = [name.upper() for name in cls.requires if not values.get(name)]
        if missing:
            raise ValueError(f"not set, but {values['env']} needs: {', '.join(missing)}")
        return values


class Development(Settings):
    """One machine, one person."""


class Test(Settings):
    """The test suite: never reads `run.env`."""

    env: Literal["test"] = "test"


class Stage(Settings):
    """Like production, for trying a release."""

    requires = ("secret_key", "security_password_salt", "database_url", "redis_url", "site_url")
    secret_key: str = Field(min_length=32)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "json"


class Production(Stage):
    """Strangers come here: no setting that protects them has a default."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "WARNING"


_CLASSES: dict[str, type[Settings]] = {
    "development": Development,
    "test": Test,
    "stage": Stage,
    "production": Production,
}


def load_settings(environ: Mapping[str, str] | None = None, run_env: Path = RUN_ENV) -> Settings:
    """Read the settings for `ENV`; the environment wins over `run.env`. Raises `SettingsError`."""
    environ = os.environ if environ is None else environ
    written, passed_over = _read_run_env(environ, run_env)
    values = {name.lower(): value for name, value in {**written, **environ}.items() if value}
    env = values.get("env", "development")
    if env not in _CLASSES:
        raise SettingsError(f"ENV is {env!r}; it can be {', '.join(_CLASSES)}")
    known = {name: value for name, value in values.items() if name in Settings.model_fields}
    for name in {"trusted_hosts", "cache_memcached_servers"} & known.keys():
        known[name] = tuple(known[name].replace(",", " ").split())  # type: ignore[assignment]
    try:
        return _CLASSES[env](**known)  # type: ignore[arg-type]
    except ValidationError as error:
        reasons = [_explain(problem) for problem in error.errors()]
        raise SettingsError("; ".join([*reasons, passed_over] if passed_over else reasons)) from error


def _read_run_env(environ: Mapping[str, str], run_env: Path) -> tuple[dict[str, str | None], str]:
    """Return what `run.env` sets for this environment; and why nothing, where there is something to say about it.

    Secrets that a first try on this machine made up are no production's: only a file that names that `ENV` is read.
    """
    if environ.get("ENV") == "test":
        return {}, ""
    written = dotenv_values(run_env)
    env, meant = environ.get("ENV") or written.get("ENV"), written.get("ENV") or "development"
    if not written or env not in DEPLOYED or env == meant:
        return written, ""
    return {}, f"{run_env.name} is {meant}'s and was not read; what is meant for {env} there needs the line ENV={env}"


def _explain(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"]).upper()
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def flask_config(settings: Settings) -> dict[str, Any]:
    """Translate the settings into the names that Flask and its extensions read."""
    return {
        "SETTINGS": settings,
        "SECRET_KEY": settings.secret_key,
        "SECURITY_PASSWORD_SALT": settings.security_password_salt,
        "TESTING": settings.env == "test",
        "TRUSTED_HOSTS": settings.hosts,
        "METRICS_TOKEN": settings.metrics_token,
        "MAX_CONTENT_LENGTH": MAX_BODY_BYTES,
        "MAX_FORM_MEMORY_SIZE": MAX_BODY_BYTES,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.is_secure,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "CACHE_TYPE": settings.cache_type,
        "CACHE_REDIS_URL": settings.cache_redis_url,
        # Whoever chose none has chosen it.
        "CACHE_NO_NULL_WARNING": True,
        "CACHE_DIR": settings.cache_dir,
        "CACHE_MEMCACHED_SERVERS": settings.cache_memcached_servers,
        "CACHE_KEY_PREFIX": "flask_cache_",
        "CACHE_MEMORY_BYTES": settings.cache_memory_mb * 1024 * 1024,
        "CACHE_RELEASE": release_id(ROOT),
        "CACHE_DEFAULT_TIMEOUT": ARTICLES_TTL,
        "RATELIMIT_STORAGE_URI": settings.cache_redis_url,
        "RATELIMIT_STORAGE_OPTIONS": {
            "socket_timeout": LIMITER_TIMEOUT,
            "socket_connect_timeout": LIMITER_TIMEOUT,
            # By its own default the client tries four times, with pauses: seconds for whoever likes an article.
            "retry": Retry(NoBackoff(), 0),
        },
    }
