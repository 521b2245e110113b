"""`run`, `extract` and `profile` report invalid rows and files of the source."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.cli.exit_codes import ExitCode
from infra.contracts import contracts
from infra.local.services import running
from infra.settings import Settings
from tests.flows.cli.conftest import Ended, in_a_process
from tests.load import write_source

ORDERS = 120


def _file(source: Path, table: str) -> Path:
    return source / contracts()[table].source_file


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 orders; one has a second payment, of R$ 500.00, with `x` instalments."""
    ids = [f"o{n}" for n in range(ORDERS)]
    payments = [{"order_id": id_} for id_ in ids]
    payments.append(
        {
            "order_id": "o0",
            "payment_sequential": 2,
            "payment_value": "500.00",
            "payment_installments": "x",
        }
    )
    return write_source(
        tmp_path_factory.mktemp("source") / "2018-10-18",
        {
            "customers": [{"customer_id": id_, "customer_unique_id": id_} for id_ in ids],
            "sellers": [{"seller_id": "seller"}],
            "products": [{"product_id": "product"}],
            "orders": [{"order_id": id_, "customer_id": id_} for id_ in ids],
            "order_items": [{"order_id": id_} for id_ in ids],
            "order_payments": payments,
            "order_reviews": [{"order_id": id_, "review_id": id_} for id_ in ids],
        },
    )


@pytest.mark.slow
def test_money_in_quarantine_is_named_everywhere_and_never_called_exact(
    source: Path, tmp_path: Path, olist: Callable[..., Ended]
) -> None:
    home = tmp_path / "home"
    done = in_a_process(home, "run", "--source", str(source), COLUMNS="200")
    assert done.returncode == 0, done.stderr + done.stdout
    money = (
        "R$ order_payments: files 1,820.00, published 1,320.00, in quarantine 500.00; "
        "rows: files 603, published 602, in quarantine 1."
    )
    told = {
        "terminal": " ".join(done.stdout.split()),
        "mail": "\n".join(
            json.loads(path.read_text())["body"] for path in (home / "inbox").glob("*.json")
        ),
        "report": (home / "reports" / "2018-10-18" / "index.html").read_text(),
    }
    for where, text in told.items():
        assert money in text, where
        assert "to the cent" not in text, where
    assert "in_quarantine=line 122: payment_installments is 'x': not a whole" in told["mail"]
    assert "table_name=customers" not in told["mail"]
    with running(Settings(home=home)):
        sql = (
            "SELECT measure, source_total, quarantined_total, published_total, unreadable_rows "
            "FROM audit.reconciliation WHERE quarantined_total <> 0 ORDER BY measure"
        )
        found = olist(home, "query", sql, "--format", "csv").stdout
    assert [list(row.values()) for row in csv.DictReader(io.StringIO(found))] == [
        ["R$ order_payments: files = staging + quarantine", "1820.00", "500.00", "1320.00", "0"],
        ["rows: files = staging + quarantine", "603.00", "1.00", "602.00", "0"],
    ]


