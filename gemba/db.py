"""Connections to the database, each as its own role, and the loader of named queries."""

import re
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg_pool import ConnectionPool

from gemba.errors import DatabaseUnavailable, GembaError
from gemba.paths import QUERIES
from gemba.settings import Settings, get_settings

Role = Literal["gemba_migrator", "gemba_ingest", "gemba_transformer", "gemba_app", "gemba_reader"]
SUPERUSER = "postgres"


def database_url(role: Role | None = None, *, dbname: str | None = None, settings: Settings | None = None) -> str:
    """libpq URL of the plant's database.

    With a known password for the role it logs in as that role. Without one it logs in as the base URL's user and
    switches with `-c role=`, so the server enforces the role's rights either way. role None: the base URL's own user.
    """
    settings = settings or get_settings()
    if settings.database_url:
        parts = urlsplit(settings.database_url)
        if parts.scheme not in ("postgresql", "postgres"):
            raise GembaError(
                f"GEMBA_DATABASE_URL starts with {parts.scheme or 'nothing'!r}, not with postgresql://",
                "set it to postgresql://user:password@host:port/database",
            )
    else:
        password = settings.password_of(SUPERUSER)
        credentials = f"{SUPERUSER}:{quote(password, safe='')}" if password else SUPERUSER
        parts = urlsplit(f"postgresql://{credentials}@127.0.0.1:{settings.db_port}/{settings.db_name}")
    netloc, query = parts.netloc, dict(parse_qsl(parts.query))
    if role and (password := settings.password_of(role)):
        host = netloc.rpartition("@")[2]
        netloc = f"{role}:{quote(password, safe='')}@{host}"
    elif role and unquote(parts.username or "") != role:
        query["options"] = " ".join(filter(None, [query.get("options"), f"-c role={role}"]))
    path = f"/{dbname}" if dbname else parts.path
    return urlunsplit(("postgresql", netloc, path, urlencode(query, quote_via=quote), ""))


def connect(role: Role | None = None, *, dbname: str | None = None, **kwargs: Any) -> psycopg.Connection:
    """Open a connection as the role. Raises DatabaseUnavailable with the remedy when the server does not answer."""
    try:
        return psycopg.connect(database_url(role, dbname=dbname), connect_timeout=10, **kwargs)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            f"The database does not answer: {str(error).strip()}",
            "start it with `make up` (or `gemba up`), or check GEMBA_DATABASE_URL; `gemba doctor` tells more",
        ) from error


def connection_pool(role: Role, *, max_size: int = 4, **kwargs: Any) -> ConnectionPool:
    """An unopened pool of connections as the role: open it with `with` or `.open()`."""
    return ConnectionPool(database_url(role), min_size=1, max_size=max_size, open=False, kwargs=kwargs)


_HEADING = re.compile(r"^--\s*name:\s*([a-z][a-z0-9_]*)\s*$", re.MULTILINE)


@lru_cache(maxsize=64)
def load_queries(subject: str) -> dict[str, str]:
    """The named queries of sql/queries/<subject>.sql: name -> SQL with psycopg's %(name)s parameters."""
    path = QUERIES / f"{subject}.sql"
    pieces = _HEADING.split(path.read_text(encoding="utf-8"))
    names, bodies = pieces[1::2], pieces[2::2]
    if len(set(names)) != len(names):
        raise GembaError(f"{path} names a query twice", "give each query its own `-- name:` heading")
    return {name: body.strip().rstrip(";") for name, body in zip(names, bodies, strict=True)}
