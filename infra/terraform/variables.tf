variable "project" {
  description = "First part of every resource name."
  type        = string
  default     = "olist"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,15}$", var.project))
    error_message = "Lower-case letters and digits, 2 to 16, a letter first."
  }
}

variable "environment" {
  description = "Second part of every resource name: dev, prod, …"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "Lower-case letters and digits, 2 to 12, a letter first."
  }
}

variable "region" {
  description = "AWS region of all resources; COPY of Parquet needs the bucket and the warehouse in the same region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "A region such as sa-east-1."
  }
}

variable "zones" {
  description = "Three availability zones of the region; Redshift Serverless requires three."
  type        = list(string)

  validation {
    condition     = length(var.zones) == 3 && alltrue([for zone in var.zones : startswith(zone, var.region)])
    error_message = "Three zones of the region: [\"sa-east-1a\", \"sa-east-1b\", \"sa-east-1c\"]."
  }
}

variable "vpc_cidr" {
  description = "CIDR block of the VPC, split into three private subnets and, with a runner, a public one."
  type        = string
  default     = "10.40.0.0/20"

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && tonumber(split("/", var.vpc_cidr)[1]) <= 22
    error_message = "An IPv4 range of /22 or larger: Redshift needs free addresses in each subnet."
  }
}

variable "base_capacity" {
  description = "Base capacity of the warehouse in RPU; 8 is enough for a million orders."
  type        = number
  default     = 8

  validation {
    condition     = var.base_capacity >= 8 && var.base_capacity <= 512 && var.base_capacity % 8 == 0
    error_message = "8 to 512, in steps of 8."
  }
}

variable "max_capacity" {
  description = "Maximum capacity of the warehouse in RPU."
  type        = number
  default     = 32

  validation {
    condition     = var.max_capacity >= 8 && var.max_capacity <= 512 && var.max_capacity % 8 == 0
    error_message = "8 to 512, in steps of 8."
  }
}

variable "daily_rpu_hours" {
  description = "RPU-hours per day, after which the warehouse is switched off until the next day (UTC)."
  type        = number
  default     = 16

  validation {
    condition     = var.daily_rpu_hours >= 1 && floor(var.daily_rpu_hours) == var.daily_rpu_hours
    error_message = "A whole number, at least 1."
  }
}

variable "max_query_seconds" {
  description = "Seconds after which Redshift cancels a query."
  type        = number
  default     = 1800

  validation {
    condition     = var.max_query_seconds >= 60 && var.max_query_seconds <= 86399
    error_message = "60 to 86399."
  }
}

variable "fresh_hours" {
  description = "Hours without a publish after which published data is stale, and an alarm is raised."
  type        = number
  default     = 26

  validation {
    condition     = var.fresh_hours >= 1 && var.fresh_hours <= 168 && floor(var.fresh_hours) == var.fresh_hours
    error_message = "A whole number from 1 to 168."
  }
}

variable "snapshot_days" {
  description = "Retention of the daily snapshot in days; recovery points of the last 24 hours are kept in addition."
  type        = number
  default     = 14

  validation {
    condition     = var.snapshot_days >= 1 && var.snapshot_days <= 365
    error_message = "1 to 365."
  }
}

variable "quarantine_days" {
  description = "Retention of quarantined rows, in days."
  type        = number
  default     = 365

  validation {
    condition     = var.quarantine_days >= 7
    error_message = "At least 7, so that people have time to look."
  }
}

variable "export_days" {
  description = "Days during which superseded exports can be restored."
  type        = number
  default     = 90

  validation {
    condition     = var.export_days >= 1
    error_message = "At least 1."
  }
}

variable "log_days" {
  description = "Retention of logs, in days."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827], var.log_days)
    error_message = "One of the periods that CloudWatch knows: 30, 60, 90, 120, 150, 180, 365, …"
  }
}

variable "alert_emails" {
  description = "E-mail addresses that receive alerts on failures, limits and cost; each must confirm its subscription once."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "E-mail addresses."
  }
}

variable "monthly_budget_usd" {
  description = "Monthly budget in US dollars; an alert is sent at 80 % of it and when the forecast exceeds it."
  type        = number
  default     = 100

  validation {
    condition     = var.monthly_budget_usd > 0
    error_message = "More than 0."
  }
}

variable "pipeline_principals" {
  description = "ARNs of IAM users and roles, besides the runner, that may assume the pipeline role: an engineer, a CI role."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.pipeline_principals : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/", arn))])
    error_message = "ARNs of users or roles; no wildcard, no whole account."
  }

  validation {
    condition     = var.runner != "none" || length(var.pipeline_principals) > 0
    error_message = "Without a runner somebody else must act as the pipeline: name who."
  }
}

variable "readers" {
  description = "Names of IAM roles whose users may read the marts with a BI tool."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.readers : can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", name))])
    error_message = "Names of IAM roles, not ARNs."
  }
}

variable "client_security_groups" {
  description = "Security groups in the VPC or in a peered VPC whose members may connect to the warehouse."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.client_security_groups : startswith(id, "sg-")])
    error_message = "IDs of security groups: sg-…"
  }
}

variable "source_bucket" {
  description = "Your bucket that receives the source CSV files; null if they come from elsewhere."
  type        = string
  default     = null

  validation {
    condition     = var.source_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", coalesce(var.source_bucket, "x-x")))
    error_message = "The name of a bucket, without s3://."
  }
}

variable "source_prefix" {
  description = "Folder in that bucket, without leading or trailing slash; the pipeline may read only this folder."
  type        = string
  default     = "olist"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-][A-Za-z0-9_/-]*[A-Za-z0-9_-]$", var.source_prefix))
    error_message = "A folder such as drops/olist."
  }
}

variable "source_kms_key_arn" {
  description = "ARN of the KMS key that encrypts the files in the source bucket; null for S3-managed keys."
  type        = string
  default     = null

  validation {
    condition     = var.source_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:", coalesce(var.source_kms_key_arn, "-")))
    error_message = "The ARN of a KMS key."
  }
}

variable "prefect_auth_secret" {
  description = "ARN of a secret that contains PREFECT_API_AUTH_STRING of your Prefect server; for runner = ecs."
  type        = string
  default     = null

  validation {
    condition     = var.runner != "ecs" || can(regex("^arn:aws[a-z-]*:secretsmanager:", coalesce(var.prefect_auth_secret, "-")))
    error_message = "With runner = ecs tasks ask a Prefect server that they can reach: name the ARN of its secret."
  }
}

variable "runner" {
  description = "Where flows run: `instance` (a machine with Prefect's server and worker), `ecs` (one task per run), or `none` (your own infrastructure)."
  type        = string
  default     = "instance"

  validation {
    condition     = contains(["none", "instance", "ecs"], var.runner)
    error_message = "none, instance or ecs."
  }
}

variable "repository" {
  description = "Git repository from which the instance clones the code."
  type        = string
  default     = "https://github.com/your-company/olist-elt"

  validation {
    condition     = can(regex("^https://[A-Za-z0-9./_-]+$", var.repository))
    error_message = "An https:// address without user name or token."
  }
}

variable "revision" {
  description = "Commit, tag or branch of the code that the instance runs; also the image tag for ECS."
  type        = string
  default     = "main"

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{1,128}$", var.revision))
    error_message = "A commit, tag or branch without a slash: it is the image's tag, too."
  }
}

variable "keep_data" {
  description = "Prevents destroying the lake and the registry while they contain objects; to destroy them, set false and apply first. The warehouse can be rebuilt from the lake."
  type        = bool
  default     = true
}
