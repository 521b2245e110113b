variable "name" {
  description = "Name of namespace and workgroup."
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
  description = "Role with which COPY and UNLOAD reach the lake."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Three subnets in three zones."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 3
    error_message = "Redshift Serverless needs three subnets."
  }
}

variable "s3_prefix_list_id" {
  description = "Addresses of S3, for the way out."
  type        = string
}

variable "clients" {
  description = "Security groups whose members may connect."
  type        = list(string)
}

variable "client_count" {
  description = "How many those are, which must be known before they exist."
  type        = number
}

variable "base_capacity" {
  description = "RPU to begin a query with."
  type        = number
}

variable "max_capacity" {
  description = "RPU to grow to."
  type        = number
}

variable "daily_rpu_hours" {
  description = "RPU-hours a day, then queries are refused."
  type        = number
}

variable "max_query_seconds" {
  description = "Seconds after which a query is ended."
  type        = number
}

variable "log_days" {
  description = "Days that the logs of connections, users and queries are kept."
  type        = number
}

variable "snapshot_days" {
  description = "Days that a snapshot is kept."
  type        = number
}
