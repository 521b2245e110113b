"""Check, one step at a time, the permissions that a run needs; remove all test objects."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from infra import aws
from infra.error_hints import hint_for
from infra.lake import Lake
from infra.scratch import scratch_folder
from infra.settings import Settings
from infra.source_storage import open_folder
from infra.warehouse import SCHEMAS, encrypted, transaction


class AccessError(RuntimeError):
    """Raised when a resource or permission is missing; the message gives the remedy."""


@dataclass(frozen=True)
class Step:
    """One operation of the pipeline, tried to check its permissions.

    Attributes:
        name: Name of the step in messages.
        needs: The permissions that the operation needs, for messages.
        look: Performs the operation; returns a description of the result.
    """

    name: str
    needs: str
    look: Callable[[Settings], str]

    def taken(self, settings: Settings) -> str:
        """Perform the operation; return a description of the result.

        Raises:
            AccessError: The operation failed.
        """
        try:
            return self.look(settings)
        except Exception as error:
            advice = hint_for(error)
            raise AccessError(
                f"{self.name}: {error}. It needs {self.needs}" + (f". {advice}" if advice else "")
            ) from error


def steps(settings: Settings) -> list[Step]:
    """Return the steps that apply to the settings, in the order of a run."""
    found = [
        Step("lake: find the bucket", "s3:ListBucket on the bucket", _find_bucket),
        Step(
            "lake: write, read and delete",
            "s3:PutObject, s3:GetObject and s3:DeleteObject on checks/*, and the KMS key",
            _use_lake,
        ),
        Step(
            "warehouse: log in",
            "redshift-serverless:GetCredentials on the workgroup, or user and password",
            _log_in,
        ),
        Step("warehouse: make tables", "CREATE on four schemas (sql/access)", _make_tables),
        Step("warehouse: COPY", "the role OLIST_COPY_ROLE, which may read checks/*", _copy),
        Step("warehouse: UNLOAD", "the role OLIST_COPY_ROLE, which may write checks/*", _unload),
        Step(
            "warehouse: olist query",
            "sts:AssumeRole on OLIST_INSPECTOR_ROLE, and the grants of sql/access/inspector.sql",
            _inspect,
        ),
    ]
    if settings.target == "aws":
        found.insert(0, Step("who we are", "credentials of AWS", _who))
    if settings.source:
        found.append(Step("source", "to list and read the folder of the CSV files", _source))
    if settings.notify_topic:
        found.append(Step("topic", "sns:GetTopicAttributes and sns:Publish", _topic))
    return found


def _who(settings: Settings) -> str:
    return aws.client(settings, "sts").get_caller_identity()["Arn"]


def _find_bucket(settings: Settings) -> str:
    client = aws.client(settings, "s3", endpoint_url=settings.s3_endpoint_url)
    found = client.head_bucket(Bucket=settings.bucket)
    headers = found["ResponseMetadata"]["HTTPHeaders"]
    region = headers.get("x-amz-bucket-region", settings.aws_region)
    if region != settings.aws_region:
        raise AccessError(
            f"{settings.bucket} is in {region}, but OLIST_AWS_REGION is {settings.aws_region}; "
            "COPY of Parquet needs the bucket and the warehouse in the same region"
        )
    return f"s3://{settings.bucket} in {region}"


def _use_lake(settings: Settings) -> str:
    lake, key = Lake(settings), f"checks/{uuid4()}.json"
    lake.put_json(key, {"checked": True})
    try:
        lake.require_json(key)
    finally:
        lake.delete(key)
    return f"s3://{settings.bucket}/checks/" + (
        ", encrypted with the key" if settings.kms_key else ""
    )


def _log_in(settings: Settings) -> str:
    with transaction(settings, read_only=True) as work:
        return f"{work.value('SELECT current_user AS name')} at {settings.redshift_host}"


def _inspect(settings: Settings) -> str:
    with transaction(settings, read_only=True, inspector=True) as work:
        return f"{work.value('SELECT current_user AS name')}, who may only read"


def _make_tables(settings: Settings) -> str:
    with transaction(settings, undone=True) as work:
        work.create_schemas()
        for schema in SCHEMAS:
            work.run(f"CREATE TABLE {schema}.access_check (n INTEGER)")
    return ", ".join(SCHEMAS)


def _copy(settings: Settings) -> str:
    lake, folder = Lake(settings), f"checks/{uuid4()}"
    with scratch_folder("check") as scratch:
        path = scratch / "one-row.parquet"
        pq.write_table(pa.table({"n": pa.array([1], pa.int32())}), path)
        size = lake.put_file(f"{folder}/{path.name}", path)
    entry = {
        "url": lake.url(f"{folder}/{path.name}"),
        "mandatory": True,
        "meta": {"content_length": size},
    }
    lake.put_json(f"{folder}/manifest.json", {"entries": [entry]})
    try:
        with transaction(settings, undone=True) as work:
            work.run("CREATE TEMP TABLE access_check (n INTEGER)")
            work.run(
                f"COPY access_check FROM '{lake.url(folder)}/manifest.json' "
                f"IAM_ROLE '{settings.copy_role}' FORMAT AS PARQUET MANIFEST"
            )
    finally:
        _remove(lake, folder)
    return f"with {settings.copy_role}"


def _unload(settings: Settings) -> str:
    lake, folder = Lake(settings), f"checks/{uuid4()}"
    try:
        with transaction(settings) as work:
            work.run(
                f"UNLOAD ('SELECT 1 AS n') TO '{lake.url(folder)}/' "
                f"IAM_ROLE '{settings.copy_role}' FORMAT AS PARQUET{encrypted(settings)}"
            )
    finally:
        _remove(lake, folder)
    return f"with {settings.copy_role}"


def _remove(lake: Lake, folder: str) -> None:
    for key in list(lake.keys(folder + "/")):
        lake.delete(key)


def _source(settings: Settings) -> str:
    assert settings.source  # noqa: S101 (the step exists only with a source)
    folder = open_folder(settings.source, settings)
    return f"{settings.source}: {len(folder.files())} files, {len(folder.folders())} folders"


def _topic(settings: Settings) -> str:
    assert settings.notify_topic  # noqa: S101 (the step exists only with a topic)
    client = aws.client(
        *(settings, "sns"),
        region_name=settings.notify_topic.split(":")[3],
        endpoint_url=settings.sns_endpoint_url,
    )
    client.get_topic_attributes(TopicArn=settings.notify_topic)
    return settings.notify_topic
