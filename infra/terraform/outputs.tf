locals {
  # the pipeline's settings; infra/settings.py reads them with the prefix OLIST_
  settings = merge(
    {
      OLIST_TARGET             = "aws"
      OLIST_AWS_REGION         = var.region
      OLIST_BUCKET             = module.lake.bucket
      OLIST_KMS_KEY            = aws_kms_key.this.arn
      OLIST_COPY_ROLE          = module.access.copy_role_arn
      OLIST_INSPECTOR_ROLE     = module.access.inspector_role_arn
      OLIST_REDSHIFT_HOST      = module.warehouse.host
      OLIST_REDSHIFT_PORT      = tostring(module.warehouse.port)
      OLIST_REDSHIFT_WORKGROUP = module.warehouse.workgroup_name
      OLIST_REDSHIFT_DATABASE  = var.project
      OLIST_NOTIFY_TOPIC       = module.alerts.topic_arn
      OLIST_METRIC_NAMESPACE   = local.name
      OLIST_FRESH_HOURS        = tostring(var.fresh_hours)
    },
    var.source_bucket == null ? {} : { OLIST_SOURCE = "s3://${var.source_bucket}/${var.source_prefix}" },
  )
  dotenv = join("", [for name, value in local.settings : "${name}=${value}\n"])

  ecs_settings = var.runner != "ecs" ? {} : {
    OLIST_IMAGE                 = module.runner[0].image
    OLIST_ECS_CLUSTER           = module.runner[0].cluster_arn
    OLIST_VPC_ID                = module.network.vpc_id
    OLIST_SUBNET_A              = module.network.private_subnet_ids[0]
    OLIST_SUBNET_B              = module.network.private_subnet_ids[1]
    OLIST_SUBNET_C              = module.network.private_subnet_ids[2]
    OLIST_RUNNER_SECURITY_GROUP = module.runner[0].security_group_id
    OLIST_EXECUTION_ROLE        = module.runner[0].execution_role_arn
    OLIST_TASK_ROLE             = module.access.pipeline_role_arn
    OLIST_LOG_GROUP             = module.runner[0].log_group
    OLIST_PREFECT_AUTH_SECRET   = var.prefect_auth_secret
  }
}

output "dotenv" {
  description = "The pipeline's settings: terraform output -raw dotenv > .env. Contains no secret."
  value       = join("", [local.dotenv, join("", [for name, value in local.ecs_settings : "${name}=${value}\n"])])
}

output "pipeline_role" {
  description = "ARN of the role that the pipeline assumes."
  value       = module.access.pipeline_role_arn
}

output "admin_secret" {
  description = "ARN of the warehouse administrator's secret; Redshift creates and rotates it, Terraform never reads its value."
  value       = module.warehouse.admin_secret_arn
}

output "worker_policy" {
  description = "ARN of the policy for Prefect's ECS worker."
  value       = var.runner == "ecs" ? module.runner[0].worker_policy_arn : null
}

output "instance" {
  description = "Id of the machine that runs flows: aws ssm start-session --target …"
  value       = var.runner == "instance" ? module.runner[0].instance_id : null
}
