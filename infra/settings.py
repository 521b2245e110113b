"""Typed settings, read from the environment (prefix `OLIST_`) and from `.env`."""

from datetime import date, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent
SQL = PROJECT / "sql"


class Settings(BaseSettings):
    """Settings of the project. The environment variable `OLIST_<FIELD>` sets a field.

    An empty variable counts as unset.

    Without `s3_endpoint_url` and `redshift_host` the local stack provides both; see
    `infra.local.services`.
    """

    model_config = SettingsConfigDict(
        env_prefix="OLIST_",
        env_file=".env",
        env_ignore_empty=True,  # an empty variable is as good as none
        extra="ignore",
    )

    home: Path = Field(default=Path(".local"), description="Folder of all local state and reports.")
    source: str | None = Field(
        default=None, description="Folder of the CSV files, or one per day; a path or s3://."
    )

    timezone: str = Field(
        default="America/Sao_Paulo", description="Time zone that defines a business day."
    )

    target: Literal["local", "aws"] = Field(
        default="local", description="Where the lake and the warehouse are."
    )
    bucket: str = Field(default="olist-lake", description="S3 bucket of the lake.")
    aws_region: str = Field(
        default="us-east-1", description="Region of the bucket and the warehouse."
    )
    s3_endpoint_url: str | None = Field(default=None, description="URL of an S3 API outside AWS.")

    kms_key: str | None = Field(
        default=None, description="ARN of the KMS key that objects are encrypted with."
    )
    aws_credentials: str | None = Field(
        default=None,
        description="Name of a Prefect block AwsCredentials; default: boto3's default chain.",
    )

    redshift_host: str | None = Field(default=None, description="Host of the warehouse.")
    redshift_port: int = Field(default=5439, description="Port of the warehouse.")
    redshift_database: str = Field(default="olist", description="Database of the warehouse.")
    redshift_user: str = Field(default="olist", description="User that loads and transforms.")
    redshift_password: SecretStr | None = Field(default=None, description="Password of that user.")
    inspector_user: str | None = Field(
        default=None,
        description="User of `olist query`, who may only read; local services have one.",
    )
    inspector_password: SecretStr | None = Field(default=None, description="Password of that user.")
    inspector_role: str | None = Field(
        default=None, description="On AWS, ARN of the IAM role with which `olist query` logs in."
    )
    redshift_workgroup: str | None = Field(
        default=None, description="Workgroup of Redshift Serverless; users log in with IAM."
    )
    redshift_secret: str | None = Field(
        default=None,
        description="ARN of a secret with username and password, for logins without IAM.",
    )
    redshift_ssl: bool = Field(default=True, description="Whether to connect with TLS.")
    redshift_connect_seconds: int = Field(
        default=60, ge=1, description="Seconds to connect and log in; a workgroup may resume first."
    )
    redshift_silent_seconds: int = Field(
        default=120,
        ge=10,
        description="Seconds after which a statement fails if the warehouse answers nobody. A "
        "statement that is only slow goes on, up to OLIST_STEP_HOURS.",
    )
    copy_role: str = Field(
        default="arn:aws:iam::000000000000:role/olist-copy",
        description="IAM role that Redshift uses for COPY and UNLOAD.",
    )

    notify: str = Field(
        default="",
        description="Prefect notification blocks that receive failures, warnings and recoveries, "
        "as comma-separated type/name: slack-webhook/olist,email/olist.",
    )
    notify_topic: str | None = Field(
        default=None, description="ARN of an SNS topic that receives all notifications."
    )
    owners: dict[str, str] = Field(
        default={},
        description="Contacts by owner of an expectation: "
        '{"source": "Ana, ana@example.com", "pipeline": "…", "analytics": "…"}.',
    )
    sns_endpoint_url: str | None = Field(default=None, description="URL of an SNS API outside AWS.")
    exports: bool = Field(
        default=True, description="Whether a run exports published tables as Parquet and CSV."
    )
    exact_csv: bool = Field(
        default=False,
        description="Whether CSV of exports and `olist query` keeps texts that a spreadsheet "
        "program would run as a formula; for programs that read it.",
    )
    dashboards: bool = Field(default=True, description="Whether a run writes the dashboards.")
    quarantine_limit: float = Field(
        default=0.01, ge=0, le=1, description="Maximum share of a file's rows in quarantine."
    )
    sample_rows: int = Field(
        default=5,
        ge=0,
        le=20,
        description="Maximum failing rows in messages and reports; sensitive values are hidden.",
    )
    fresh_hours: float = Field(
        default=26, gt=0, description="Hours without a publish after which published data is stale."
    )
    source_wait_hours: float = Field(
        default=3,
        ge=0,
        description="Hours that a scheduled run looks again for a folder that is not there yet.",
    )
    pages_url: str | None = Field(
        default=None,
        description="Address at which the folder `reports` is served; links lead there. "
        "`olist up` sets it. On AWS: the address of a server of the bucket's prefix `reports/`, or "
        "`presigned` for links that anybody can open for some hours; default: the console of S3.",
    )
    ping_url: SecretStr | None = Field(
        default=None,
        description="URL of an outside monitor: each publish calls it, and each failure calls it "
        "with /fail, as healthchecks.io expects. Or secret/NAME, a Secret block of Prefect.",
    )
    metric_namespace: str | None = Field(
        default=None,
        description="CloudWatch namespace of the metric `Published`; Terraform's alarm watches it.",
    )
    step_hours: float = Field(
        default=6,
        gt=0,
        description="Hours after which a step of a run, or one statement, is ended and fails.",
    )
    lock_wait_seconds: int = Field(
        default=600, ge=0, description="Seconds that a run waits for the lock of another writer."
    )
    lock_stale_seconds: int = Field(
        default=120, ge=30, description="Seconds without a heartbeat until a lock is stale."
    )
    max_file_gb: float = Field(
        default=100, gt=0, description="Maximum text of a source file in GB, decompressed."
    )
    max_gzip_ratio: int = Field(
        default=200,
        ge=1,
        description="Maximum bytes of text for each byte of a gzip source file.",
    )
    upload_workers: int = Field(
        default=4, ge=1, description="Number of tables uploaded or loaded concurrently."
    )

    @model_validator(mode="after")
    def _complete(self) -> "Settings":
        """On AWS, require the settings that Terraform prints; local defaults do not apply."""
        if self.target == "aws":
            wanted = {"bucket", "aws_region", "copy_role", "redshift_host", "redshift_workgroup"}
            missing = sorted(f"OLIST_{name.upper()}" for name in wanted - self.model_fields_set)
            if missing:
                raise ValueError(
                    f"OLIST_TARGET=aws needs {', '.join(missing)}: run "
                    "`terraform -chdir=infra/terraform output -raw dotenv > .env` (docs/aws.md)"
                )
            if not self.redshift_ssl:
                raise ValueError("OLIST_REDSHIFT_SSL=false: the warehouse on AWS requires TLS")
        return self

    @property
    def today(self) -> date:
        """The current day in `timezone`."""
        return datetime.now(ZoneInfo(self.timezone)).date()

    @property
    def notify_blocks(self) -> list[str]:
        """The Prefect blocks that `notify` names."""
        return [name.strip() for name in self.notify.split(",") if name.strip()]

    @property
    def state(self) -> Path:
        """`home` as an absolute path, which does not depend on the working directory."""
        return self.home.expanduser().resolve()
