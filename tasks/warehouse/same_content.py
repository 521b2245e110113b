"""Deliveries whose file repeats that of the batch before: staging does not store their rows again.

Reference tables are delivered whole every day. If a batch delivers the very file of the batch
before it, `audit.loads.same_as` names the batch whose staging rows stand for it, and every batch
between the two has the same content. Models use the latest rows of a key, or the changes from batch
to batch, so equal rows of another batch change no model (see `altered_keys`).

Before a batch changes what stands behind others, one of them gets rows of its own, equal to those
that stood for it, and then stands for the batches after it. That changes no model either.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from infra.contracts import BATCH_DATE
from infra.ddl import tables
from infra.warehouse import Transaction
from tasks.warehouse.altered_keys import compared_key


@dataclass(frozen=True)
class Delivery:
    """The file of a table in a batch."""

    content_hash: str
    same_as: date | None  # the batch whose staging rows stand for it; None: it has its own


@dataclass(frozen=True)
class Expansion:
    """A batch that gets rows of its own."""

    stood: date  # the batch whose rows stood for it
    day: date


@dataclass
class Plan:
    """How the deliveries of a run are stored."""

    stands: dict[date, date] = field(default_factory=dict)  # batch: the one that stands for it
    expansions: list[Expansion] = field(default_factory=list)  # in order


def plan_arrivals(known: dict[date, Delivery], arrivals: Iterable[tuple[date, str]]) -> Plan:
    """Decide which arriving files need no rows, and which batches get rows before.

    Args:
        known: The published deliveries of the table, by batch; without those that are restored.
        arrivals: Batch date and content hash of the arriving files of the table.
    """
    plan, deliveries = Plan(), dict(known)
    for day, content in sorted(arrivals):
        published = deliveries.get(day)
        before = max((other for other in deliveries if other < day), default=None)
        if published and published.content_hash == content:
            stands = published.same_as
        elif published:
            stands = None
            _expand_itself(deliveries, day, plan)
            _expand_after(deliveries, day, plan)
        elif before and deliveries[before].content_hash == content:
            stands = deliveries[before].same_as or before
        else:
            stands = None
            _expand_after(deliveries, day, plan)
        deliveries[day] = Delivery(content, stands)
        if stands:
            plan.stands[day] = stands
    return plan


def plan_retraction(known: dict[date, Delivery], days: Iterable[date]) -> list[Expansion]:
    """Decide which batches get rows of their own before others are retracted."""
    plan, deliveries = Plan(), dict(known)
    for day in sorted(days):
        if day in deliveries and deliveries[day].same_as is None:
            _expand_after(deliveries, day, plan)
        deliveries.pop(day, None)
    return plan.expansions


def _expand_itself(deliveries: dict[date, Delivery], day: date, plan: Plan) -> None:
    if (stood := deliveries[day].same_as) is not None:
        _expand(deliveries, Expansion(stood, day), plan)


def _expand_after(deliveries: dict[date, Delivery], day: date, plan: Plan) -> None:
    """Expand the first batch after a day for which one of that day or before it stands."""
    later = sorted(d for d, it in deliveries.items() if it.same_as and it.same_as <= day < d)
    if later:
        stood = deliveries[later[0]].same_as
        assert stood is not None  # noqa: S101 (as selected)
        _expand(deliveries, Expansion(stood, later[0]), plan)


def _expand(deliveries: dict[date, Delivery], expansion: Expansion, plan: Plan) -> None:
    plan.expansions.append(expansion)
    for day, delivery in deliveries.items():
        if day == expansion.day:
            deliveries[day] = Delivery(delivery.content_hash, None)
        elif delivery.same_as == expansion.stood and day > expansion.day:
            deliveries[day] = Delivery(delivery.content_hash, expansion.day)


def read_deliveries(work: Transaction, table: str) -> dict[date, Delivery]:
    """Read the published deliveries of a table, by batch; without those that the run restores."""
    rows = work.query(
        f"SELECT {BATCH_DATE}, content_hash, same_as FROM audit.loads WHERE table_name = %s "
        f"AND {BATCH_DATE} NOT IN "
        f"(SELECT {BATCH_DATE} FROM audit.open_batch WHERE action = 'restore')",
        [table],
    )
    return {day: Delivery(content, same_as) for day, content, same_as in rows}


def expand(work: Transaction, table: str, expansions: Iterable[Expansion]) -> None:
    """Give batches rows of their own in staging, equal to those that stood for them."""
    ddl = tables("staging")[table]
    values = [name for name in ddl.names if name != BATCH_DATE]
    columns = ", ".join(values)
    for expansion in expansions:
        what = f"staging.{table}: rows of {expansion.day}, which repeat {expansion.stood}"
        work.run(
            f"INSERT INTO staging.{table} ({columns}, {BATCH_DATE}) "
            f"SELECT {columns}, CAST(%s AS DATE) FROM staging.{table} WHERE {BATCH_DATE} = %s",
            [expansion.day, expansion.stood],
            what,
        )
        work.run(
            f"UPDATE audit.loads SET same_as = NULL WHERE table_name = %s AND {BATCH_DATE} = %s",
            [table, expansion.day],
            what,
        )
        work.run(
            "UPDATE audit.loads SET same_as = CAST(%s AS DATE) "
            f"WHERE table_name = %s AND same_as = %s AND {BATCH_DATE} > %s",
            [expansion.day, table, expansion.stood, expansion.day],
            what,
        )


def repeating_tables() -> list[str]:
    """The tables whose repeated files are not stored again: those that name a key to compare by."""
    return [name for name, table in tables("staging").items() if compared_key(table)]
