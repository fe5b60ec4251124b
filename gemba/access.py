"""Who may log in: passwords of the roles, and Dagster's own database beside the plant's."""

import json
import os
import secrets
from pathlib import Path
from typing import get_args

import psycopg
from psycopg import sql

from gemba.db import SUPERUSER, Role
from gemba.errors import GembaError

ROLES: tuple[str, ...] = get_args(Role)
DAGSTER_ROLE = "gemba_transformer"  # Dagster's processes act as it, so its database is theirs


def superuser_password(secrets_file: Path) -> str:
    """The embedded server's superuser password; generated and kept (mode 0600) on first use."""
    known = _read(secrets_file)
    if SUPERUSER not in known:
        _write(secrets_file, known | {SUPERUSER: secrets.token_urlsafe(24)})
    return _read(secrets_file)[SUPERUSER]


def give_passwords(conn: psycopg.Connection, secrets_file: Path) -> None:
    """Give every gemba_* role of the embedded server a password, and keep it once the server has it."""
    known = _read(secrets_file)
    passwords = {role: known.get(role) or secrets.token_urlsafe(24) for role in ROLES}
    set_passwords(conn, passwords)
    if known != known | passwords:
        _write(secrets_file, known | passwords)


def set_passwords(conn: psycopg.Connection, passwords: dict[str, str]) -> None:
    """ALTER ROLE ... LOGIN PASSWORD for each role given. conn: a superuser's, in autocommit or not."""
    if unknown := set(passwords) - set(ROLES):
        raise GembaError(f"GEMBA_ROLE_PASSWORDS names unknown roles: {', '.join(sorted(unknown))}", f"use {ROLES}")
    with conn.transaction():
        # ALTER ROLE takes no parameters; without this the statement, password and all, could reach the server's log.
        conn.execute("SET LOCAL log_statement = 'none'")
        conn.execute("SET LOCAL log_min_duration_statement = -1")
        for role, password in passwords.items():
            conn.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))


def ensure_database(conn: psycopg.Connection, name: str, owner: str | None = None) -> None:
    """Make the database unless it is there. conn: autocommit, of a user that may create databases."""
    if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
        return
    try:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        if owner:
            conn.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(name), sql.Identifier(owner)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise GembaError(
            f"The database user may not create the database {name!r}",
            f"have an administrator run: CREATE DATABASE {name}" + (f" OWNER {owner}" if owner else ""),
        ) from error


def _read(path: Path) -> dict[str, str]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _write(path: Path, content: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
    partial.replace(path)
