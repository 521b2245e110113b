"""Allowed and denied actions of the IAM policies, evaluated by the rules of IAM."""

import re
from typing import Any

import pytest

from tests.infra.terraform.configuration import MODULES, blocks, policy, text_of
from tests.infra.terraform.iam import allows
from tests.infra.terraform.values import INSPECTOR, KEY, LAKE, TOPIC, VALUES, WORKGROUP


@pytest.fixture(scope="module")
def pipeline() -> list[dict[str, Any]]:
    return policy("access", "pipeline", VALUES)


@pytest.fixture(scope="module")
def copy() -> list[dict[str, Any]]:
    return policy("access", "copy", VALUES)


@pytest.mark.parametrize("prefix", VALUES["local.prefixes"])
def test_the_pipeline_reads_and_writes_its_prefixes(pipeline, prefix: str) -> None:
    for action in ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"):
        assert allows(pipeline, action, f"{LAKE}/{prefix}/orders/x.parquet")


def test_the_tested_prefixes_match_the_policy() -> None:
    # tests/flows/test_aws.py compares them with the prefixes that a run writes
    lists = re.search(r"prefixes\s+= \[(.*?)\]", text_of("access"))
    assert set(re.findall(r"\w+", lists[1])) == set(VALUES["local.prefixes"])


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:DeleteObject", f"{LAKE}/raw/orders/x.parquet"),  # the only copy of the delivered data
        ("s3:DeleteObject", f"{LAKE}/quarantine/orders/rows.csv"),
        ("s3:DeleteObjectVersion", f"{LAKE}/published/batch_date=2018-01-01.json"),
        ("s3:GetObject", f"{LAKE}/elsewhere/x"),
        ("s3:PutBucketPolicy", LAKE),
        ("s3:DeleteBucket", LAKE),
        ("s3:PutLifecycleConfiguration", LAKE),
        ("s3:ListBucket", "arn:aws:s3:::another"),
        ("s3:GetObject", "arn:aws:s3:::company-drops/payroll/x.csv"),
        ("s3:PutObject", "arn:aws:s3:::company-drops/drops/olist/x.csv"),
        ("kms:ScheduleKeyDeletion", KEY),
        ("kms:Decrypt", KEY.replace("key/k", "key/other")),
        ("sns:Publish", TOPIC.replace("alerts", "other")),
        ("redshift-serverless:DeleteWorkgroup", WORKGROUP),
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:sa-east-1:111122223333:secret:s"),
        ("iam:PassRole", "arn:aws:iam::111122223333:role/olist-dev-copy"),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/admin"),
    ],
)
def test_the_pipeline_role_denies_other_actions(pipeline, action: str, resource: str) -> None:
    context = {"s3_prefix": "payroll/"}
    assert not allows(pipeline, action, resource, **context)


def test_the_pipeline_role_allows_the_needed_actions(pipeline) -> None:
    assert allows(pipeline, "s3:ListBucket", LAKE)
    assert allows(pipeline, "s3:DeleteObject", f"{LAKE}/published/batch_date=2018-01-01.json")
    assert allows(pipeline, "kms:GenerateDataKey", KEY)
    assert allows(pipeline, "sns:Publish", TOPIC)
    assert allows(pipeline, "s3:GetObject", "arn:aws:s3:::company-drops/drops/olist/2018-01-01/x")
    assert allows(
        pipeline, "s3:ListBucket", "arn:aws:s3:::company-drops", s3_prefix="drops/olist/2018-01-01/"
    )
    assert allows(pipeline, "sts:AssumeRole", INSPECTOR)
    count = "cloudwatch:PutMetricData"
    assert allows(pipeline, count, "*", cloudwatch_namespace=VALUES["var.name"])
    assert not allows(pipeline, count, "*", cloudwatch_namespace="AWS/Redshift-Serverless")
    login = "redshift-serverless:GetCredentials"
    assert allows(pipeline, login, WORKGROUP)
    assert not allows(pipeline, login, WORKGROUP.replace("workgroup/w", "workgroup/other"))


