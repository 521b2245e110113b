"""Utility statements: transactions, settings, LOCK and maintenance.

The statements listed here have the effect that Redshift documents, or only affect tuning and do
nothing here. All other statements are parsed elsewhere.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from infra.local.redshift.errors import NotEmulatedError

VERSION = (
    "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 "
    "(Red Hat 3.4.2-6.fc3), Redshift 1.0.28422"
)


@dataclass(frozen=True)
class Command:
    """A statement that the session runs itself, without the translator."""

    tag: str  # BEGIN, COMMIT, ROLLBACK, SET, SHOW, DEALLOCATE, LOCK TABLE, VACUUM, ANALYZE, MERGE
    name: str = ""  # of a setting or statement; READ ONLY of a BEGIN; source of a MERGE
    value: str = ""
    tables: tuple[str, ...] = ()


_LEVEL = r"(?:serializable|snapshot|read (?:un)?committed|repeatable read)"
_TABLE = r"[a-z_][\w$]*(?:\.[a-z_][\w$]*)?"
SETTINGS = {
    # each pattern matches values that the server emulates, or that do not affect results
    "client_encoding": r"'?utf-?8'?|unicode",
    "datestyle": r"'?iso.*",
    "timezone": r"'?utc'?|default",
    "extra_float_digits": r"[0-2]|-\d|-1[0-5]",
    "application_name": r".*",
    "query_group": r".*",
    "search_path": r"""('?"?\$user"?'?\s*,\s*)?'?"?public"?'?""",
    "statement_timeout": r"'?\d+'?",
    "enable_result_cache_for_session": r"on|off|true|false",
    "enable_case_sensitive_identifier": r"off|false",
}
_SHOWN = {
    "transaction isolation level": ("transaction_isolation", "Snapshot Isolation"),
    "standard_conforming_strings": ("standard_conforming_strings", "on"),
    "search_path": ("search_path", '"$user", public'),
    "server_version": ("server_version", "8.0.2"),
    "server_encoding": ("server_encoding", "UTF8"),
    "client_encoding": ("client_encoding", "UTF8"),
    "timezone": ("TimeZone", "UTC"),
    "datestyle": ("DateStyle", "ISO, MDY"),
    "enable_case_sensitive_identifier": ("enable_case_sensitive_identifier", "off"),
}


def parse_command(sql: str) -> Command | None:
    """Parse a utility statement.

    Returns:
        The command; None for any other statement.

    Raises:
        NotEmulatedError: The setting, or its value, is not emulated.
    """
    text = re.sub(r"\s+", " ", re.sub(r"--[^\n]*|/\*.*?\*/", " ", sql, flags=re.DOTALL))
    text = text.strip(" ;")
    for pattern, make in _COMMANDS:
        match = re.fullmatch(pattern, text, re.IGNORECASE)
        if match is not None:
            return make(match)
    return None


def shown(name: str) -> tuple[str, str]:
    """Column name and value of SHOW; raises NotEmulatedError for an unknown setting."""
    found = _SHOWN.get(name.lower())
    if found is None:
        raise NotEmulatedError(f"SHOW {name}")
    return found


def _set(match: re.Match[str]) -> Command:
    name, value = match["name"].lower(), match["value"].strip()
    allowed = SETTINGS.get(name)
    if allowed is None or not re.fullmatch(allowed, value, re.IGNORECASE):
        if name == "search_path":
            raise NotEmulatedError(f"SET search_path TO {value}: only public; write schema.table")
        known = ", ".join(sorted(SETTINGS))
        raise NotEmulatedError(
            f"SET {name} TO {value}; known here, with Redshift's own values: {known}"
        )
    return Command("SET", name, value.strip("'"))


def _qualified(names: str) -> tuple[str, ...]:
    tables = (name.strip().lower() for name in names.split(","))
    return tuple(name if "." in name else f"public.{name}" for name in tables)


_COMMANDS: list[tuple[str, Callable[[re.Match[str]], Command]]] = [
    (
        rf"(?:begin|start transaction)(?: transaction| work)?(?: isolation level {_LEVEL})?"
        r"(?P<only> read (?:only|write))?",
        lambda m: Command("BEGIN", (m["only"] or "").strip().upper()),
    ),
    (r"(?:commit|end)(?: transaction| work)?", lambda _: Command("COMMIT")),
    (r"(?:rollback|abort)(?: transaction| work)?", lambda _: Command("ROLLBACK")),
    # only snapshot isolation is emulated; the level is accepted and ignored, as in BEGIN
    (
        r"set session characteristics as transaction isolation level (?:serializable|snapshot)",
        lambda _: Command("SET", "transaction_isolation"),
    ),
    (
        r"set (?:session )?time zone (?P<value>.+)",
        lambda m: Command("SET", "timezone", _utc(m["value"])),
    ),
    (r"set (?:session )?(?P<name>\w+)(?: to |\s?=\s?| )(?P<value>.+)", _set),
    (
        r"reset (?P<name>statement_timeout|query_group)",
        lambda m: Command("SET", m["name"].lower(), "0"),
    ),
    (
        r"deallocate(?: prepare)? (?P<name>\w+)",
        lambda m: Command("DEALLOCATE", "" if m["name"].lower() == "all" else m["name"]),
    ),
    (r"show (?P<name>[\w ]+)", lambda m: Command("SHOW", *shown(m["name"]))),
    (
        rf"lock (?:table )?(?P<tables>{_TABLE}(?:\s?,\s?{_TABLE})*)",
        lambda m: Command("LOCK TABLE", tables=_qualified(m["tables"])),
    ),
    (
        r"vacuum(?: (?:full|sort only|delete only|reindex|recluster))?(?: [\w.]+)?"
        r"(?: to \d+ percent)?(?: boost)?",
        lambda _: Command("VACUUM"),
    ),
    (
        r"analyze(?: compression)?(?: verbose)?(?: [\w.]+(?: ?\([\w, ]+\))?)?"
        r"(?: (?:all|predicate) columns)?",
        lambda _: Command("ANALYZE"),
    ),
    (
        rf"merge into (?P<target>{_TABLE}) using (?P<source>{_TABLE}) on (?P<on>.+) "
        r"remove duplicates",
        lambda m: Command("MERGE", m["source"].lower(), m["on"], _qualified(m["target"])),
    ),
]


def _utc(value: str) -> str:
    if not re.fullmatch(r"'?utc'?|default", value, re.IGNORECASE):
        raise NotEmulatedError(f"SET TIME ZONE {value}: only UTC")
    return "UTC"
