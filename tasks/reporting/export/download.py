"""Download the current exports: one file per table, as CSV, Parquet or Tableau extract."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from infra.lake import Lake
from infra.scratch import scratch_folder
from infra.settings import Settings
from tasks.reporting.export.manifest import DICTIONARY, LATEST


class NoExportError(LookupError):
    """There is nothing to download; the message names the reason or the remedy."""


def fetch(
    settings: Settings, folder: Path, form: str, tables: Sequence[str]
) -> Iterator[tuple[Path, int | None]]:
    """Write the files one after the other.

    Args:
        settings: Access to the lake.
        folder: Target folder; it is created if it is missing.
        form: `csv`, `parquet` or `hyper`; also the suffix of the files.
        tables: Names of the tables, without schema; empty for all.

    Yields:
        Path and number of rows of each file; the data dictionary comes last, with None.

    Raises:
        NoExportError: Nothing is exported, a table is unknown or empty, or Tableau's library is
            missing.
    """
    lake = Lake(settings)
    manifest = lake.get_json(LATEST)
    if manifest is None:
        raise NoExportError("Nothing is exported yet: a run exports its tables after it publishes")
    known = manifest["tables"]
    if unknown := [table for table in tables if table not in known]:
        raise NoExportError(f"{', '.join(unknown)} is not exported; tables: {', '.join(known)}")
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables or known:
        path = folder / f"{table}.{form}"
        beside = path.with_name(path.name + ".part")
        urls = known[table]["files"]["csv" if form == "csv" else "parquet"]
        if not urls:
            raise NoExportError(f"{table} is empty: Redshift wrote no file for it")
        with scratch_folder("export") as scratch:
            parts = []
            for number, url in enumerate(urls):
                part = scratch / f"{number}"
                lake.get_file(lake.key(url), part)
                parts.append(part)
            _WRITERS[form](table, parts, beside)
        beside.rename(path)
        yield path, known[table]["rows"]
    path = folder / "data_dictionary.csv"
    lake.get_file(DICTIONARY, path)
    yield path, None


def _csv(table: str, parts: Sequence[Path], path: Path) -> None:
    del table
    with path.open("wb") as out:
        for number, part in enumerate(parts):
            with part.open("rb") as file:
                if number:
                    file.readline()  # skip the header line that each part has
                while block := file.read(1 << 20):
                    out.write(block)


def _parquet(table: str, parts: Sequence[Path], path: Path) -> None:
    del table
    schema = pq.read_schema(parts[0])
    with pq.ParquetWriter(path, schema, compression="zstd") as out:
        for batch in _batches(parts):
            out.write_batch(batch)


def _hyper(table: str, parts: Sequence[Path], path: Path) -> None:
    """Write a Tableau extract with Tableau's own library (the extra `tableau`)."""
    try:
        from tasks.reporting.export.hyper import write_hyper  # noqa: PLC0415
    except ImportError as error:
        raise NoExportError(
            "Tableau's library is not installed: .venv/bin/uv pip install tableauhyperapi"
        ) from error
    write_hyper(table, pq.read_schema(parts[0]), _batches(parts), path)


def _batches(parts: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    for part in parts:
        with pq.ParquetFile(part) as file:
            yield from file.iter_batches(50_000)


_WRITERS = {"csv": _csv, "parquet": _parquet, "hyper": _hyper}
