variable "name" {
  description = "Name of the namespace and the workgroup."
  type        = string
}

variable "account" {
  description = "AWS account."
  type        = string
}

variable "partition" {
  description = "AWS partition."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "database" {
  description = "Name of the database."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts data and the administrator's secret."
  type        = string
}

variable "copy_role_arn" {
  description = "ARN of the role that COPY and UNLOAD use to access the lake."
  type        = string
}

variable "vpc_id" {
  description = "Id of the VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Ids of three subnets in three availability zones."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 3
    error_message = "Redshift Serverless needs three subnets."
  }
}

variable "s3_prefix_list_id" {
  description = "Prefix list of S3, for the egress rule."
  type        = string
}

variable "clients" {
  description = "Security groups whose members may connect."
  type        = list(string)
}

variable "client_count" {
  description = "Number of those security groups; must be known at plan time."
  type        = number
}

variable "base_capacity" {
  description = "Base capacity in RPU."
  type        = number
}

variable "max_capacity" {
  description = "Maximum capacity in RPU."
  type        = number
}

variable "daily_rpu_hours" {
  description = "RPU-hours per day, after which queries are refused."
  type        = number
}

variable "max_query_seconds" {
  description = "Seconds after which a query is cancelled."
  type        = number
}

variable "log_days" {
  description = "Retention of connection, user and query logs, in days."
  type        = number
}

variable "snapshot_days" {
  description = "Retention of a snapshot, in days."
  type        = number
}
