"""I2: slices of a history give the same analytics in any order and with any repetition."""

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from infra.contracts import contracts
from infra.local.extract import extract, write_batches
from infra.local.generate import generate
from infra.settings import Settings
from tests.history import checksums, play, rebuild, require_invariants, slices
from tests.load import Loader


@pytest.fixture(scope="module")
def load(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Loader:
    return Loader(stack, tmp_path_factory.mktemp("loads"))


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty orders over two years, with all related rows."""
    folder = tmp_path_factory.mktemp("dumps") / "dump"
    generate(folder, 60, seed=11)
    return folder


@pytest.fixture(scope="module")
def whole(load: Loader, dump: Path) -> dict[str, str]:
    """Checksums after the dump was loaded as one batch."""
    return _after(load, [[(date(2018, 10, 18), dump)]])


def _after(load: Loader, groups: list[list[tuple[date, Path]]]) -> dict[str, str]:
    load.clear()
    play(load, groups)
    require_invariants(load.settings)
    return checksums(load.settings)


def _extracts(dump: Path, every: str) -> list[tuple[date, Path]]:
    out = dump.parent / every
    if not out.exists():
        extract(dump, out, every=every)
    return slices(out)


@pytest.mark.full
def test_batches_loaded_in_order_give_the_same_result_as_one_batch(
    load: Loader, dump: Path, whole: dict[str, str]
) -> None:
    assert _after(load, [[batch] for batch in _extracts(dump, "3mo")]) == whole


@pytest.mark.full
def test_batches_published_in_groups_give_the_same_result_as_one_batch(
    load: Loader, dump: Path, whole: dict[str, str]
) -> None:
    batches = _extracts(dump, "1mo")
    assert _after(load, [batches[at : at + 6] for at in range(0, len(batches), 6)]) == whole


@pytest.mark.full
def test_shuffled_batches_give_the_same_result_as_one_batch(
    load: Loader, dump: Path, whole: dict[str, str]
) -> None:
    """Late batches: facts come before their customers, products and sellers."""
    batches = _extracts(dump, "3mo")
    random.Random(5).shuffle(batches)
    assert _after(load, [[batch] for batch in batches]) == whole


@pytest.mark.full
def test_loading_every_batch_twice_gives_the_same_result(
    load: Loader, dump: Path, whole: dict[str, str]
) -> None:
    batches = _extracts(dump, "6mo")
    assert _after(load, [[batch] for batch in (*batches, *batches)]) == whole


@pytest.mark.slow
@pytest.mark.parametrize("from_lake", [pytest.param(False, marks=pytest.mark.full), True])
def test_a_rebuild_gives_the_same_result_as_one_batch(
    load: Loader, dump: Path, whole: dict[str, str], from_lake: bool
) -> None:
    _after(load, [_extracts(dump, "6mo")])
    from infra.warehouse import transaction

    with transaction(load.settings) as work:  # damage that a rebuild must repair
        work.run("UPDATE analytics.fact_order SET order_value = order_value + 1")
        work.run("INSERT INTO analytics.dim_seller SELECT 7, 'stray', zip_code_prefix, city, state, "
                 "geography_key, valid_from, valid_to, is_current FROM analytics.dim_seller LIMIT 1")  # fmt: skip
        work.run("DELETE FROM analytics.fact_payment")
        if from_lake:
            for table in contracts():
                work.run(f"DELETE FROM staging.{table}")
    rebuild(load, from_lake=from_lake)
    require_invariants(load.settings)
    assert checksums(load.settings) == whole


_FIRST, _DAYS = date(2016, 9, 1), 800


@strategies.composite
def histories(draw: strategies.DrawFn) -> tuple[list[date], list[list[int]]]:
    """Period ends, and the groups of periods in publish order."""
    cuts = draw(strategies.sets(strategies.integers(60, _DAYS - 60), min_size=1, max_size=3))
    ends = [*(_FIRST + timedelta(days=n) for n in sorted(cuts)), date(2019, 12, 31)]
    order = draw(strategies.permutations(range(len(ends))))
    repeated = [
        *order,
        *draw(strategies.lists(strategies.sampled_from(range(len(ends))), max_size=1)),
    ]
    together = draw(strategies.integers(1, 3))
    groups = [
        list(dict.fromkeys(repeated[a : a + together])) for a in range(0, len(repeated), together)
    ]
    return ends, groups


def _any_history(load: Loader, dump: Path, whole: dict[str, str], folder: Path, history) -> None:
    ends, groups = history
    write_batches(dump, folder, _FIRST, ends)
    found = dict(slices(folder))
    batches = [[(ends[n], found[ends[n]]) for n in group if ends[n] in found] for group in groups]
    assert _after(load, [group for group in batches if group]) == whole


@settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@pytest.mark.full
@given(history=histories())
def test_random_histories_give_the_same_result_as_one_batch(
    load, dump, whole, tmp_path_factory, history
) -> None:
    _any_history(load, dump, whole, tmp_path_factory.mktemp("slices"), history)


@pytest.mark.full
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories())
def test_many_random_histories_give_the_same_result_as_one_batch(
    load, dump, whole, tmp_path_factory, history
) -> None:
    _any_history(load, dump, whole, tmp_path_factory.mktemp("slices"), history)


@pytest.fixture(scope="module")
def real(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A link to the real sample in a folder where its slices can be written."""
    folder = tmp_path_factory.mktemp("real") / "dump"
    folder.symlink_to(sample)
    return folder


@pytest.fixture(scope="module")
def expected(load: Loader, real: Path) -> dict[str, str]:
    """Checksums after the real sample was loaded as one batch."""
    return _after(load, [[(date(2018, 10, 18), real)]])


@pytest.mark.full
class TestRealSample:
    """The 3,000 real orders, in typical slices."""

    @pytest.mark.parametrize("how", ["monthly", "weekly", "shuffled", "twice"])
    def test_monthly_weekly_shuffled_and_repeated_batches_give_the_same_result(
        self, load: Loader, real: Path, expected, how: str
    ) -> None:
        batches = _extracts(real, "7d" if how == "weekly" else "1mo")
        if how == "shuffled":
            random.Random(7).shuffle(batches)
        if how == "twice":
            batches = [*batches, *batches]
        assert _after(load, [[batch] for batch in batches]) == expected

    def test_daily_batches_between_long_ones_give_the_same_result(
        self, load: Loader, real: Path, expected
    ) -> None:
        """Sixty days around Black Friday; all 742 days would take an hour."""
        first = date(2017, 10, 15)
        days = [first + timedelta(days=n) for n in range(60)]
        write_batches(real, real.parent / "days", _FIRST, [*days, date(2019, 12, 31)])
        assert _after(load, [[batch] for batch in slices(real.parent / "days")]) == expected

    @pytest.mark.parametrize("from_lake", [False, True])
    def test_a_rebuild_gives_the_same_result_as_one_batch(
        self, load: Loader, real: Path, expected, from_lake: bool
    ) -> None:
        _after(load, [_extracts(real, "1mo")])
        rebuild(load, from_lake=from_lake)
        assert checksums(load.settings) == expected


@pytest.mark.full
def test_the_full_real_set_in_shuffled_months_gives_the_same_result(
    load: Loader, full: Path, tmp_path: Path
) -> None:
    expected = _after(load, [[(date(2018, 10, 18), full)]])
    extract(full, tmp_path / "months", every="1mo")
    batches = slices(tmp_path / "months")
    random.Random(3).shuffle(batches)
    assert _after(load, [[batch] for batch in batches]) == expected
