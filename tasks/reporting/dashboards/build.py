"""Build the dashboards, the model page and the overview from the published tables."""

from pathlib import Path

from prefect import get_run_logger, task
from prefect.artifacts import create_link_artifact

from infra.lake import Lake
from infra.settings import Settings
from tasks.reporting.addresses import address_of
from tasks.reporting.model_page import write_model_page
from tasks.reporting.overview import write_overview
from tasks.retries import STEP


def build_dashboards(settings: Settings) -> list[Path]:
    """Write dashboards, model page and overview, on this machine and in the lake.

    Returns:
        Paths of the pages on this machine, the overview last.

    Raises:
        ClientError: S3 refused a request. Other errors of boto3 pass through as well.
        WarehouseError: A query failed.
    """
    from tasks.reporting.dashboards.render import build  # noqa: PLC0415 (Altair is slow to import)

    reports, lake = settings.state / "reports", Lake(settings)
    pages, overview = build(settings)
    write_model_page(reports / "model.html")
    pages.append(reports / "model.html")
    for path in pages:
        lake.put_text(
            f"reports/{path.relative_to(reports)}", path.read_text(encoding="utf-8"), "text/html"
        )
    return [*pages, write_overview(settings, overview)]


@task(name="dashboards", task_run_name="dashboards {label}", **STEP)
def dashboards(label: str) -> Path:
    """Build the dashboards, the model page, and the overview that links to all pages."""
    settings = Settings()
    *_, overview = build_dashboards(settings)
    address = address_of(settings, overview)
    if address:
        create_link_artifact(
            key="overview",
            link=address,
            link_text="Overview and dashboards",
            description=str(overview),
        )
    get_run_logger().info("%s: overview and dashboards: %s", label, address or overview)
    return overview
