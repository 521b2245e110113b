"""Fetches the exports in force: one file a table, as CSV, Parquet or Tableau extract."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from infra.lake import Lake
from infra.settings import Settings
from tasks.reporting.export.unload import DICTIONARY, LATEST


class NoExportError(LookupError):
    """There is nothing to fetch; the message says what to do."""


def fetch(
    settings: Settings, folder: Path, form: str, tables: Sequence[str]
) -> Iterator[tuple[Path, int | None]]:
    """Write the files one after the other; yields each with its rows, the data dictionary last.

    Raises NoExportError.
    """
    lake = Lake(settings)
    manifest = lake.get_json(LATEST)
    if manifest is None:
        raise NoExportError("Nothing is exported yet: a run that publishes does so at its end")
    known = manifest["tables"]
    if unknown := [table for table in tables if table not in known]:
        raise NoExportError(f"{', '.join(unknown)} is not exported; there are {', '.join(known)}")
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables or known:
        path = folder / f"{table}.{form}"
        beside = path.with_name(path.name + ".part")
        urls = known[table]["files"]["csv" if form == "csv" else "parquet"]
        if not urls:
            raise NoExportError(f"{table} is empty: Redshift has written no file for it")
        with tempfile.TemporaryDirectory(prefix="olist-export-") as scratch:
            parts = []
            for number, url in enumerate(urls):
                part = Path(scratch) / f"{number}"
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
                    file.readline()  # each part names the columns
                while block := file.read(1 << 20):
                    out.write(block)


def _parquet(table: str, parts: Sequence[Path], path: Path) -> None:
    del table
    schema = pq.read_schema(parts[0])
    with pq.ParquetWriter(path, schema, compression="zstd") as out:
        for batch in _batches(parts):
            out.write_batch(batch)


def _hyper(table: str, parts: Sequence[Path], path: Path) -> None:
    """A Tableau extract, by Tableau's own library (the extra `tableau`)."""
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
