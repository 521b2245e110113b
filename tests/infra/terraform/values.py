"""Values of Terraform expressions, for the evaluation of policies."""

from typing import Any

LAKE = "arn:aws:s3:::olist-dev-lake-111122223333"
KEY = "arn:aws:kms:sa-east-1:111122223333:key/k"
TOPIC = "arn:aws:sns:sa-east-1:111122223333:olist-dev-alerts"
INSPECTOR = "arn:aws:iam::111122223333:role/olist-dev-inspector"
WORKGROUP = "arn:aws:redshift-serverless:sa-east-1:111122223333:workgroup/w"
VALUES: dict[str, Any] = {
    "var.bucket_arn": LAKE,
    "var.kms_key_arn": KEY,
    "var.topic_arn": TOPIC,
    "var.partition": "aws",
    "var.region": "sa-east-1",
    "var.account": "111122223333",
    "var.source_prefix": "drops/olist",
    "statement.value": "company-drops",
    "local.prefixes": [
        *("raw", "quarantine", "manifests", "published", "reports", "notifications"),
        *("exports", "checks", "redelivered"),
    ],
    "local.copy_prefixes": ["raw/*", "manifests/*", "exports/*", "checks/*"],
    "var.workgroup_arn": WORKGROUP,
    "aws_iam_role.inspector.arn": INSPECTOR,
    "each.value": LAKE,
    "aws_s3_bucket.lake.arn": LAKE,
    "aws_sns_topic.this.arn": TOPIC,
    "local.partition": "aws",
    "local.account": "111122223333",
    "local.name": "olist-dev",
    "var.name": "olist-dev",
}
