"""Every published column has a description."""

import pytest

from tasks.warehouse.data_dictionary import VIEW, dictionary, links
from tasks.warehouse.models import published_models


@pytest.mark.parametrize("model", [m for m in published_models() if m.name != "customer_totals"])
def test_the_data_dictionary_lists_and_describes_all_columns_of_a_table(model) -> None:
    table = dictionary()[model.name]
    assert [column.name for column in table.columns] == list(model.table.names)
    assert all(column.meaning and column.type for column in table.columns)
    assert table.purpose
    assert table.grain


def test_the_data_dictionary_lists_all_columns_of_the_single_customer_view(
    stack, load, ask
) -> None:
    rows = ask(
        "SELECT column_name FROM svv_columns WHERE table_schema = 'analytics' "
        f"AND table_name = '{VIEW}' ORDER BY ordinal_position"
    )
    assert [name for (name,) in rows] == [c.name for c in dictionary()[VIEW].columns]


def test_every_decimal_column_has_the_unit_brl() -> None:
    for table in dictionary().values():
        for column in table.columns:
            if column.type.startswith("DECIMAL"):
                assert column.unit == "R$", f"{table.name}.{column.name}"


def test_surrogate_keys_link_to_dimensions() -> None:
    assert ("fact_order_item", "seller_key", "dim_seller") in links()
    assert {to for _, _, to in links()} <= set(dictionary())
