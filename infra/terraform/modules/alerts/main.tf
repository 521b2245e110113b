# One topic for all alerts: failed runs, limits, cost.
resource "aws_sns_topic" "this" {
  name              = "${var.name}-alerts"
  kms_master_key_id = var.kms_key_arn
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.emails)

  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_sns_topic_policy" "this" {
  arn    = aws_sns_topic.this.arn
  policy = data.aws_iam_policy_document.topic.json
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "AlarmsAndBudget"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account]
    }
  }

  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

locals {
  query_types = ["SELECT", "INSERT", "UPDATE", "DELETE", "COPY", "UNLOAD"]
}

# --- alarms: https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-monitoring.html ---

resource "aws_cloudwatch_metric_alarm" "rpu" {
  alarm_name          = "${var.name}-rpu-hours"
  alarm_description   = "Three quarters of the RPU-hours of the day are used; at ${var.daily_rpu_hours} the warehouse is switched off until tomorrow (UTC)."
  namespace           = "AWS/Redshift-Serverless"
  metric_name         = "ComputeSeconds"
  dimensions          = { Workgroup = var.workgroup }
  statistic           = "Sum"
  period              = 86400
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.daily_rpu_hours * 3600 * 0.75
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this.arn]
  ok_actions          = [aws_sns_topic.this.arn]
}

# the metric counts failures per query type, so they are summed here
resource "aws_cloudwatch_metric_alarm" "failed_queries" {
  alarm_name          = "${var.name}-failed-queries"
  alarm_description   = "Ten queries failed within five minutes; the pipeline tells its own failures besides."
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 10
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this.arn]

  metric_query {
    id          = "failed"
    label       = "failed queries"
    expression  = join(" + ", [for number in range(length(local.query_types)) : "FILL(m${number}, 0)"])
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.query_types

    content {
      id = "m${metric_query.key}"

      metric {
        namespace   = "AWS/Redshift-Serverless"
        metric_name = "QueriesFailed"
        dimensions  = { Workgroup = var.workgroup, QueryType = metric_query.value }
        stat        = "Sum"
        period      = 300
      }
    }
  }
}

# EventBridge Scheduler takes the daily snapshot and would fail silently
resource "aws_cloudwatch_metric_alarm" "snapshot" {
  alarm_name          = "${var.name}-snapshot"
  alarm_description   = "A schedule could not do its work; the one of this project takes the daily snapshot."
  namespace           = "AWS/Scheduler"
  metric_name         = "TargetErrorCount"
  dimensions          = { ScheduleGroup = "default" }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this.arn]
}

resource "aws_cloudwatch_metric_alarm" "storage" {
  alarm_name          = "${var.name}-storage"
  alarm_description   = "The warehouse holds more than 50 GB; the full Olist data takes far less than one."
  namespace           = "AWS/Redshift-Serverless"
  metric_name         = "DataStorage"
  dimensions          = { Namespace = var.namespace }
  statistic           = "Maximum"
  period              = 86400
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 50 * 1024 # MB
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this.arn]
}

# a run tells its failures; that nothing was published at all is told here
resource "aws_cloudwatch_metric_alarm" "stale" {
  alarm_name          = "${var.name}-stale"
  alarm_description   = "Nothing was published for ${var.fresh_hours} hours, so readers see older figures: `olist status` says why (docs/runbook.md)."
  namespace           = var.name
  metric_name         = "Published" # tasks/notifications/monitors.py
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = var.fresh_hours
  datapoints_to_alarm = var.fresh_hours
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.this.arn]
  ok_actions          = [aws_sns_topic.this.arn]
}

# --- cost ---

resource "aws_budgets_budget" "this" {
  name         = var.name
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"

  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:environment$%s", var.environment)]
  }

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      notification_type         = notification.key
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [aws_sns_topic.this.arn]
    }
  }
}
