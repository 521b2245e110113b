"""The nine tables, made column by column with NumPy and written as CSV with Polars."""

from pathlib import Path

import numpy as np

from infra.contracts import contracts
from infra.local.generate.people import addresses, customers, geolocation, ids, sellers
from infra.local.generate.sales import items, orders, payments, products, reviews, translations

FIRST_DAY, LAST_DAY = np.datetime64("2016-09-04"), np.datetime64("2018-08-29")
# the dump knows nothing that came later
DUMPED_AT = np.datetime64("2018-10-17T23:59:59")


def generate(directory: Path, orders_wanted: int, seed: int) -> dict[str, int]:
    """Write the nine CSV files; the same arguments give the same bytes.

    Returns the number of rows of each table. Raises FileExistsError rather than overwrite files.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for contract in contracts().values():
        if (directory / contract.source_file).exists():
            raise FileExistsError(
                f"{directory / contract.source_file} exists; name another folder or remove it"
            )
    # one stream of random numbers a table: more orders do not change how other tables are drawn
    streams = {name: np.random.default_rng([seed, i]) for i, name in enumerate(contracts())}
    places = addresses(streams["geolocation"], orders_wanted)
    people = customers(streams["customers"], orders_wanted, places)
    shops = sellers(streams["sellers"], max(3, orders_wanted // 32), places)
    goods = products(streams["products"], max(5, orders_wanted // 3))
    sold = orders(
        streams["orders"],
        ids(streams["orders"], orders_wanted),
        people["customer_id"],
        (FIRST_DAY, LAST_DAY),
        DUMPED_AT,
    )
    lines = items(streams["order_items"], sold, goods, shops["seller_id"])
    tables = {
        "customers": people,
        "sellers": shops,
        "products": goods.drop("price"),
        "orders": sold,
        "order_items": lines,
        "order_payments": payments(streams["order_payments"], sold["order_id"], lines),
        "order_reviews": reviews(streams["order_reviews"], sold),
        "category_translation": translations(),
        "geolocation": geolocation(streams["geolocation"], 10 * orders_wanted, places),
    }
    for name, table in tables.items():
        contract = contracts()[name]
        table.select(contract.header).write_csv(
            directory / contract.source_file,
            datetime_format="%Y-%m-%d %H:%M:%S",
            quote_style="necessary",
        )
    return {name: table.height for name, table in tables.items()}
