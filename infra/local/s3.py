"""A local S3: the server of moto, with its objects stored on disk.

moto holds objects in memory. Every successful write is mirrored to a folder with one file per
object, which is written beside the buckets and then renamed. The folder is read at the next start.
Object versions are lost at a restart.

Run it on its own with `python -m infra.local.s3 --path DIR --port N`. Callers must sign requests
with the keys in LOCAL_S3_ACCESS_KEY and LOCAL_S3_SECRET_KEY.
"""

import argparse
import logging
import os
import shutil
import signal
import sys
import tempfile
import urllib.parse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import boto3
from botocore.credentials import Credentials
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from infra.local.s3_guard import S3Guard

_WRITES = {"PUT", "POST", "DELETE"}
_INCOMING = ".incoming"  # no bucket has this name
_PIECE = 200  # a file name has at most 255 bytes; a longer key continues in folders
_MORE = "%+"  # ends the name of such a folder; no quoted key contains it


class Mirror:
    """WSGI middleware that mirrors the objects of moto to a folder after each write."""

    def __init__(self, app: Callable[..., Iterable[bytes]], folder: Path) -> None:
        """Mirror the objects that requests to `app` change to `folder`."""
        self._app = app
        self._folder = folder

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Serve a request; update the folder before the response is returned."""
        body = self._app(environ, start_response)
        if environ["REQUEST_METHOD"] in _WRITES:
            # WSGI passes the bytes of a path decoded as Latin-1
            path = environ["PATH_INFO"].encode("latin-1").decode().lstrip("/")
            bucket, _, key = path.partition("/")
            if key:
                self._keep(bucket, key)
            elif "delete" in environ.get("QUERY_STRING", ""):
                self._sweep(bucket)
            elif environ["REQUEST_METHOD"] == "PUT":
                self._folder.joinpath(bucket).mkdir(parents=True, exist_ok=True)
        return body

    def _keep(self, bucket: str, key: str) -> None:
        file = self._file(bucket, key)
        held = _object(bucket, key)
        if held is None:
            file.unlink(missing_ok=True)
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        incoming = self._folder / _INCOMING
        incoming.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=incoming, delete=False) as written:
            written.write(held.value)
        Path(written.name).rename(file)

    def _sweep(self, bucket: str) -> None:
        for file in _files(self._folder / bucket):
            if _object(bucket, _key(self._folder / bucket, file)) is None:
                file.unlink()

    def _file(self, bucket: str, key: str) -> Path:
        # quoted, so that no key can leave the folder
        name = urllib.parse.quote(key, safe="=-_")
        pieces = [name[at : at + _PIECE] for at in range(0, len(name), _PIECE)]
        *folders, last = [p.replace(".", "%2E") if p in {".", ".."} else p for p in pieces]
        return self._folder.joinpath(bucket, *(piece + _MORE for piece in folders), last)

    def restore(self, endpoint: str, keys: Credentials) -> None:
        """Upload all objects of the folder to the empty server at the URL `endpoint`."""
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            region_name="us-east-1",
        )
        # writes that were killed; their requests never succeeded
        shutil.rmtree(self._folder / _INCOMING, ignore_errors=True)
        for bucket in sorted(self._folder.iterdir()):
            client.create_bucket(Bucket=bucket.name)
            for file in _files(bucket):
                key = _key(bucket, file)
                client.put_object(Bucket=bucket.name, Key=key, Body=file.read_bytes())


def _files(bucket: Path) -> list[Path]:
    return sorted(path for path in bucket.rglob("*") if path.is_file())


def _key(bucket: Path, file: Path) -> str:
    pieces = (piece.removesuffix(_MORE) for piece in file.relative_to(bucket).parts)
    return urllib.parse.unquote("".join(pieces))


def _object(bucket: str, key: str) -> Any:  # noqa: ANN401 (moto's FakeKey)
    held = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets.get(bucket)
    return held.keys.get(key) if held is not None else None


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Do not log each request."""


def main() -> None:
    """Serve until SIGTERM; print `ready <address>` once the objects are restored."""
    parser = argparse.ArgumentParser(description="A local S3 that stores its objects on disk.")
    parser.add_argument("--path", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    arguments.path.mkdir(parents=True, exist_ok=True)
    keys = _keys(parser)
    moto = DomainDispatcherApplication(create_backend_app)
    mirror = Mirror(moto, arguments.path)
    guard = S3Guard(mirror, keys)
    server = make_server("127.0.0.1", arguments.port, guard, threaded=True, request_handler=_Quiet)
    endpoint = f"http://127.0.0.1:{server.server_port}"

    # restore the objects through a server without the mirror, before the address is printed
    loader = make_server("127.0.0.1", 0, S3Guard(moto, keys), threaded=True, request_handler=_Quiet)
    with _serving(loader):
        mirror.restore(f"http://127.0.0.1:{loader.server_port}", keys)

    def stop(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    print(f"ready {endpoint}", flush=True)
    server.serve_forever()


def _keys(parser: argparse.ArgumentParser) -> Credentials:
    """The keys of callers, from the environment; they are not visible in the process list."""
    names = ("LOCAL_S3_ACCESS_KEY", "LOCAL_S3_SECRET_KEY")
    found = [os.environ.get(name, "") for name in names]
    if not all(found):
        parser.error(f"set {' and '.join(names)} to the keys that callers sign with")
    return Credentials(*found)


class _serving:  # noqa: N801 (a context manager reads as a verb)
    def __init__(self, server: Any) -> None:  # noqa: ANN401
        import threading  # noqa: PLC0415

        self._server = server
        self._thread = threading.Thread(target=server.serve_forever)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()


if __name__ == "__main__":
    main()
