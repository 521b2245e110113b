# One key for all data at rest: lake, warehouse, secret, logs, topic.
resource "aws_kms_key" "this" {
  description             = "olist-elt ${local.name}: lake, warehouse, logs, alerts"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "this" {
  name          = "alias/${local.name}"
  target_key_id = aws_kms_key.this.key_id
}

data "aws_iam_policy_document" "key" {
  # the account's IAM policies decide who uses the key; without this statement nobody could manage it
  #checkov:skip=CKV_AWS_109:a key policy applies only to its own key; "*" is that key
  #checkov:skip=CKV_AWS_111:a key policy applies only to its own key; "*" is that key
  #checkov:skip=CKV_AWS_356:a key policy applies only to its own key; "*" is that key
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  statement {
    sid       = "Logs"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values = [
        "arn:${local.partition}:logs:${var.region}:${local.account}:log-group:/${local.name}/*",
        "arn:${local.partition}:logs:${var.region}:${local.account}:log-group:/aws/redshift/${local.name}/*",
      ]
    }
  }

  statement {
    sid       = "Alarms"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}
