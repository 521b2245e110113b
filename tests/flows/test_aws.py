"""The same flows against emulated AWS: IAM login over verified TLS, KMS, the copy role, SNS.

I8: local and AWS runs use the same code path; only the environment differs.
"""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from prefect_aws.credentials import AwsCredentials
from pydantic import SecretStr

from flows.backfill import backfill_flow
from flows.daily_elt import daily_elt_flow
from flows.results import RunReceipt
from infra.aws import client
from infra.lake import Lake
from infra.local.generate import generate
from infra.preflight import AccessError, steps
from infra.settings import Settings
from infra.warehouse import WarehouseError, connection_parameters, transaction
from tasks.reporting.export.manifest import LATEST
from tests.aws import PASSWORD, REGION, USER, aws_account
from tests.history import require_invariants
from tests.infra.terraform.values import VALUES

DAY = date(2018, 10, 18)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with aws_account(tmp_path_factory.mktemp("aws")) as settings:
        yield settings


def _refused(settings: Settings, step: str) -> str:
    """The error message of an `olist check` step that must fail."""
    (found,) = [s for s in steps(settings) if s.name == step]
    with pytest.raises(AccessError) as refused:
        found.taken(settings)
    return str(refused.value)


def test_every_step_of_the_check_is_passed(account: Settings) -> None:
    told = {step.name: step.taken(account) for step in steps(account)}
    assert told["who we are"].startswith("arn:aws:")
    assert told["warehouse: log in"].startswith("IAM:ana at ")
    assert told["warehouse: olist query"].startswith("IAMR:olist-dev-inspector, ")
    assert list(Lake(account).keys("checks/")) == [], "it leaves nothing behind"


def test_the_iam_connection_has_no_password(account: Settings) -> None:
    parameters = connection_parameters(account)
    assert parameters["iam"]
    assert parameters["sslmode"] == "verify-full"
    assert "password" not in parameters
    assert account.redshift_password is None


@pytest.fixture(scope="module")
def published(
    account: Settings, prefect_api: None, tmp_path_factory: pytest.TempPathFactory
) -> RunReceipt:
    """The result of a run that published a batch."""
    dump = tmp_path_factory.mktemp("source") / "dump"
    generate(dump, 40, seed=5)
    receipt = daily_elt_flow(DAY, str(dump))
    assert receipt is not None
    return receipt


@pytest.mark.slow
def test_a_batch_is_published_on_aws(account: Settings, published: RunReceipt) -> None:
    receipt = published
    assert receipt.published.batch_dates == [DAY]
    require_invariants(account)
    # after the publish: exports in the lake, and pages on disk and in the lake
    exported = Lake(account).get_json("exports/latest/manifest.json")
    assert exported["run_id"] == receipt.run_id
    assert exported["tables"]["fact_order"]["rows"] == 40
    for page in ("index.html", "model.html", "dashboards/regional-sales.html"):
        assert (account.state / "reports" / page).is_file(), page
        assert f"reports/{page}" in Lake(account).keys("reports/")
    # every object that the pipeline wrote is encrypted with the key
    s3 = client(account, "s3")
    keys = list(Lake(account).keys("raw/")) + list(Lake(account).keys("published/"))
    assert len(keys) > 18
    for key in keys:
        head = s3.head_object(Bucket=account.bucket, Key=key)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", account.kms_key)


@pytest.mark.usefixtures("published")
@pytest.mark.slow
def test_a_publish_is_counted_for_the_alarm_of_missing_data(account: Settings) -> None:
    now = datetime.now(UTC)
    found = client(account, "cloudwatch").get_metric_statistics(
        Namespace="olist-dev",
        MetricName="Published",
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=3600,
        Statistics=["Sum"],
    )
    assert sum(point["Sum"] for point in found["Datapoints"]) == 1


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    "sql",
    [
        "UNLOAD ('SELECT 1 AS n') TO 's3://olist-dev-lake/raw/' IAM_ROLE "
        "'arn:aws:iam::111122223333:role/olist-dev-copy' FORMAT AS PARQUET CLEANPATH",
        "DELETE FROM analytics.fact_order",
    ],
)
@pytest.mark.slow
def test_a_query_on_aws_runs_as_a_role_that_may_only_read(account: Settings, sql: str) -> None:
    before = sorted(Lake(account).keys(""))
    with transaction(account, read_only=True, inspector=True) as work:
        assert work.value("SELECT COUNT(*) AS n FROM staging.orders") == 40
        with pytest.raises(WarehouseError, match="permission denied"):
            work.run(sql)
    assert sorted(Lake(account).keys("")) == before


def test_a_query_on_aws_needs_the_role(account: Settings) -> None:
    without = account.model_copy(update={"inspector_role": None})
    with (
        pytest.raises(WarehouseError, match=r"OLIST_INSPECTOR_ROLE: `terraform apply`"),
        transaction(without, inspector=True),
    ):
        pass


def test_another_role_cannot_be_assumed(account: Settings) -> None:
    other = account.model_copy(update={"inspector_role": "arn:aws:iam::111122223333:role/admin"})
    with pytest.raises(ClientError, match="AccessDenied"), transaction(other, inspector=True):
        pass


