# AWS resources of olist-elt. Reading order: network, lake, warehouse, access, grants, alerts,
# runner.
data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  name      = "${var.project}-${var.environment}"
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
}

module "network" {
  source = "./modules/network"

  name        = local.name
  region      = var.region
  cidr        = var.vpc_cidr
  zones       = var.zones
  outbound    = var.runner != "none"
  kms_key_arn = aws_kms_key.this.arn
  log_days    = var.log_days
}

module "lake" {
  source = "./modules/lake"

  name            = "${local.name}-lake-${local.account}"
  kms_key_arn     = aws_kms_key.this.arn
  quarantine_days = var.quarantine_days
  export_days     = var.export_days
  log_days        = var.log_days
  keep_data       = var.keep_data
}

module "warehouse" {
  source = "./modules/warehouse"

  name              = local.name
  account           = local.account
  partition         = local.partition
  region            = var.region
  database          = var.project
  kms_key_arn       = aws_kms_key.this.arn
  copy_role_arn     = module.access.copy_role_arn
  vpc_id            = module.network.vpc_id
  subnet_ids        = module.network.private_subnet_ids
  s3_prefix_list_id = module.network.s3_prefix_list_id
  clients = concat(
    var.client_security_groups,
    var.runner == "none" ? [] : [module.runner[0].security_group_id],
  )
  client_count      = length(var.client_security_groups) + (var.runner == "none" ? 0 : 1)
  base_capacity     = var.base_capacity
  max_capacity      = var.max_capacity
  daily_rpu_hours   = var.daily_rpu_hours
  max_query_seconds = var.max_query_seconds
  snapshot_days     = var.snapshot_days
  log_days          = var.log_days
}

module "access" {
  source = "./modules/access"

  name               = local.name
  partition          = local.partition
  workgroup_arn      = module.warehouse.workgroup_arn
  bucket_arn         = module.lake.bucket_arn
  kms_key_arn        = aws_kms_key.this.arn
  topic_arn          = module.alerts.topic_arn
  source_bucket      = var.source_bucket
  source_prefix      = var.source_prefix
  source_kms_key_arn = var.source_kms_key_arn
  trusted_services   = { none = [], instance = ["ec2.amazonaws.com"], ecs = ["ecs-tasks.amazonaws.com"] }[var.runner]
  trusted_principals = var.pipeline_principals
}

# Users and grants inside the warehouse; they depend on it and on the roles of `access`.
module "grants" {
  source = "./modules/grants"

  workgroup      = module.warehouse.workgroup_name
  namespace_id   = module.warehouse.namespace_id
  database       = var.project
  admin_secret   = module.warehouse.admin_secret_arn
  pipeline_role  = module.access.pipeline_role_name
  inspector_role = module.access.inspector_role_name
  copy_role_arn  = module.access.copy_role_arn
  readers        = toset(var.readers)
  scripts_folder = "${path.root}/../../sql/access"
}

module "alerts" {
  source = "./modules/alerts"

  name               = local.name
  environment        = var.environment
  account            = local.account
  kms_key_arn        = aws_kms_key.this.arn
  emails             = var.alert_emails
  workgroup          = local.name
  namespace          = local.name
  daily_rpu_hours    = var.daily_rpu_hours
  monthly_budget_usd = var.monthly_budget_usd
  fresh_hours        = var.fresh_hours
}

module "runner" {
  source = "./modules/runner"
  count  = var.runner == "none" ? 0 : 1

  name               = local.name
  kind               = var.runner
  region             = var.region
  partition          = local.partition
  account            = local.account
  vpc_id             = module.network.vpc_id
  vpc_cidr           = var.vpc_cidr
  subnet_id          = module.network.private_subnet_ids[0]
  kms_key_arn        = aws_kms_key.this.arn
  pipeline_role_name = module.access.pipeline_role_name
  pipeline_role_arn  = module.access.pipeline_role_arn
  log_days           = var.log_days
  keep_data          = var.keep_data
  repository         = var.repository
  revision           = var.revision
  dotenv             = local.dotenv

  prefect_auth_secret = coalesce(var.prefect_auth_secret, "none")

  # the machine downloads packages when it starts, so outbound access must exist first
  depends_on = [module.network]
}
