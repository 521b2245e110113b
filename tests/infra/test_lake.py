"""Calls to an S3 that is slow or says nothing."""

import os
import signal
import threading
import time

import pytest
from botocore.exceptions import ReadTimeoutError

from infra import lake as lake_module
from infra.aws import lake_credentials
from infra.lake import Lake
from infra.settings import Settings
from tasks.retries import is_transient
from tests.worker_stack import WorkerStack


def _resume_after(pid: int, seconds: float) -> threading.Timer:
    os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(seconds, os.kill, (pid, signal.SIGCONT))
    timer.start()
    return timer


def test_a_slow_call_is_told_and_succeeds(
    services: WorkerStack,
    stack: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(lake_module, "_TOLD_SECONDS", 0.5)
    lake = Lake(stack)
    timer = _resume_after(services.process_id("s3"), 1.5)
    lake.put_json("slow.json", {"n": 1})
    timer.join()
    assert "writing s3://olist-lake/slow.json takes longer than" in caplog.text
    assert lake.get_json("slow.json") == {"n": 1}


def test_after_a_call_without_an_answer_others_wait_for_seconds_only(
    services: WorkerStack, stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake_module, "_silent_since", [time.monotonic()])
    impatient = Lake(stack)
    timer = _resume_after(services.process_id("s3"), 12)
    began = time.monotonic()
    with pytest.raises(ReadTimeoutError) as silent:
        impatient.get_json("slow.json")
    assert time.monotonic() - began < 8
    assert not is_transient(silent.value), "the client has waited and tried again already"
    os.kill(services.process_id("s3"), signal.SIGCONT)
    timer.cancel()
    impatient.put_json("slow.json", {"n": 2})
    assert not lake_module._silent_since, "it answers again"


def test_a_call_ends_after_minutes(stack: Settings) -> None:
    config = lake_credentials(stack).get_s3_client().meta.config
    assert config.read_timeout * config.retries["total_max_attempts"] <= 150