@pytest.mark.usefixtures("published")
@pytest.mark.slow
def test_a_missing_export_is_written_by_the_next_run(account: Settings, tmp_path: Path) -> None:
    """If a run published but did not export, the next run without new batches exports."""
    lake = Lake(account)
    generate(tmp_path / "days" / str(DAY), 40, seed=5)  # the batch that is already published
    before = lake.require_json(LATEST)
    lake.delete(LATEST)
    lake.delete("reports/overview.json")
    done = backfill_flow(str(tmp_path / "days"))
    assert (done.published, done.skipped) == ([], [DAY])
    after = lake.require_json(LATEST)
    assert (after["run_id"], after["batch_date"]) == (before["run_id"], before["batch_date"])
    assert lake.require_json("reports/overview.json")["run_id"] == before["run_id"]


@pytest.mark.slow
@pytest.mark.usefixtures("published")
def test_a_run_writes_only_to_prefixes_allowed_by_its_role(account: Settings) -> None:
    """Every prefix that the code writes must be listed in infra/terraform/modules/access."""
    written = {key.partition("/")[0] for key in Lake(account).keys("")}
    assert {"raw", "published", "reports", "exports"} <= written
    assert written <= set(VALUES["local.prefixes"])


def test_a_login_can_be_read_from_secrets_manager(account: Settings) -> None:
    secrets = client(account, "secretsmanager")
    arn = secrets.create_secret(
        Name="olist/login", SecretString='{"username": "ana", "password": "pw"}'
    )["ARN"]
    with transaction(account.model_copy(update={"redshift_secret": arn}), read_only=True) as work:
        assert work.value("SELECT current_user AS name") == "ana"


@pytest.mark.usefixtures("prefect_api")
def test_aws_credentials_are_read_from_a_prefect_block(
    account: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    AwsCredentials(
        aws_access_key_id=USER, aws_secret_access_key=SecretStr(PASSWORD), region_name=REGION
    ).save("olist", overwrite=True)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    by_block = account.model_copy(update={"aws_credentials": "olist"})
    told = {step.name: step.taken(by_block) for step in steps(by_block)}
    assert told["warehouse: log in"].startswith("IAM:ana at ")


class TestWhatGoesWrongIsSaidWithWhatToDo:
    def test_missing_aws_credentials_are_reported(
        self, account: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        boto3.DEFAULT_SESSION = None
        assert "no AWS credentials were found: sign in" in _refused(account, "who we are")

    def test_credentials_refused_by_redshift_are_reported_with_the_needed_action(
        self, account: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        told = _refused(account, "warehouse: log in")
        assert "may not call GetCredentials" in told
        assert "It needs redshift-serverless:GetCredentials" in told

    def test_a_missing_bucket_is_reported_with_the_needed_permission(
        self, account: Settings
    ) -> None:
        other = account.model_copy(update={"bucket": "olist-other"})
        assert "s3:ListBucket on the bucket" in _refused(other, "lake: find the bucket")

    def test_a_bucket_in_another_region_is_reported_with_both_regions(
        self, account: Settings
    ) -> None:
        client(account, "s3").create_bucket(
            Bucket="olist-far", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        far = account.model_copy(update={"bucket": "olist-far"})
        told = _refused(far, "lake: find the bucket")
        assert "olist-far is in eu-west-1, but OLIST_AWS_REGION is us-east-1" in told

    def test_a_host_name_missing_from_the_certificate_is_refused(self, account: Settings) -> None:
        # another way to write 127.0.0.1, which the certificate does not name
        other = account.model_copy(update={"redshift_host": "127.1"})
        assert "certificate is for another name" in _refused(other, "warehouse: log in")

    def test_an_untrusted_certificate_authority_is_reported(
        self, account: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SSL_CERT_FILE")
        told = _refused(account, "warehouse: log in")
        assert "comes from an authority that is not trusted" in told

    def test_an_unreachable_warehouse_is_reported_with_a_remedy(self, account: Settings) -> None:
        away = account.model_copy(update={"redshift_port": 9})
        told = _refused(away, "warehouse: log in")
        assert "a workgroup that sleeps needs some seconds to resume" in told

    def test_a_missing_secret_is_reported(self, account: Settings) -> None:
        gone = account.model_copy(
            update={"redshift_secret": "arn:aws:secretsmanager:us-east-1:1:secret:gone"}
        )
        assert "does not exist in this account and region" in _refused(gone, "warehouse: log in")

    def test_a_missing_sns_topic_is_reported(self, account: Settings) -> None:
        gone = account.model_copy(update={"notify_topic": account.notify_topic + "-gone"})
        assert "sns:GetTopicAttributes" in _refused(gone, "topic")


def test_incomplete_aws_settings_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OLIST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OLIST_TARGET", "aws")
    with pytest.raises(ValueError, match=r"OLIST_TARGET=aws needs .*OLIST_BUCKET.*terraform"):
        Settings()
