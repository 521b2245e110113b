"""Write COVERAGE.md: what the local Redshift accepts and refuses, and the sources for each.

`make coverage` runs it; a test fails while the file is stale. The content comes from the code and
the tests, so every listed behaviour has a test.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator

import pytest

from infra.local.redshift.copy import statement, unload_statement
from infra.local.redshift.engine import utility_commands
from infra.local.redshift.sql import allowlist, registry
from infra.settings import PROJECT
from tests.infra.local.redshift.ledger import marked

TESTS = PROJECT / "tests" / "infra" / "local" / "redshift"
TARGET = PROJECT / "infra" / "local" / "redshift" / "COVERAGE.md"
_HEAD = """\
# What the local Redshift covers

Written by `make coverage` from the code and its tests; do not edit.

**Accepted means: the same result as on Redshift. Everything else is refused** with SQLSTATE,
statement and reason. Each behaviour below has a test that goes through a real client. *Documented*
ones carry the page that says so, and run unchanged against a real workgroup:
`OLIST_REDSHIFT_DSN=redshift://user:password@host:5439/database pytest tests/infra/local/redshift`
(COPY and UNLOAD then need `OLIST_BUCKET` and `OLIST_COPY_ROLE`). The *emulator's own* ones say why
it refuses, or does, what Redshift's documentation leaves open.
"""
_STATEMENTS = (
    "Select Union Except Intersect Insert Update Delete Merge Create Drop Alter TruncateTable"
).split()
_STATEMENT_WORDS = {
    "Create": "CREATE TABLE, CREATE TABLE AS, CREATE SCHEMA, CREATE VIEW, CREATE FUNCTION",
    "Drop": "DROP TABLE, DROP SCHEMA, DROP VIEW, DROP FUNCTION",
    "Alter": "ALTER TABLE",
    "TruncateTable": "TRUNCATE",
    "Except": "EXCEPT, MINUS",
    "Merge": "MERGE, MERGE … REMOVE DUPLICATES",
}
_COMMANDS = (
    "BEGIN, COMMIT, ROLLBACK, LOCK, SET, RESET, SHOW, VACUUM, ANALYZE, COMMENT ON COLUMN, COPY, "
    "UNLOAD"
)


class _Collected:
    """pytest plugin that stores the collected tests."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Store the collected tests."""
        # tests/conftest.py sorts by seconds; the page keeps the order of files and of tests in them
        self.items = sorted(items, key=lambda item: str(item.path))


def text() -> str:
    """Text of COVERAGE.md."""
    collected = _Collected()
    quiet = ["--collect-only", "--quiet", "--quiet", "--numprocesses=0", "-p", "no:cacheprovider"]
    if pytest.main([*quiet, str(TESTS)], plugins=[collected]) != pytest.ExitCode.OK:
        raise SystemExit("the tests of the local Redshift cannot be collected")
    parts = [_HEAD, *_accepted(), *_behaviours(collected.items), *_lacking()]
    return "\n".join(parts).rstrip() + "\n"


def _accepted() -> Iterator[str]:
    words = [_STATEMENT_WORDS.get(name, name.upper()) for name in _STATEMENTS]
    yield "## Accepted\n"
    for title, listed in {
        "Statements": ", ".join([*words, _COMMANDS]).split(", "),
        "Types": sorted(allowlist.TYPES),
        "Functions": sorted(name.upper() for name in registry.FUNCTIONS),
        "Options of COPY": sorted(name.upper() for name in statement.OPTIONS),
        "Options of UNLOAD": sorted(name.upper() for name in unload_statement.OPTIONS),
        "Settings": sorted(utility_commands.SETTINGS),
        "Tables of the catalogue": sorted(allowlist.SYSTEM_TABLES),
    }.items():
        yield f"**{title}** ({len(listed)}): {', '.join(listed)}\n"


def _behaviours(items: list[pytest.Item]) -> Iterator[str]:
    for mark, title, about in (
        ("documented", "Documented behaviours", "Source"),
        ("emulator_only", "The emulator's own", "Why"),
    ):
        found: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
        for item in items:
            (known,) = marked(item)
            if known.name == mark:
                case = getattr(item, "callspec", None)
                found[_module(item)][_behaviour(item)].append(
                    (case.id if case else "", known.args[0])
                )
        count = sum(len(cases) for tests in found.values() for cases in tests.values())
        yield f"## {title}: {count}\n"
        for module, tests in found.items():
            yield f"### {module}\n\n| behaviour | cases | {about.lower()} |\n|---|---|---|"
            for behaviour, cases in tests.items():
                sources = dict.fromkeys(_linked(reason) for _, reason in cases)
                yield f"| {behaviour} | {len(cases)} | {', '.join(sources)} |"
            yield from _statements(tests)
            yield ""


def _statements(tests: dict[str, list[tuple[str, str]]]) -> Iterator[str]:
    """The SQL of parametrized tests, in a collapsed section."""
    shown = [case for cases in tests.values() for case, _ in cases if " " in case]
    if shown:
        yield f"\n<details><summary>{len(shown)} statements</summary>\n\n```sql"
        yield from (case.encode().decode("unicode_escape") for case in shown)
        yield "```\n\n</details>"


def _lacking() -> Iterator[str]:
    statements = [
        line
        for line in (TESTS / "sql" / "lacking.sql").read_text(encoding="utf-8").splitlines()
        if line.endswith(";")
    ]
    yield f"## Refused, for Redshift lacks it: {len(statements)}\n\n```sql"
    yield from statements
    yield "```"


def _module(item: pytest.Item) -> str:
    words = item.path.stem.removeprefix("test_").replace("_", " ")
    return words[0].upper() + words[1:]


def _behaviour(item: pytest.Item) -> str:
    name = getattr(item, "originalname", item.name).removeprefix("test_").replace("_", " ")
    group = item.parent.name.removeprefix("Test") if isinstance(item.parent, pytest.Class) else ""
    return f"{group}: {name}" if group else name


def _linked(reason: str) -> str:
    if not reason.startswith("https://"):
        return reason.replace("|", "\\|")
    name = reason.rstrip("/").rsplit("/", 1)[-1].removesuffix(".html")
    return f"[{name}]({reason})"


def main() -> None:
    """Write the file, or with `--check` fail if it is stale."""
    made = text()
    if "--check" not in sys.argv:
        TARGET.write_text(made, encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != made:
        raise SystemExit(f"{TARGET.relative_to(PROJECT)} is stale: run `make coverage`")


if __name__ == "__main__":
    main()
