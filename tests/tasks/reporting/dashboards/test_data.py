"""Rows are packed by column and unpacked unchanged."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tasks.reporting.dashboards.data import packed

NAMES = ["month", "city", "orders", "value", "score"]
ROWS = st.lists(
    st.tuples(
        st.dates(date(2016, 1, 1), date(2019, 1, 1)),
        st.sampled_from(["São Paulo", "x", ""]),
        st.integers(0, 10**6),
        st.decimals(0, 10**9, places=2),
        st.none() | st.integers(1, 5),
    )
)


@given(rows=ROWS)
def test_packed_rows_unpack_unchanged(rows: list[tuple]) -> None:
    cube = packed(NAMES, rows)
    assert cube["rows"] == len(rows)
    for at, row in enumerate(rows):
        column = {name: values[at] for name, values in cube["columns"].items()}
        assert cube["levels"]["month"][column["month"]] == str(row[0])
        assert cube["levels"]["city"][column["city"]] == row[1]
        assert column["orders"] == row[2]
        assert column["value"] == row[3] * 100, "money is whole cents"
        assert column["score"] == row[4]


def test_packing_no_rows_returns_an_empty_cube() -> None:
    assert packed(NAMES, []) == {
        "rows": 0,
        "columns": {name: [] for name in NAMES},
        "levels": {},
    }


def test_a_decimal_without_fraction_is_packed_as_an_integer() -> None:
    assert packed(["n"], [(Decimal(7),)])["columns"] == {"n": [7]}
