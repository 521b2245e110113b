"""Dashboard: the pages that people look at, from what is published."""

from pathlib import Path

from prefect import get_run_logger, task
from prefect.artifacts import create_link_artifact

from infra.lake import Lake
from infra.settings import Settings
from tasks.reporting.model_page import write_model_page
from tasks.reporting.overview import write_overview
from tasks.retries import RETRY


def build_dashboards(settings: Settings) -> list[Path]:
    """Write dashboards, the model and the overview, here and in the lake; the overview comes last.

    Raises WarehouseError, and what the lake raises.
    """
    from tasks.reporting.dashboards.render import build  # noqa: PLC0415 (Altair takes its time)

    reports, lake = settings.state / "reports", Lake(settings)
    pages, overview = build(settings)
    write_model_page(reports / "model.html")
    pages.append(reports / "model.html")
    for path in pages:
        lake.put_text(f"reports/{path.relative_to(reports)}", path.read_text(), "text/html")
    return [*pages, write_overview(settings, overview)]


@task(name="dashboards", task_run_name="dashboards {label}", **RETRY)
def dashboards(label: str) -> Path:
    """Both dashboards, and the overview that leads to all pages."""
    *_, overview = build_dashboards(Settings())
    create_link_artifact(
        key="overview",
        link=overview.as_uri(),
        link_text="Overview and dashboards",
        description=str(overview),
    )
    get_run_logger().info("%s: overview and dashboards: %s", label, overview)
    return overview
