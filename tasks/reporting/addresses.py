"""Addresses of pages: links in the Prefect UI, in messages and in the terminal lead there."""

from pathlib import Path

from infra.lake import Lake
from infra.settings import Settings

PRESIGNED = "presigned"  # value of OLIST_PAGES_URL
_PRESIGNED_SECONDS = 12 * 3600  # links of a role's credentials end with them, often earlier
_CONSOLE = "https://{region}.console.aws.amazon.com/s3/object/{bucket}?prefix={key}"


def address_of(settings: Settings, page: Path) -> str | None:
    """Return the web address of a page.

    Args:
        settings: `pages_url` names where pages are served: the stack sets it; on AWS it may be
            `presigned`. Without it, pages on AWS are shown by the console of S3.
        page: A file below the folder `reports` of the state folder.

    Returns:
        An http or https address; None if the page is only a file on this machine.
    """
    path = page.relative_to(settings.state / "reports").as_posix()
    key = f"reports/{path}"
    if settings.target == "aws" and settings.pages_url == PRESIGNED:
        return Lake(settings).presigned(key, _PRESIGNED_SECONDS)
    if settings.pages_url:
        return f"{settings.pages_url.rstrip('/')}/{path.removesuffix('index.html')}"
    if settings.target == "aws":
        return _CONSOLE.format(region=settings.aws_region, bucket=settings.bucket, key=key)
    return None


def shown_address(settings: Settings, page: Path) -> str:
    """Return the web address of a page or, if there is none, its path on this machine."""
    return address_of(settings, page) or str(page)
