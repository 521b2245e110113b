"""Generate the source tables column by column with NumPy, and write them as CSV with Polars."""

import zlib
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from infra.contracts import contracts
from infra.local.generate.people import addresses, customers, geolocation, ids, sellers
from infra.local.generate.sales import items, orders, payments, products, reviews, translations

FIRST_DAY, LAST_DAY = date(2016, 9, 4), date(2018, 8, 28)
# the dump is taken this long after the last day; no approval, shipping or delivery is later
_DUMPED_AFTER = np.timedelta64(50, "D") - np.timedelta64(1, "s")


def generate(
    directory: Path,
    orders_wanted: int,
    seed: int,
    first: date = FIRST_DAY,
    last: date = LAST_DAY,
) -> dict[str, int]:
    """Write a CSV file for each source table; the same arguments produce the same bytes.

    Args:
        directory: Output folder; created if missing.
        orders_wanted: Number of orders. The sizes of the other tables depend on it.
        seed: Seed of the random numbers; at least 0.
        first: First day of purchases.
        last: Last day of purchases.

    Returns:
        The number of rows, by table.

    Raises:
        FileExistsError: One of the files exists; nothing is overwritten.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for contract in contracts().values():
        if (directory / contract.source_file).exists():
            raise FileExistsError(
                f"{directory / contract.source_file} exists; name another folder or remove it"
            )
    # one random stream per table, by its name: another table does not change the others
    streams = {
        name: np.random.default_rng([seed, zlib.crc32(name.encode())]) for name in contracts()
    }
    end = np.datetime64(last + timedelta(days=1))
    places = addresses(streams["geolocation"], orders_wanted)
    people = customers(streams["customers"], orders_wanted, places)
    shops = sellers(streams["sellers"], max(3, orders_wanted // 32), places)
    goods = products(streams["products"], max(5, orders_wanted // 3))
    sold = orders(
        streams["orders"],
        ids(streams["orders"], orders_wanted),
        people["customer_id"],
        (np.datetime64(first), end),
        end + _DUMPED_AFTER,
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
    for name, contract in contracts().items():
        # a table that this generator does not know gets a file with its header only
        table = tables.setdefault(
            name, pl.DataFrame(schema=dict.fromkeys(contract.header, pl.String))
        )
        table.select(contract.header).write_csv(
            directory / contract.source_file,
            datetime_format="%Y-%m-%d %H:%M:%S",
            quote_style="necessary",
        )
    return {name: table.height for name, table in tables.items()}
