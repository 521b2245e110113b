"""Whatever happens to a file: each record is loaded, in quarantine, or the file is refused."""

import random
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from infra.contracts import Column, Contract, contracts
from infra.csv_file import header, reader
from infra.csv_file.reader import CsvFile
from infra.csv_file.values import QUARANTINE, typed_block
from infra.source_storage import SourceError
from tests.infra.csv_file.damage import DAMAGES, written
from tests.infra.csv_file.test_records import read_by_letter

_ID = re.compile(rb"[0-9a-f]{32}")


@dataclass
class Outcome:
    """Figures of a campaign: rows, and money in R$."""

    files: int = 0
    refused: int = 0
    records: int = 0  # of the files that were not refused
    loaded: int = 0
    quarantined: int = 0
    unreadable: int = 0  # rows in quarantine with an amount that cannot be read
    money: Counter[str] = field(default_factory=Counter)
    damages: Counter[str] = field(default_factory=Counter)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that end anywhere in a file of some hundred bytes."""
    monkeypatch.setattr(reader, "BLOCK_BYTES", 200)
    monkeypatch.setattr(reader, "_MAX_RECORDS", 2)
    for module in (reader, header):
        monkeypatch.setattr(module, "HEAD_BYTES", 300)  # longer than any header


def campaign(folder: Path, files: int, seed: int) -> Outcome:
    """Write, damage and read files; assert for each that nothing is lost, changed or made up."""
    chance, outcome = random.Random(seed), Outcome()
    for number in range(files):
        contract = chance.choice(list(contracts().values()))
        ids = [f"{chance.getrandbits(128):032x}" for _ in range(chance.randint(1, 12))]
        first_line, body = written(contract, ids, chance)
        kinds = chance.sample(list(DAMAGES), chance.choice([1, 1, 2, 3]))
        for kind in kinds:
            body = DAMAGES[kind](body, chance)
        outcome.damages.update(kinds)
        path = folder / f"{seed}-{number}.csv"
        path.write_bytes(first_line + body)
        _check(path, contract, body, outcome)
        path.unlink()  # a file that fails is kept
    return outcome


def _check(path: Path, contract: Contract, body: bytes, outcome: Outcome) -> None:
    outcome.files += 1
    try:
        blocks = list(CsvFile(path, contract, str(path)).blocks())
    except SourceError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert str(path) in refusal
        outcome.refused += 1
        return
    typed = [typed_block(block, contract) for block in blocks]
    loaded = [row for block in typed for row in block.rows.rows()]
    empty = pl.DataFrame(schema=QUARANTINE)
    quarantine = pl.concat([empty, *(block.quarantine for block in typed)])
    assert sum(block.records for block in blocks) == len(loaded) + quarantine.height
    outcome.records += sum(block.records for block in blocks)
    outcome.loaded += len(loaded)
    outcome.quarantined += quarantine.height

    # nothing is made up or changed: each row is a record of the file by the grammar, its texts
    # in their form
    by_letter = _rows_by_letter(body, contract)
    assert not Counter(loaded) - Counter(by_letter)

    # nothing is lost: an id that stands in the file is in a loaded row or in quarantine
    texts = [str(value) for row in loaded for value in row]
    texts += quarantine["row"].to_list()
    kept = Counter(id_ for text in texts for id_ in re.findall(r"[0-9a-f]{32}", text))
    there = Counter(id_.decode() for id_ in _ID.findall(body))
    assert not there - kept

    # every quarantined row names its line, which holds what the row shows
    lines = re.split(r"\r\n|\r|\n", (",".join(contract.header) + "\n" + body.decode()))
    for line, reason, row in quarantine.select("line", "reason", "row").iter_rows():
        assert reason
        assert row.startswith("{") or row.splitlines()[0] == lines[line - 1]

    # money: all amounts that the grammar finds are loaded, in quarantine, or said to be unreadable
    unreadable = sum(block.amounts_unreadable for block in typed)
    outcome.unreadable += unreadable
    for column in (c for c in contract.source_columns if c.kind == "DECIMAL"):
        read = sum(block.money_read[column.name] for block in typed)
        aside = sum(block.money_quarantined[column.name] for block in typed)
        position = contract.header.index(column.name)
        there = sum(row[position] for row in by_letter if isinstance(row[position], Decimal))
        sums = sum(row[position] for row in loaded)
        assert read == sums + aside
        assert read == there if not unreadable else read <= there
        outcome.money.update({"read": read, "loaded": sums, "quarantined": aside})


def _rows_by_letter(body: bytes, contract: Contract) -> list[tuple[object, ...]]:
    """The rows that have a value for each column, read letter by letter, converted by Python."""
    found = []
    for record, malformed in read_by_letter(body)[0]:
        fields = [] if malformed else _fields(re.sub(r"\r?\n$|\r$", "", record.decode()))
        if len(fields) == len(contract.source_columns):
            values = [
                _converted(c, f) for c, f in zip(contract.source_columns, fields, strict=True)
            ]
            found.append(tuple(values))
    return found


def _fields(record: str) -> list[str]:
    """The fields of a well-formed record."""
    quoted_or_plain = re.findall(r'(?:^|(?<=,))(?:"((?:[^"]|"")*)"|([^",]*))(?=,|$)', record)
    return [quoted.replace('""', '"') or plain for quoted, plain in quoted_or_plain]


def _normalised(text: str) -> str:
    """The form of a text, letter by letter."""
    letters = (
        " " if letter in "\t\v\f" or unicodedata.category(letter) == "Zs" else letter
        for letter in text
        if letter not in "\u200b\u200c\u2060\ufeff\u00ad"
    )
    return unicodedata.normalize("NFC", "".join(letters)).strip()


def _converted(column: Column, text: str) -> object:
    """The value of a text; the text itself if it does not have the form of its type."""
    if column.kind == "VARCHAR":
        text = _normalised(text)
    if not text:
        return None
    if not column.accepts(text):
        return text
    try:
        return {
            "DECIMAL": Decimal,
            "DOUBLE": float,
            "SMALLINT": int,
            "INT": int,
            "TIMESTAMP": datetime.fromisoformat,
        }.get(column.kind, str)(text)
    except ValueError:
        return text


def test_each_record_of_a_damaged_file_is_loaded_quarantined_or_refused(tmp_path: Path) -> None:
    outcome = campaign(tmp_path, files=300, seed=1)
    assert outcome.records == outcome.loaded + outcome.quarantined
    assert min(outcome.refused, outcome.loaded, outcome.quarantined) > 0


@pytest.mark.full
def test_thousands_of_damaged_files_lose_nothing(tmp_path: Path) -> None:
    outcome = campaign(tmp_path, files=6000, seed=2)
    print(outcome)  # the figures of the campaign: pytest -s
    assert outcome.records == outcome.loaded + outcome.quarantined
    assert outcome.money["read"] == outcome.money["loaded"] + outcome.money["quarantined"]
    assert set(outcome.damages) == set(DAMAGES)