def test_the_role_of_olist_query_only_logs_in() -> None:
    inspector = policy("access", "inspector", VALUES)
    assert allows(inspector, "redshift-serverless:GetCredentials", WORKGROUP)
    for action, resource in (
        ("s3:GetObject", f"{LAKE}/raw/orders/x.parquet"),
        ("s3:PutObject", f"{LAKE}/exports/x"),
        ("kms:Decrypt", KEY),
        ("sns:Publish", TOPIC),
        ("sts:AssumeRole", INSPECTOR),
    ):
        assert not allows(inspector, action, resource), action


def test_the_copy_role_reads_raw_and_writes_exports_only(copy) -> None:
    assert allows(copy, "s3:GetObject", f"{LAKE}/raw/orders/part-0000.parquet")
    assert allows(copy, "s3:GetObject", f"{LAKE}/manifests/run/orders.json")
    assert allows(copy, "s3:ListBucket", LAKE, s3_prefix="raw/orders/")
    assert allows(copy, "s3:GetBucketLocation", LAKE)
    assert allows(copy, "s3:PutObject", f"{LAKE}/exports/fact_order/x.parquet")
    assert allows(copy, "kms:Decrypt", KEY)
    for action, resource in (
        ("s3:PutObject", f"{LAKE}/raw/orders/x"),
        ("s3:DeleteObject", f"{LAKE}/exports/x"),
        ("s3:GetObject", f"{LAKE}/quarantine/x"),
        ("s3:GetObject", "arn:aws:s3:::another/raw/x"),
    ):
        assert not allows(copy, action, resource), (action, resource)
    assert not allows(copy, "s3:ListBucket", LAKE, s3_prefix="quarantine/")


def test_only_redshift_can_assume_the_copy_role() -> None:
    (statement,) = policy("access", "copy_trust", VALUES)
    assert statement["Principal"] == [
        ("Service", ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"])
    ]


def test_the_lake_policy_requires_tls_and_allows_presigned_urls() -> None:
    document = policy("lake", "tls_only", VALUES)
    (deny,) = [s for s in document if s["Effect"] == "Deny"]
    assert deny["Condition"] == [("Bool", "aws:SecureTransport", ["false"])]
    assert not allows([deny], "s3:GetObject", f"{LAKE}/raw/x", aws_SecureTransport="false")
    # COPY reads Parquet through presigned URLs: no rule may test signatures or endpoints
    text = text_of("lake")
    for condition in ("s3:signatureAge", "s3:authType", "aws:SourceVpce", "aws:SourceIp"):
        assert condition not in text


def test_the_topic_accepts_alarms_of_this_account_only() -> None:
    document = policy("alerts", "topic", VALUES)
    tls = {"aws_SecureTransport": "true"}
    assert allows(document, "sns:Publish", TOPIC, aws_SourceAccount="111122223333", **tls)
    assert not allows(document, "sns:Publish", TOPIC, aws_SourceAccount="999999999999", **tls)
    own = {"aws_SourceAccount": "111122223333", "aws_SecureTransport": "false"}
    assert not allows(document, "sns:Publish", TOPIC, **own)


def test_a_wildcard_resource_has_a_checkov_skip_with_a_reason() -> None:
    for name in MODULES:
        for path in sorted(MODULES[name].glob("*.tf")):
            lines = path.read_text().splitlines()
            for number, line in enumerate(lines):
                if re.search(r'resources\s+= \["\*"\]', line) and "SourceAccount" not in line:
                    before = "\n".join(lines[max(0, number - 100) : number])
                    assert "checkov:skip" in before, f"{path.name}:{number + 1}: {line.strip()}"
    wide = [
        action
        for block in blocks()
        if block.type == "aws_iam_policy_document"
        for statement in block.body.get("statement", [])
        for action in statement["actions"]
        if "*" in action and statement.get("effect") != '"Deny"'
    ]
    assert wide == ['"kms:*"']  # the key's own policy: without it, no one can manage the key
