"""The header of a table names the months by which it is exported."""

from dataclasses import replace

import pytest

from infra.ddl import tables
from tasks.warehouse.models import ModelError
from tasks.warehouse.partitions import Partition, partition_of


def test_a_partition_is_a_month_and_its_condition_is_on_the_sort_key() -> None:
    found = partition_of(tables("facts")["fact_payment"])
    assert found == Partition("purchase_month", "purchase_date_key", is_key=True)
    assert found.condition(201810) == "purchase_date_key BETWEEN 20181000 AND 20181099"
    # the unknown day is -1
    assert found.condition(0) == "purchase_date_key < 100"
    dated = partition_of(tables("facts")["fact_order"])
    assert dated == Partition("purchase_month", "purchased_at", is_key=False)
    assert dated.condition(201810) == (
        "purchased_at >= CAST('2018-10-01' AS TIMESTAMP) "
        "AND purchased_at < DATEADD(MONTH, 1, CAST('2018-10-01' AS TIMESTAMP))"
    )
    assert partition_of(tables("dimensions")["dim_date"]) is None


@pytest.mark.parametrize("named", ["purchase_month", "purchase_month, the month of nothing"])
def test_a_header_of_another_form_is_refused(named: str) -> None:
    table = tables("facts")["fact_payment"]
    wrong = replace(table, header={**table.header, "Exported by": named})
    with pytest.raises(ModelError, match=r"sql/facts/fact_payment\.sql: expected -- Exported by:"):
        partition_of(wrong)
