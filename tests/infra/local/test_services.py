"""The local stack keeps its state and stops when its parent process does."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from infra.lake import Lake
from infra.local.ports import Ports
from infra.local.process import ServiceSpec, StackError
from infra.local.services import Services, running
from infra.settings import Settings
from infra.warehouse import transaction


@pytest.mark.slow
def test_objects_and_tables_survive_a_restart(tmp_path: Path) -> None:
    with running(Settings(home=tmp_path)) as settings:
        Lake(settings).put_json("a b/ç=1.json", {"kept": True})
        with transaction(settings) as work:
            work.run("CREATE TABLE kept (a INTEGER)")
    with running(Settings(home=tmp_path)) as settings:
        assert Lake(settings).get_json("a b/ç=1.json") == {"kept": True}
        with transaction(settings) as work:
            assert work.value("SELECT COUNT(*) AS n FROM kept") == 0


def test_a_stored_object_survives_a_kill_of_the_s3_server(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.local.s3", "--path", str(tmp_path / "s3")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "LOCAL_S3_ACCESS_KEY": "local", "LOCAL_S3_SECRET_KEY": "local"},
    )
    endpoint = process.stdout.readline().split()[1]
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    client.create_bucket(Bucket="bucket")
    client.put_object(Bucket="bucket", Key="k", Body=b"kept")
    client.put_object(Bucket="bucket", Key="gone", Body=b"x")
    client.delete_object(Bucket="bucket", Key="gone")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [p.name for p in (tmp_path / "s3" / "bucket").iterdir()] == ["k"]


def test_services_listen_on_loopback_only_and_stop_with_their_context(tmp_path: Path) -> None:
    with running(Settings(home=tmp_path)) as settings:
        port = settings.redshift_port
        assert settings.redshift_host == "127.0.0.1"
        assert "127.0.0.1" in settings.s3_endpoint_url
    time.sleep(0.1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    assert not (tmp_path / "stack.json").exists()
    assert "OLIST_REDSHIFT_PASSWORD" not in os.environ


def test_services_stop_when_their_parent_process_is_killed(tmp_path: Path) -> None:
    code = (
        "import time; from infra.local.services import running; from infra.settings import Settings\n"
        f"with running(Settings(home={str(tmp_path)!r})) as s:\n"
        "    print(s.redshift_port, flush=True); time.sleep(60)"
    )
    user = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    port = int(user.stdout.readline())
    user.kill()
    user.communicate()
    for _ in range(50):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            break
        except ConnectionResetError:
            pass  # it is closing its socket
        time.sleep(0.1)
    else:
        pytest.fail("the local Redshift still listens")
    # the leftovers of the killed run do not prevent a new start
    with running(Settings(home=tmp_path)) as settings, transaction(settings) as work:
        assert work.value("SELECT 1 AS one") == 1


def test_a_running_stack_is_shared(tmp_path: Path) -> None:
    with running(Settings(home=tmp_path)) as first:
        for name in ("OLIST_S3_ENDPOINT_URL", "OLIST_REDSHIFT_HOST"):
            os.environ.pop(name)
        with running(Settings(home=tmp_path, s3_endpoint_url=None, redshift_host=None)) as second:
            assert second.redshift_port == first.redshift_port
        with transaction(first) as work:
            assert work.value("SELECT 1 AS one") == 1


def test_a_service_that_cannot_start_raises_an_error_with_its_log_path(tmp_path: Path) -> None:
    (tmp_path / "redshift").write_text("a file where a folder is needed")
    with pytest.raises(StackError, match=r"redshift\.log"), running(Settings(home=tmp_path)):
        pass


def test_a_service_that_fails_to_restart_leaves_the_others_running(tmp_path: Path) -> None:
    """A Prefect server that dies twice is started again by the next poll; nothing else ends."""
    services = Services(Settings(home=tmp_path), Ports())
    slow = ServiceSpec("slow", ["http.server", "0"], prints_ready=False)
    services.start([slow])
    try:
        services.running["slow"].process.kill()
        services.running["slow"].process.wait()
        broken = replace(slow, module=["no_such_module"], health_url="http://127.0.0.1:9/")
        services.running["slow"].spec = broken
        assert list(services.restart_dead()) == ["slow"]
        services.running["slow"].process.wait()
        services.running["slow"].spec = slow
        assert list(services.restart_dead()) == ["slow"]
        assert services.running["slow"].process.poll() is None
    finally:
        services.stop()
