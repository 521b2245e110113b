"""Silence of a peer counts only while the process looked."""

import time

import pytest

from infra.silence import Silence


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_looks_without_an_answer_add_up(clock: list[float]) -> None:
    silence = Silence(most=15)
    for passed, seconds in [(5, 5), (10, 15), (7, 22)]:
        clock[0] += passed
        assert silence.seconds() == seconds
    silence.broken()
    clock[0] += 3
    assert silence.seconds() == 3


def test_a_suspended_process_does_not_blame_its_peer(clock: list[float]) -> None:
    silence = Silence(most=15)
    clock[0] += 3600
    assert silence.seconds() == 15
