"""The profile of raw data is exact to the cent and contains no personal data."""

from pathlib import Path

import pytest

from infra.settings import Settings
from infra.source_storage import SourceError
from tasks.profiling.business import business
from tasks.profiling.findings import inconsistencies
from tasks.profiling.profile import read, relation_of, typed, write_profile
from tests.load import write_source


def test_the_profile_of_the_real_sample_is_exact_and_omits_personal_data(
    sample: Path, tmp_path: Path
) -> None:
    page = write_profile(Settings(home=tmp_path), sample).read_text()
    assert "461,323.94" in page
    assert "27,961 rows in 9 tables" in page
    assert "<script" not in page
    # ranges of sensitive columns are left out, all others are included
    assert "order_purchase_timestamp" in page
    zip_codes = page.split("<td>customer_zip_code_prefix</td>")[1].split("</tr>")[0]
    assert zip_codes.count('<td class="n"></td>') == 3


def test_the_profile_of_the_full_real_set_has_the_known_figures(full: Path, tmp_path: Path) -> None:
    tables = typed(read(full, tmp_path))
    figures = {what: figure for figure, what in ((f, w) for w, f in business(tables).figures)}
    assert figures["orders"] == "99,441"
    assert figures["persons"] == "96,096"
    assert figures["R$ of all items and their freight"] == "15,843,553.24"
    assert figures["R$ of cancelled and unavailable orders"] == "108,026.21"
    found = {finding.what: (finding.count, finding.of) for finding in inconsistencies(tables)}
    assert found["an order has no items"] == (775, 99_441)
    assert found["a point is outside Brazil"][1] == 1_000_163
    assert found["an order was delivered before it was placed"] == (0, 99_441)
    relation = relation_of(tables, "order_payments", "order_id", "orders")
    assert (relation.orphans, relation.childless) == (0, 1)


def test_files_without_rows_have_a_profile_too(tmp_path: Path) -> None:
    source = write_source(tmp_path / "empty", {})
    page = write_profile(Settings(home=tmp_path), source).read_text()
    assert "0 rows in 9 tables" in page


def test_one_order_has_a_profile(tmp_path: Path) -> None:
    source = write_source(
        tmp_path / "one",
        {
            "customers": [{"customer_id": "c", "customer_unique_id": "p"}],
            "orders": [{"order_id": "o", "customer_id": "c"}],
            "order_items": [{"order_id": "o"}],
        },
    )
    page = write_profile(Settings(home=tmp_path), source).read_text()
    assert "11.00" in page


def test_an_empty_source_folder_raises_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist, or is empty"):
        write_profile(Settings(home=tmp_path), tmp_path)
