"""Connections and transactions."""

import pytest

from infra.settings import Settings
from infra.warehouse import WarehouseError, transaction


def test_a_transaction_is_all_or_nothing(stack: Settings) -> None:
    with transaction(stack) as work:
        work.run("CREATE TABLE kept (a INTEGER)")
    with pytest.raises(WarehouseError), transaction(stack) as work:
        work.run("INSERT INTO kept VALUES (1)")
        work.run("SELECT nonsense FROM kept")
    with transaction(stack) as work:
        assert work.value("SELECT COUNT(*) AS n FROM kept") == 0


def test_a_read_only_transaction_cannot_write(stack: Settings) -> None:
    with (
        pytest.raises(WarehouseError, match="read-only"),
        transaction(stack, read_only=True) as work,
    ):
        work.run("CREATE TABLE sneaked (a INTEGER)")


def test_an_error_names_the_statement_and_the_reason(stack: Settings) -> None:
    with (
        pytest.raises(WarehouseError, match=r"sql/x\.sql.*no_such_table") as caught,
        transaction(stack) as work,
    ):
        work.run("SELECT * FROM no_such_table", what="sql/x.sql")
    assert not caught.value.transient


def test_an_unreachable_warehouse_is_a_transient_error(stack: Settings) -> None:
    away = stack.model_copy(update={"redshift_port": 1})
    with (
        pytest.raises(WarehouseError, match=r"127\.0\.0\.1:1") as caught,
        transaction(away),
    ):
        pass
    assert caught.value.transient


def test_a_wrong_password_is_not_a_transient_error(stack: Settings) -> None:
    wrong = Settings.model_validate({**stack.model_dump(), "redshift_password": "wrong"})
    with pytest.raises(WarehouseError, match="password") as caught, transaction(wrong):
        pass
    assert not caught.value.transient
    assert "wrong" not in str(caught.value).replace("password", "")
