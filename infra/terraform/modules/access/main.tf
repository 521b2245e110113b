# IAM permissions: the roles of COPY and UNLOAD, of the pipeline, and of `olist query`.

# --- COPY and UNLOAD: Redshift accesses the lake ---

resource "aws_iam_role" "copy" {
  name               = "${var.name}-copy"
  description        = "COPY and UNLOAD of the warehouse: reads raw, writes exports"
  assume_role_policy = data.aws_iam_policy_document.copy_trust.json
}

data "aws_iam_policy_document" "copy_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "copy" {
  name   = "lake"
  role   = aws_iam_role.copy.id
  policy = data.aws_iam_policy_document.copy.json
}

data "aws_iam_policy_document" "copy" {
  statement {
    sid       = "FindTheFiles"
    actions   = ["s3:ListBucket"]
    resources = [var.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = local.copy_prefixes
    }
  }

  statement {
    sid       = "FindTheRegion"
    actions   = ["s3:GetBucketLocation"]
    resources = [var.bucket_arn]
  }

  statement {
    sid       = "ReadParquet"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arn}/raw/*", "${var.bucket_arn}/manifests/*", "${var.bucket_arn}/checks/*"]
  }

  # UNLOAD checks for existing files before it writes; it never deletes
  statement {
    sid       = "WriteExports"
    actions   = ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = ["${var.bucket_arn}/exports/*", "${var.bucket_arn}/checks/*"]
  }

  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }
}

# --- the pipeline: uploads, logs in to the warehouse, sends notifications ---

resource "aws_iam_role" "pipeline" {
  name                 = "${var.name}-pipeline"
  description          = "olist-elt's flows"
  assume_role_policy   = data.aws_iam_policy_document.pipeline_trust.json
  max_session_duration = 14400
}

data "aws_iam_policy_document" "pipeline_trust" {
  dynamic "statement" {
    for_each = length(var.trusted_services) > 0 ? [1] : []

    content {
      actions = ["sts:AssumeRole"]

      principals {
        type        = "Service"
        identifiers = var.trusted_services
      }
    }
  }

  # only the listed principals may assume the role, not the whole account
  dynamic "statement" {
    for_each = length(var.trusted_principals) > 0 ? [1] : []

    content {
      actions = ["sts:AssumeRole"]

      principals {
        type        = "AWS"
        identifiers = var.trusted_principals
      }
    }
  }
}

resource "aws_iam_role_policy" "pipeline" {
  name   = "pipeline"
  role   = aws_iam_role.pipeline.id
  policy = data.aws_iam_policy_document.pipeline.json
}

locals {
  # prefixes that the pipeline writes in the lake (tasks/ingest, tasks/warehouse, tasks/reporting)
  prefixes      = ["raw", "quarantine", "manifests", "published", "reports", "notifications", "exports", "checks", "redelivered"]
  copy_prefixes = [for prefix in ["raw", "manifests", "exports", "checks"] : "${prefix}/*"]
}

data "aws_iam_policy_document" "pipeline" {
  #checkov:skip=CKV_AWS_356:cloudwatch:PutMetricData can be given for "*" only
  #checkov:skip=CKV_AWS_111:cloudwatch:PutMetricData is limited by its namespace
  statement {
    sid       = "FindTheLake"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation"]
    resources = [var.bucket_arn]
  }

  statement {
    sid     = "UseTheLake"
    actions = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = [
      for prefix in local.prefixes : "${var.bucket_arn}/${prefix}/*"
    ]
  }

  # a retraction deletes the batch's note, an export the superseded files; the bucket keeps old versions
  statement {
    sid       = "DeleteNotesAndExports"
    actions   = ["s3:DeleteObject"]
    resources = [for prefix in ["published", "reports", "notifications", "exports", "checks"] : "${var.bucket_arn}/${prefix}/*"]
  }

  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }

  dynamic "statement" {
    for_each = var.source_bucket == null ? [] : [var.source_bucket]

    content {
      sid       = "FindTheSource"
      actions   = ["s3:ListBucket"]
      resources = ["arn:${var.partition}:s3:::${statement.value}"]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = [var.source_prefix, "${var.source_prefix}/*"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.source_bucket == null ? [] : [var.source_bucket]

    content {
      sid       = "ReadTheSource"
      actions   = ["s3:GetObject"]
      resources = ["arn:${var.partition}:s3:::${statement.value}/${var.source_prefix}/*"]
    }
  }

  statement {
    sid       = "LogInToTheWarehouse"
    actions   = ["redshift-serverless:GetCredentials", "redshift-serverless:GetWorkgroup"]
    resources = [var.workgroup_arn]
  }

  dynamic "statement" {
    for_each = var.source_kms_key_arn == null ? [] : [var.source_kms_key_arn]

    content {
      sid       = "DecryptTheSource"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
    }
  }

  statement {
    sid       = "QueryAsTheInspector"
    actions   = ["sts:AssumeRole"]
    resources = [aws_iam_role.inspector.arn]
  }

  statement {
    sid       = "CountPublishes"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [var.name]
    }
  }

  statement {
    sid       = "TellPeople"
    actions   = ["sns:Publish", "sns:GetTopicAttributes"]
    resources = [var.topic_arn]
  }
}

# --- olist query: logs in to the warehouse as a user who may only read, and nothing else ---

resource "aws_iam_role" "inspector" {
  name               = "${var.name}-inspector"
  description        = "olist query: logs in as a user who may only read"
  assume_role_policy = data.aws_iam_policy_document.inspector_trust.json
}

data "aws_iam_policy_document" "inspector_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = concat([aws_iam_role.pipeline.arn], var.trusted_principals)
    }
  }
}

resource "aws_iam_role_policy" "inspector" {
  name   = "inspector"
  role   = aws_iam_role.inspector.id
  policy = data.aws_iam_policy_document.inspector.json
}

data "aws_iam_policy_document" "inspector" {
  statement {
    sid       = "LogInToTheWarehouse"
    actions   = ["redshift-serverless:GetCredentials", "redshift-serverless:GetWorkgroup"]
    resources = [var.workgroup_arn]
  }
}
