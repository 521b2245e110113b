# Redshift Serverless: a namespace (users, data) and a workgroup (compute, private endpoint).
resource "aws_redshiftserverless_namespace" "this" {
  namespace_name = var.name
  db_name        = var.database

  # Redshift creates the administrator's password, stores it in Secrets Manager and rotates it
  admin_username                   = "olist_admin"
  manage_admin_password            = true
  admin_password_secret_kms_key_id = var.kms_key_arn

  kms_key_id  = var.kms_key_arn
  iam_roles   = [var.copy_role_arn]
  log_exports = keys(aws_cloudwatch_log_group.exports)
}

# Redshift would create these log groups itself, without retention and without our key
resource "aws_cloudwatch_log_group" "exports" {
  for_each = toset(["userlog", "connectionlog", "useractivitylog"])

  name              = "/aws/redshift/${var.name}/${each.key}"
  retention_in_days = var.log_days
  kms_key_id        = var.kms_key_arn
}

locals {
  parameters = {
    require_ssl                      = "true"
    use_fips_ssl                     = "true"
    max_query_execution_time         = tostring(var.max_query_seconds)
    enable_user_activity_logging     = "true"
    enable_case_sensitive_identifier = "false"
    auto_mv                          = "true"
    datestyle                        = "ISO, MDY"
    search_path                      = "$user, public"
    query_group                      = "default"
  }
}

resource "aws_redshiftserverless_workgroup" "this" {
  namespace_name       = aws_redshiftserverless_namespace.this.namespace_name
  workgroup_name       = var.name
  base_capacity        = var.base_capacity
  max_capacity         = var.max_capacity
  publicly_accessible  = false
  enhanced_vpc_routing = true
  subnet_ids           = var.subnet_ids
  security_group_ids   = [aws_security_group.this.id]

  dynamic "config_parameter" {
    for_each = local.parameters

    content {
      parameter_key   = config_parameter.key
      parameter_value = config_parameter.value
    }
  }

  lifecycle {
    # AWS adds its own keys, which the provider would report as a change at each apply. The parameters
    # are set when the workgroup is created; change them later in the console or with
    # `aws redshift-serverless`
    ignore_changes = [config_parameter]
  }
}

# compute is the main cost: above the limit, queries are refused until the next day
resource "aws_redshiftserverless_usage_limit" "compute" {
  resource_arn  = aws_redshiftserverless_workgroup.this.arn
  usage_type    = "serverless-compute"
  amount        = var.daily_rpu_hours
  period        = "daily"
  breach_action = "deactivate"
}

# --- network access ---

resource "aws_security_group" "this" {
  name        = "${var.name}-warehouse"
  description = "The warehouse: its clients in, S3 out"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-warehouse" }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  count = var.client_count

  security_group_id            = aws_security_group.this.id
  referenced_security_group_id = var.clients[count.index]
  ip_protocol                  = "tcp"
  from_port                    = 5439
  to_port                      = 5439
  description                  = "SQL over TLS"
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  security_group_id = aws_security_group.this.id
  prefix_list_id    = var.s3_prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "COPY and UNLOAD through the gateway endpoint"
}

# --- daily snapshot; Serverless also keeps recovery points of the last 24 hours ---

resource "aws_scheduler_schedule" "snapshot" {
  name                         = "${var.name}-snapshot"
  description                  = "A snapshot of the warehouse, after the daily run"
  schedule_expression          = "cron(0 7 * * ? *)"
  schedule_expression_timezone = "America/Sao_Paulo"
  kms_key_arn                  = var.kms_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = "arn:${var.partition}:scheduler:::aws-sdk:redshiftserverless:createSnapshot"
    role_arn = aws_iam_role.snapshot.arn
    # Scheduler needs its placeholder verbatim; jsonencode writes < and > as \u003c and \u003e
    input = replace(replace(jsonencode({
      NamespaceName   = aws_redshiftserverless_namespace.this.namespace_name
      SnapshotName    = "${var.name}-<aws.scheduler.execution-id>"
      RetentionPeriod = var.snapshot_days
    }), "\\u003c", "<"), "\\u003e", ">")
  }
}

resource "aws_iam_role" "snapshot" {
  name               = "${var.name}-snapshot"
  assume_role_policy = data.aws_iam_policy_document.snapshot_trust.json
}

data "aws_iam_policy_document" "snapshot_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account]
    }
  }
}

resource "aws_iam_role_policy" "snapshot" {
  name   = "create-snapshot"
  role   = aws_iam_role.snapshot.id
  policy = data.aws_iam_policy_document.snapshot.json
}

data "aws_iam_policy_document" "snapshot" {
  statement {
    sid     = "CreateSnapshot"
    actions = ["redshift-serverless:CreateSnapshot"]
    resources = [
      aws_redshiftserverless_namespace.this.arn,
      # a snapshot's ARN ends with an id that AWS generates
      "arn:${var.partition}:redshift-serverless:${var.region}:${var.account}:snapshot/*",
    ]
  }

  statement {
    sid       = "ReadTheSchedule"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]
  }
}