@pytest.mark.full
def test_faults_of_all_kinds_are_quarantined_and_all_other_rows_are_published(
    source: Path, tmp_path: Path, olist: Callable[..., Ended]
) -> None:
    faulty = tmp_path / "2018-10-19"
    faulty.mkdir()
    for path in source.iterdir():
        (faulty / path.name).write_bytes(path.read_bytes())
    sellers = _file(faulty, "sellers")
    sellers.write_bytes(sellers.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r"))
    items = _file(faulty, "order_items").read_text().splitlines()
    second = items[1].split(",")
    second[1], second[5] = "2", "\uff15\uff10.00"  # item 2, with full-width digits in its price
    _file(faulty, "order_items").write_text("\n".join([*items, ",".join(second), ""]))
    reviews = _file(faulty, "order_reviews").read_text().splitlines()
    comment = {
        5: '"not closed',  # takes in the lines up to the next quote, that of line 9
        8: '"closed"',
        20: 'tv 42" ok',
        30: "a\0b",
        40: "x" * 131_073,
    }
    for at, text in comment.items():
        fields = reviews[at].split(",")
        reviews[at] = ",".join([*fields[:4], text, *fields[5:]])
    reviews[50] = reviews[50].replace("00:00:00", "00:00:60")
    _file(faulty, "order_reviews").write_text("\n".join([*reviews, ""]))

    home = tmp_path / "home"
    done = in_a_process(home, "run", "--source", str(faulty), OLIST_QUARANTINE_LIMIT="0.2")
    assert done.returncode == 0, done.stderr + done.stdout
    with running(Settings(home=home)):
        sql = (
            "SELECT table_name, rows_read, rows_loaded, rows_quarantined FROM audit.loads "
            "WHERE rows_quarantined > 0 ORDER BY table_name"
        )
        found = olist(home, "query", sql, "--format", "csv").stdout.splitlines()
        sql = "SELECT COUNT(*) AS reviews FROM analytics.fact_review"
        published = olist(home, "query", sql, "--format", "csv").stdout.splitlines()
    # four lines of the open quote, and one each: stray quote, NUL, huge field, second 60
    assert found[1:] == [
        f"order_items,{ORDERS + 1},{ORDERS},1",
        f"order_payments,{ORDERS + 1},{ORDERS},1",
        f"order_reviews,{ORDERS},{ORDERS - 8},8",
    ]
    assert published[1] == f"{ORDERS - 8}"


def _with_stray_quote(source: Path, folder: Path) -> Path:
    folder.mkdir()
    for path in source.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    reviews = _file(folder, "order_reviews")
    lines = reviews.read_text().splitlines()
    fields = lines[3].split(",")
    fields[4] = 'tv 42" ok'
    lines[3] = ",".join(fields)
    reviews.write_text("\n".join(lines) + "\n")
    return folder


def test_extract_names_the_line_that_it_cannot_copy(
    source: Path, tmp_path: Path, olist: Callable[..., Ended]
) -> None:
    dump = _with_stray_quote(source, tmp_path / "dump")
    done = olist(tmp_path / "home", "extract", str(dump), str(tmp_path / "out"))
    assert done.returncode == ExitCode.SOURCE
    assert f"{_file(dump, 'order_reviews')}, line 4: malformed CSV" in done.stderr
    _file(dump, "order_reviews").write_bytes(b"\xe3,\n")
    done = olist(tmp_path / "home", "extract", str(dump), str(tmp_path / "out"))
    assert f"{_file(dump, 'order_reviews')}, line 1: the header is not UTF-8" in done.stderr


def test_a_path_is_printed_as_it_is(
    source: Path, tmp_path: Path, olist: Callable[..., Ended]
) -> None:
    out = tmp_path / "[red]x[bold] :100: out"  # rich would read it as markup, and as an emoji
    done = olist(tmp_path / "home", "extract", str(source), str(out), "--every", "1y")
    assert str(out) in done.stdout.replace("\n", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--every", "7days"), "'7days' is not a period, such as 1d, 7d, 1mo or 1y"),
        (("--every", "0d"), "'0d' is not a period"),
        (("--every", "-7d"), "'-7d' is not a period"),
        (("--from", "2018/01/01"), "'2018/01/01' is not a date"),
        (("--to", "2017-W44-5"), "'2017-W44-5' is not a date"),
    ],
)
def test_extract_refuses_periods_and_dates_that_are_none(
    source: Path, tmp_path: Path, olist: Callable[..., Ended], options: tuple[str], message: str
) -> None:
    done = olist(tmp_path / "home", "extract", str(source), str(tmp_path / "out"), *options)
    assert done.returncode != 0
    assert message in " ".join(done.stderr.replace("│", " ").split())


def test_profile_shows_the_rows_that_a_run_would_quarantine(
    source: Path, tmp_path: Path, olist: Callable[..., Ended]
) -> None:
    dump = _with_stray_quote(source, tmp_path / "dump")
    done = olist(tmp_path / "home", "profile", "--source", str(dump), "--no-open")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "home" / "reports" / "profile" / "index.html").read_text()
    assert "Rows that would go to quarantine" in page
    assert "payment_installments: 1<br>" in page
    assert "line 4: malformed CSV" in page


def test_a_wrong_file_is_refused_before_any_service_starts(
    source: Path, tmp_path: Path, olist: Callable[..., Ended]
) -> None:
    folder = _with_stray_quote(source, tmp_path / "dump")
    sellers = _file(folder, "sellers")
    sellers.write_bytes(b"," + sellers.read_bytes().replace(b"\n", b"\n0,", 1))
    done = olist(tmp_path / "home", "run", "--source", str(folder), "--batch-date", "2018-10-18")
    assert done.returncode == ExitCode.SOURCE
    assert f"{sellers}: the first column has no name. Is it an index" in done.stderr
    assert not (tmp_path / "home").exists()
