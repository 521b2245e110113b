"""Every published column has a description."""

import pytest

from tasks.warehouse.data_dictionary import VIEW, dictionary, links
from tasks.warehouse.models import published_models


@pytest.mark.parametrize("model", [m for m in published_models() if m.name != "customer_totals"])
def test_all_columns_of_a_table_are_there_with_their_meaning(model) -> None:
    table = dictionary()[model.name]
    assert [column.name for column in table.columns] == list(model.table.names)
    assert all(column.meaning and column.type for column in table.columns)
    assert table.purpose
    assert table.grain


def test_all_columns_of_the_single_customer_view_are_there(stack, load, ask) -> None:
    rows = ask(
        "SELECT column_name FROM svv_columns WHERE table_schema = 'analytics' "
        f"AND table_name = '{VIEW}' ORDER BY ordinal_position"
    )
    assert [name for (name,) in rows] == [c.name for c in dictionary()[VIEW].columns]


def test_money_says_its_unit() -> None:
    for table in dictionary().values():
        for column in table.columns:
            if column.type.startswith("DECIMAL"):
                assert column.unit == "R$", f"{table.name}.{column.name}"


def test_keys_lead_to_dimensions() -> None:
    assert ("fact_order_item", "seller_key", "dim_seller") in links()
    assert {to for _, _, to in links()} <= set(dictionary())
