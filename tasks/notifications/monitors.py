"""Tell those who watch from outside: a Prefect event, a metric and a ping after each publish.

They notice what no run can report: that nothing was published at all. A monitor that does not
answer is logged; it never fails the run.
"""

import logging
import time
import urllib.request
from typing import cast

from prefect.blocks.system import Secret
from prefect.events import emit_event

from infra import aws
from infra.settings import Settings
from tasks.log_errors import log_errors
from tasks.receipts import RunReport

EVENT = "olist.published"
Logger = logging.Logger | logging.LoggerAdapter[logging.Logger]
_TRIES, _PAUSE = 3, 2.0  # attempts; seconds before the next one, doubled each time
_TIMEOUT = 10  # seconds


def tell_publish(settings: Settings, facts: RunReport, logger: Logger) -> None:
    """Emit the event `olist.published` with its figures, count it in CloudWatch, ping the monitor.

    Call it after the reconciliation, inside a flow run.

    Args:
        settings: `ping_url` names the monitor, `metric_namespace` the metric.
        facts: What the run has read and published.
        logger: Logs a monitor that does not answer.
    """
    emit_event(
        EVENT,
        resource={
            "prefect.resource.id": f"olist.warehouse.{settings.target}",
            "prefect.resource.name": settings.redshift_database,
        },
        payload={
            "run": facts.label,
            "run_id": facts.run_id,
            "batch_dates": [str(day) for day in facts.published_dates],
            "rows_read": sum(receipt.rows_read for receipt in facts.uploads),
            "rows_quarantined": sum(receipt.rows_quarantined for receipt in facts.uploads),
            "rows_published": facts.published,
            "warnings": len(facts.warnings),
        },
    )
    if settings.metric_namespace:
        with log_errors("the metric Published cannot be written"):
            count_publish(settings, settings.metric_namespace)
    ping(settings, "", f"{facts.label} is published and reconciled", logger)


def count_publish(settings: Settings, namespace: str) -> None:
    """Add 1 to the metric `Published`, whose absence is an alarm (infra/terraform/modules/alerts).

    Raises:
        ClientError: CloudWatch refused it. Other errors of boto3 pass through as well.
    """
    metric = {"MetricName": "Published", "Value": 1.0, "Unit": "Count"}
    aws.client(settings, "cloudwatch").put_metric_data(Namespace=namespace, MetricData=[metric])


def ping(settings: Settings, path: str, text: str, logger: Logger) -> None:
    """Call the monitor of OLIST_PING_URL; log it if it does not answer.

    Args:
        settings: `ping_url` names the monitor; without it, nothing happens.
        path: Empty after a publish; `/fail` after a failure (https://healthchecks.io/docs/http_api/).
        text: Sent as the body.
        logger: Logs a monitor that does not answer; the URL is a secret and stays out of the log.
    """
    if settings.ping_url is None:
        return
    url = _address(settings.ping_url.get_secret_value(), logger).rstrip("/") + path
    if not url.startswith(("https://", "http://")):
        logger.error("OLIST_PING_URL is not an http or https address; no monitor was called")
        return
    for left in reversed(range(_TRIES)):
        try:
            request = urllib.request.Request(url, text.encode(), method="POST")  # noqa: S310
            with urllib.request.urlopen(request, timeout=_TIMEOUT):  # noqa: S310 (http or https)
                return
        except (OSError, ValueError) as error:
            if not left:
                reason = getattr(error, "reason", None) or type(error).__name__
                logger.error("the monitor of OLIST_PING_URL did not answer: %s", reason)  # noqa: TRY400
                return
            time.sleep(_PAUSE * 2 ** (_TRIES - 1 - left))


def _address(url: str, logger: Logger) -> str:
    """The URL itself, or that of a Secret block; '' if the block cannot be read."""
    kind, _, name = url.partition("/")
    if kind != "secret":
        return url
    try:
        return str(cast("Secret[str]", Secret.load(name)).get())
    except ValueError as error:  # there is no such block
        logger.error("OLIST_PING_URL: %s", error)  # noqa: TRY400
        return ""
