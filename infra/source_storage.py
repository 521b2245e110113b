"""Source folders: on disk, or under an S3 prefix (`s3://bucket/prefix`)."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError

from infra.settings import Settings

_CHUNK = 1 << 20


class SourceError(ValueError):
    """The source cannot be used; the message names file, rule and remedy."""


class MissingSourceError(SourceError):
    """The source has not delivered a folder or a file yet; it may come later."""


class Folder(Protocol):
    """A folder of files and subfolders. All names are without the path.

    Attributes:
        address: Absolute path, or `s3://bucket/prefix`.
    """

    address: str

    def files(self) -> set[str]:
        """Names of the files in the folder; empty if the folder does not exist."""
        ...

    def folders(self) -> set[str]:
        """Names of the subfolders; empty if the folder does not exist."""
        ...

    def inner(self, name: str) -> "Folder":
        """Return a subfolder."""
        ...

    def head(self, name: str, size: int) -> bytes:
        """Read the first `size` bytes of a file."""
        ...

    def local(self, name: str, scratch: Path) -> Path:
        """Return the path of a file on disk; a remote file is downloaded to `scratch` first."""
        ...


def open_folder(address: str, settings: Settings) -> Folder:
    """Return the folder at an address: a local path, or `s3://bucket/prefix`."""
    if address.startswith("s3://"):
        return S3Folder(address, settings)
    return LocalFolder(Path(address).expanduser().resolve())


class LocalFolder:
    """A folder on disk."""

    def __init__(self, path: Path) -> None:
        """Use an absolute path; nothing is read yet."""
        self._path = path
        self.address = str(path)

    def files(self) -> set[str]:
        """Names of the files in the folder; empty if the folder does not exist."""
        return {path.name for path in self._entries() if path.is_file()}

    def folders(self) -> set[str]:
        """Names of the subfolders; empty if the folder does not exist."""
        return {path.name for path in self._entries() if path.is_dir()}

    def inner(self, name: str) -> Folder:
        """Return a subfolder."""
        return LocalFolder(self._path / name)

    def head(self, name: str, size: int) -> bytes:
        """Read the first `size` bytes of a file."""
        with (self._path / name).open("rb") as file:
            return file.read(size)

    def local(self, name: str, scratch: Path) -> Path:
        """Return the path of the file; nothing is copied."""
        del scratch
        return self._path / name

    def _entries(self) -> Iterator[Path]:
        return self._path.iterdir() if self._path.is_dir() else iter(())


class S3Folder:
    """An S3 prefix as a folder; `/` in keys separates subfolders."""

    def __init__(self, address: str, settings: Settings) -> None:
        """Create a client for an address `s3://bucket/prefix`; no request is sent yet."""
        self.address = address.rstrip("/")
        self._settings = settings
        bucket, _, prefix = self.address.removeprefix("s3://").partition("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        from infra.lake import bucket_block  # noqa: PLC0415 (it imports Prefect)

        credentials = bucket_block(settings).credentials
        self._client: Any = credentials.get_s3_client()  # pyright: ignore[reportAttributeAccessIssue]

    def files(self) -> set[str]:
        """Names of the objects directly under the prefix."""
        keys = (item["Key"] for page in self._pages() for item in page.get("Contents", []))
        return {key.removeprefix(self._prefix) for key in keys} - {""}

    def folders(self) -> set[str]:
        """Names of the subfolders: the parts of keys between the prefix and the next `/`."""
        found = (
            item["Prefix"] for page in self._pages() for item in page.get("CommonPrefixes", [])
        )
        return {prefix.removeprefix(self._prefix).rstrip("/") for prefix in found}

    def inner(self, name: str) -> Folder:
        """Return a subfolder."""
        return S3Folder(f"{self.address}/{name}", self._settings)

    def head(self, name: str, size: int) -> bytes:
        """Read the first `size` bytes of an object."""
        return self._body(name).read(size)

    def local(self, name: str, scratch: Path) -> Path:
        """Download an object to `scratch`, in blocks of 1 MiB; return its path."""
        path = scratch / name
        with path.open("wb") as file:
            shutil.copyfileobj(self._body(name), file, _CHUNK)
        return path

    def _body(self, name: str) -> Any:  # noqa: ANN401
        return self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"]

    def _pages(self) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix, Delimiter="/"
        )
        try:
            yield from pages
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchBucket":
                return
            raise
