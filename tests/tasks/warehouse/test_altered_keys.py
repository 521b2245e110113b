"""What a batch repeats affects nothing; whatever it alters, the result is that of a rebuild."""

import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.history import checksums, rebuild, require_invariants
from tests.load import Loader, write_source

Ask = Callable[[str], list[tuple]]
POINT = {"zip_code_prefix": "01001", "lat": "-23.5", "lng": "-46.6"}
REFERENCE: dict[str, list[dict[str, Any]]] = {
    "products": [{"product_id": p, "product_category_name": "livros"} for p in ("p1", "p2")],
    "sellers": [{"seller_id": s, "zip_code_prefix": "01001"} for s in ("s1", "s2")],
    "geolocation": [POINT, POINT, {**POINT, "lat": "-23.6"}, {**POINT, "zip_code_prefix": "20000"}],
    "category_translation": [
        {"product_category_name": "livros", "product_category_name_english": "books"}
    ],
}


def day(number: int) -> date:
    return date(2018, 10, number)


def _order(name: str) -> dict[str, list[dict[str, Any]]]:
    customer = {"customer_id": f"c{name}", "customer_unique_id": f"p{name}"}
    return {
        "customers": [{**customer, "zip_code_prefix": "01001"}],
        "orders": [{"order_id": name, "customer_id": f"c{name}"}],
        "order_items": [{"order_id": name, "product_id": "p1", "seller_id": "s1"}],
    }


@pytest.fixture(autouse=True)
def _empty(load: Loader) -> None:
    load.clear()


def _affected(load: Loader, ask: Ask, folder: Path, number: int, **rows: list[dict]) -> dict:
    """Stage a batch and compute its keys, without a publish; count them."""
    load.stage(day(number), write_source(folder, rows))
    load.compute()
    return {
        name: ask(f"SELECT COUNT(*) AS n FROM candidate.{name}")[0][0]
        for name in ("affected_order", "affected_product", "affected_seller", "affected_zip")
    }


def test_reference_tables_that_are_delivered_again_affect_no_order(
    load: Loader, ask: Ask, tmp_path: Path
) -> None:
    load.rows(day(1), **REFERENCE, **_order("one"))
    found = _affected(load, ask, tmp_path / "next", 2, **REFERENCE, **_order("two"))
    assert found == {
        "affected_order": 1,
        "affected_product": 0,
        "affected_seller": 0,
        "affected_zip": 1,  # of the new customer
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "rows", "affected"),
    [
        ("products", [{**REFERENCE["products"][0], "product_category_name": "casa"}], {"affected_product": 1}),
        ("sellers", [{**REFERENCE["sellers"][0], "zip_code_prefix": "20000"}], {"affected_seller": 1}),
        ("category_translation", [{"product_category_name": "livros", "product_category_name_english": "novels"}], {"affected_product": 2}),
        # a point more is a row more, although it is equal to another one
        ("geolocation", [*REFERENCE["geolocation"], POINT], {"affected_zip": 1}),
        # a point less
        ("geolocation", REFERENCE["geolocation"][1:], {"affected_zip": 1}),
    ],
)  # fmt: skip
def test_an_altered_row_affects_the_orders_that_use_it(
    load: Loader, ask: Ask, tmp_path: Path, table: str, rows: list[dict], affected: dict[str, int]
) -> None:
    load.rows(day(1), **REFERENCE, **_order("one"))
    found = _affected(load, ask, tmp_path / "next", 2, **{**REFERENCE, table: rows})
    assert {name: found[name] for name in affected} == affected
    assert found["affected_order"] == 1


@pytest.mark.full
@pytest.mark.parametrize("seed", range(6))
def test_incremental_runs_give_what_a_rebuild_gives(load: Loader, seed: int) -> None:
    """Batches in any order, delivered again and retracted, with few values, so that many repeat."""
    rng = random.Random(seed)
    load.rows(day(3), **REFERENCE, **_order("one"))
    for _ in range(9):
        number = rng.randint(1, 5)
        if rng.random() < 0.15 and number != 3:
            load.retract(day(number))
            continue
        load.rows(day(number), **_delivery(rng))
    require_invariants(load.settings)
    before = checksums(load.settings)
    rebuild(load, from_lake=False)
    assert checksums(load.settings) == before


def _delivery(rng: random.Random) -> dict[str, list[dict[str, Any]]]:
    found = _order(rng.choice(["one", "two"]))
    if rng.random() < 0.3:
        found["customers"][0]["customer_unique_id"] = rng.choice(["pone", "ptwo"])
    if rng.random() < 0.7:
        found["products"] = [
            {"product_id": p, "product_category_name": rng.choice(["livros", "casa"])}
            for p in ("p1", "p2")
        ]
    if rng.random() < 0.7:
        zips = ["01001", "20000"]
        found["sellers"] = [{"seller_id": "s1", "zip_code_prefix": rng.choice(zips)}]
    if rng.random() < 0.7:
        found["geolocation"] = [
            {**POINT, "lat": rng.choice(["-23.5", "-23.6"])} for _ in range(rng.randint(1, 3))
        ]
    if rng.random() < 0.5:
        found["category_translation"] = [
            {
                "product_category_name": "livros",
                "product_category_name_english": rng.choice(["books", "novels"]),
            }
        ]
    return found
