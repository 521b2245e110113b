"""A slow link to the warehouse and the lake is slow, not broken; a cut one is tried again."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import urllib3.util.connection

from flows.daily_elt import daily_elt_flow
from infra.lake import Lake
from infra.local.generate import generate
from infra.settings import Settings
from infra.warehouse import transaction
from tasks.warehouse.prepare import prepare_warehouse
from tests.history import require_invariants
from tests.load import Loader
from tests.slow_link import Link, slow_link

DAY = date(2018, 10, 18)


@contextmanager
def _through(
    stack: Settings, monkeypatch: pytest.MonkeyPatch, *, delay: float = 0.0, rate: float = 0.0
) -> Iterator[tuple[Link, Link]]:
    """Links to Redshift and S3, which the settings in the body name."""
    s3_port = int(str(stack.s3_endpoint_url).rpartition(":")[2])
    with (
        slow_link(stack.redshift_port, delay=delay, rate=rate) as redshift,
        slow_link(s3_port, delay=delay, rate=rate) as s3,
        monkeypatch.context() as patch,
    ):
        patch.setenv("OLIST_REDSHIFT_PORT", str(redshift.port))
        # the local S3 wants its own address in the header Host, so only the connection goes astray
        connect = urllib3.util.connection.create_connection

        def astray(address: tuple[str, int], *arguments: Any, **named: Any) -> socket.socket:
            host, port = address
            return connect((host, s3.port if port == s3_port else port), *arguments, **named)

        patch.setattr(urllib3.util.connection, "create_connection", astray)
        yield redshift, s3


@pytest.fixture
def source(tmp_path: Path) -> Path:
    generate(tmp_path / "source", 20, seed=3)
    return tmp_path / "source"


@pytest.fixture(autouse=True)
def _empty(stack: Settings, tmp_path: Path) -> None:
    loader = Loader(stack, tmp_path)
    loader.clear()
    loader.release()


@pytest.mark.slow
def test_an_object_is_written_and_read_at_20_kb_a_second(
    stack: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "object"
    path.write_bytes(bytes(100_000))
    with _through(stack, monkeypatch, rate=20_000):
        lake = Lake(Settings())
        began = time.monotonic()
        lake.put_file("slow/object", path)
        lake.get_file("slow/object", tmp_path / "copy")
    assert time.monotonic() - began > 8
    assert (tmp_path / "copy").read_bytes() == path.read_bytes()


def test_preparing_again_takes_few_round_trips(
    stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_warehouse(stack)
    with _through(stack, monkeypatch) as (redshift, _):
        prepare_warehouse(Settings())
        assert redshift.turns <= 20  # 138 s at 200 ms each way were 345


@pytest.mark.full
@pytest.mark.usefixtures("prefect_api")
def test_a_run_over_a_link_of_200_ms_is_published(
    stack: Settings, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _through(stack, monkeypatch, delay=0.2) as links:
        began = time.monotonic()
        receipt = daily_elt_flow(DAY, str(source))
        print(f"{time.monotonic() - began:.0f} s, round trips {[link.turns for link in links]}")
        print(receipt.seconds)
    require_invariants(stack)


@pytest.mark.full
@pytest.mark.usefixtures("prefect_api")
def test_a_run_whose_connections_are_cut_is_published_or_fails_and_converges(
    stack: Settings, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _through(stack, monkeypatch) as links:
        done = threading.Event()

        def cut() -> None:
            while not done.wait(4):
                for link in links:
                    link.cut()

        cutting = threading.Thread(target=cut)
        cutting.start()
        try:
            daily_elt_flow(DAY, str(source))
        except Exception as error:  # noqa: BLE001 (a gate counts a cut connection as critical)
            print(f"failed: {error}")
        done.set()
        cutting.join()
    daily_elt_flow(DAY, str(source))
    require_invariants(stack)
    with transaction(stack, read_only=True) as work:
        assert work.value("SELECT COUNT(*) AS n FROM analytics.fact_order") == 20
