"""An outside monitor hears of each publish and of each failure."""

import logging

import pytest
from prefect.blocks.system import Secret
from pydantic import SecretStr

from infra.settings import Settings
from tasks.notifications import monitors
from tests.receiver import Receiver

LOGGER = logging.getLogger("test")


@pytest.fixture
def settings(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that name a monitor, whose path is a secret."""
    monkeypatch.setattr(monitors, "_PAUSE", 0.01)
    return Settings(ping_url=SecretStr(f"http://127.0.0.1:{receiver.port}/secret-path/"))


def test_a_publish_and_a_failure_call_the_monitor(settings: Settings, receiver: Receiver) -> None:
    monitors.ping(settings, "", "2018-10-18 is published", LOGGER)
    monitors.ping(settings, "/fail", "BLOCKED: 2018-10-19", LOGGER)
    assert receiver.received == [
        ("/secret-path", "2018-10-18 is published"),
        ("/secret-path/fail", "BLOCKED: 2018-10-19"),
    ]


def test_a_monitor_that_answers_later_is_called_again(
    settings: Settings, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [500, 200]
    monitors.ping(settings, "", "published", LOGGER)
    assert len(receiver.received) == 2
    assert caplog.records == []


def test_a_monitor_that_does_not_answer_is_logged_without_its_address(
    settings: Settings, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [500]
    monitors.ping(settings, "", "published", LOGGER)
    assert "the monitor of OLIST_PING_URL did not answer" in caplog.text
    assert "secret-path" not in caplog.text


def test_without_a_monitor_nothing_is_called(receiver: Receiver) -> None:
    monitors.ping(Settings(), "", "published", LOGGER)
    assert receiver.received == []


@pytest.mark.usefixtures("prefect_api")
def test_the_address_may_be_in_a_secret_block(
    settings: Settings, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    assert settings.ping_url
    Secret(value=settings.ping_url.get_secret_value()).save("monitor", overwrite=True)  # pyright: ignore[reportUnusedCoroutine] (saves here)
    by_block = Settings(ping_url=SecretStr("secret/monitor"))
    monitors.ping(by_block, "", "published", LOGGER)
    assert receiver.received == [("/secret-path", "published")]
    monitors.ping(Settings(ping_url=SecretStr("secret/nobody")), "", "published", LOGGER)
    assert "OLIST_PING_URL: " in caplog.text
    assert "nobody" in caplog.text
