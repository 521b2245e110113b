"""A slow statement is logged and continues; it fails if the warehouse does not answer."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from sqlalchemy import create_engine, text

from infra import warehouse_watch
from infra.settings import Settings
from infra.warehouse import WarehouseError, connection_parameters, transaction
from tasks.validation.runner import _statements_watched
from tests.worker_stack import WorkerStack


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouse_watch, "_POLL_SECONDS", 0.1)
    monkeypatch.setattr(warehouse_watch, "_TOLD_SECONDS", 0.5)
    monkeypatch.setattr(warehouse_watch, "_PROBE_EVERY_SECONDS", 0.2)
    monkeypatch.setattr("infra.warehouse._PROBE_SECONDS", 1)


@pytest.fixture
def hasty(stack: Settings) -> Settings:
    return stack.model_copy(update={"redshift_silent_seconds": 2, "redshift_connect_seconds": 2})


@contextmanager
def _suspended(services: WorkerStack) -> Iterator[None]:
    """The local Redshift says nothing in the body."""
    pid = services.process_id("redshift")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_statement_of_a_silent_warehouse_fails_with_advice(
    services: WorkerStack, hasty: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        pytest.raises(
            WarehouseError, match=r"SELECT 1 AS n: the warehouse at .* 2 seconds"
        ) as told,
        transaction(hasty) as work,
        _suspended(services),
    ):
        work.run("SELECT 1 AS n")
    assert told.value.transient
    assert "the warehouse has not answered for" in caplog.text
    with transaction(hasty) as work:
        assert work.value("SELECT 1 AS n") == 1


def test_a_login_to_a_silent_warehouse_fails(services: WorkerStack, hasty: Settings) -> None:
    with (
        _suspended(services),
        pytest.raises(WarehouseError, match=r"connecting to the warehouse.*timed out"),
        transaction(hasty),
    ):
        pass


def test_a_statement_of_great_expectations_is_watched_too(
    services: WorkerStack, hasty: Settings
) -> None:
    parameters = connection_parameters(hasty)
    engine = create_engine("redshift+redshift_connector://", connect_args=parameters)
    with engine.connect() as connection:  # which the pool keeps
        connection.execute(text("SELECT 1 AS n"))
        warehouse_watch.has_no_time_limit(connection.connection.dbapi_connection)
    began = time.monotonic()
    with (
        pytest.raises(WarehouseError, match=r"SELECT 2 AS n: the warehouse at .* 2 seconds"),
        _suspended(services),
        _statements_watched(hasty),
    ):
        for number in range(2, 20):
            with suppress(Exception), engine.connect() as connection:  # as GX goes on
                connection.execute(text(f"SELECT {number} AS n"))
    assert time.monotonic() - began < 15
    assert not warehouse_watch._waits


@contextmanager
def _table_held(settings: Settings, seconds: float) -> Iterator[None]:
    """Another transaction holds the table public.watched for a while."""
    with transaction(settings) as work:
        work.run("CREATE TABLE IF NOT EXISTS public.watched (i INTEGER)")
    taken = threading.Event()

    def hold() -> None:
        with transaction(settings) as work:
            work.run("LOCK public.watched")
            taken.set()
            time.sleep(seconds)

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait(20)
    try:
        yield
    finally:
        holder.join()


def test_a_slow_statement_is_told_and_goes_on(
    hasty: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """It waits for a table, for longer than the warehouse may be silent."""
    with _table_held(hasty, seconds=4), transaction(hasty) as work:
        assert work.run("INSERT INTO public.watched VALUES (1)", what="the slow one") == 1
    assert "and the warehouse answers others: the slow one" in caplog.text


def test_a_statement_that_takes_longer_than_a_step_may_is_ended(hasty: Settings) -> None:
    limited = hasty.model_copy(update={"step_hours": 1 / 3600})
    began = time.monotonic()
    with (
        _table_held(hasty, seconds=4),
        pytest.raises(WarehouseError, match=r"the slow one: .*OLIST_STEP_HOURS") as told,
        transaction(limited) as work,
    ):
        work.run("INSERT INTO public.watched VALUES (2)", what="the slow one")
    assert not told.value.transient
    assert time.monotonic() - began < 30
    with transaction(hasty) as work:
        assert work.value("SELECT COUNT(*) AS n FROM public.watched WHERE i = 2") == 0
