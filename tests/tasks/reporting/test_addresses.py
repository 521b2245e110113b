"""Links lead to where pages are served, and only there."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from infra.settings import Settings
from tasks.reporting.addresses import address_of, shown_address


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({}, None),
        ({"pages_url": "http://127.0.0.1:8025"}, "http://127.0.0.1:8025/2018-10-18/"),
        ({"target": "aws", "pages_url": "https://bi.example/olist/"}, "https://bi.example/olist/2018-10-18/"),
        (
            {"target": "aws", "bucket": "b", "aws_region": "sa-east-1"},
            "https://sa-east-1.console.aws.amazon.com/s3/object/b?prefix=reports/2018-10-18/index.html",
        ),
    ],
)  # fmt: skip
def test_a_page_has_the_address_of_its_server(
    tmp_path: Path, changes: dict[str, str], address: str | None
) -> None:
    settings = Settings(home=tmp_path).model_copy(update=changes)
    page = settings.state / "reports" / "2018-10-18" / "index.html"
    assert address_of(settings, page) == address
    assert shown_address(settings, page) == (address or str(page))


def test_a_presigned_address_names_the_page_in_the_bucket_and_ends(stack: Settings) -> None:
    """The local S3 refuses such addresses, so nothing is fetched here."""
    on_aws = stack.model_copy(update={"target": "aws", "pages_url": "presigned"})
    address = address_of(on_aws, on_aws.state / "reports" / "2018-10-18" / "index.html")
    parts = urlsplit(str(address))
    fields = parse_qs(parts.query)
    assert parts.path.endswith("/reports/2018-10-18/index.html")
    assert fields.keys() & {"X-Amz-Signature", "Signature"}
    assert fields.keys() & {"X-Amz-Expires", "Expires"}
