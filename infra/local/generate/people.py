"""Generate customers, sellers and the coordinates of zip code prefixes."""

from typing import NamedTuple

import numpy as np
import polars as pl

from infra.local.generate.places import PLACES

_ACCENTS = str.maketrans("áàâãäéêëíîïóôõöúûüç", "aaaaaeeeiiioooouuuc")


class Addresses(NamedTuple):
    """Zip code prefixes, each with the index of its city in `PLACES`."""

    prefix: np.ndarray
    place: np.ndarray
    share: np.ndarray  # share of customers; sums to 1


def ids(rng: np.random.Generator, count: int) -> np.ndarray:
    """Generate random ids of 32 hexadecimal digits."""
    digits = rng.bytes(16 * count).hex()
    return np.array([digits[i : i + 32] for i in range(0, len(digits), 32)])


def addresses(rng: np.random.Generator, orders: int) -> Addresses:
    """Generate zip code prefixes; larger cities have more, at most 300 per city."""
    weights = np.array([place.weight for place in PLACES])
    total = min(6_000, max(len(PLACES), orders // 8))
    counts = np.clip((weights / weights.sum() * total).astype(int), 1, 300)
    place = np.repeat(np.arange(len(PLACES)), counts)
    offset = np.concatenate([np.arange(count) for count in counts])
    first = np.array([place.first_prefix for place in PLACES])
    share = (weights / counts)[place] * rng.uniform(0.2, 1.8, len(place))
    return Addresses(first[place] + offset, place, share / share.sum())


def customers(rng: np.random.Generator, count: int, where: Addresses) -> pl.DataFrame:
    """Generate one customer per order; some persons order again, and some of those have moved.

    Args:
        rng: Source of random numbers.
        count: Number of customers, equal to the number of orders.
        where: Zip code prefixes to draw addresses from.
    """
    persons = max(1, round(count * 0.966))
    own = ids(rng, persons)
    again = rng.integers(0, persons, count - persons)
    person = np.concatenate([np.arange(persons), again])
    home = rng.choice(len(where.prefix), persons, p=where.share)[person]
    moved = np.concatenate([np.zeros(persons, bool), rng.random(count - persons) < 0.1])
    home[moved] = rng.choice(len(where.prefix), int(moved.sum()), p=where.share)
    shuffled = rng.permutation(count)
    return pl.DataFrame(
        {
            "customer_id": ids(rng, count),
            "customer_unique_id": own[person][shuffled],
            **_address("customer", where, home[shuffled]),
        }
    )


def sellers(rng: np.random.Generator, count: int, where: Addresses) -> pl.DataFrame:
    """Generate sellers in the same cities; about 2 % spell the city as `city / state`."""
    home = rng.choice(len(where.prefix), count, p=where.share)
    table = pl.DataFrame({"seller_id": ids(rng, count), **_address("seller", where, home)})
    odd = pl.Series(rng.random(count) < 0.02)
    return table.with_columns(
        pl.when(odd)
        .then(pl.col("seller_city") + " / " + pl.col("seller_state").str.to_lowercase())
        .otherwise("seller_city")
        .alias("seller_city")
    )


def _address(who: str, where: Addresses, index: np.ndarray) -> dict[str, np.ndarray]:
    plain = np.array([place.city.translate(_ACCENTS) for place in PLACES])
    states = np.array([place.state for place in PLACES])
    return {
        f"{who}_zip_code_prefix": _padded(where.prefix[index]),
        f"{who}_city": plain[where.place[index]],
        f"{who}_state": states[where.place[index]],
    }


def _padded(prefix: np.ndarray) -> np.ndarray:
    return np.char.zfill(prefix.astype(str), 5)


def geolocation(rng: np.random.Generator, count: int, where: Addresses) -> pl.DataFrame:
    """Generate points near their city, with duplicate rows and some accented city names.

    About 2 % of the prefixes have no point, and one point in 10,000 is outside Brazil.
    """
    known = np.flatnonzero(rng.random(len(where.prefix)) > 0.02)
    if not len(known):
        known = np.arange(len(where.prefix))
    own = max(1, round(count * 0.75))
    index = known[rng.integers(0, len(known), own)]
    place = where.place[index]
    latitude = np.array([p.latitude for p in PLACES])[place] + rng.normal(0, 0.05, own)
    longitude = np.array([p.longitude for p in PLACES])[place] + rng.normal(0, 0.05, own)
    abroad = rng.integers(0, own, max(1, own // 10_000))
    latitude[abroad], longitude[abroad] = 41.6, -8.41
    accented = rng.random(own) < 0.2
    names = np.array([p.city for p in PLACES])
    plain = np.array([p.city.translate(_ACCENTS) for p in PLACES])
    rows = np.sort(np.concatenate([np.arange(own), rng.integers(0, own, count - own)]))
    return pl.DataFrame(
        {
            "geolocation_zip_code_prefix": _padded(where.prefix[index]),
            "geolocation_lat": latitude,
            "geolocation_lng": longitude,
            "geolocation_city": np.where(accented, names[place], plain[place]),
            "geolocation_state": np.array([p.state for p in PLACES])[place],
        }
    )[rows]
