variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "kind" {
  description = "Type of runner: instance or ecs."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "partition" {
  description = "AWS partition."
  type        = string
}

variable "account" {
  description = "AWS account."
  type        = string
}

variable "vpc_id" {
  description = "Id of the warehouse's VPC."
  type        = string
}

variable "vpc_cidr" {
  description = "CIDR block of the VPC."
  type        = string
}

variable "subnet_id" {
  description = "Id of the instance's private subnet."
  type        = string
}

variable "kms_key_arn" {
  description = "ARN of the KMS key for disk, images and logs."
  type        = string
}

variable "pipeline_role_name" {
  description = "Name of the role that flows assume."
  type        = string
}

variable "pipeline_role_arn" {
  description = "ARN of the role that flows assume."
  type        = string
}

variable "log_days" {
  description = "Retention of logs, in days."
  type        = number
}

variable "keep_data" {
  description = "If true, a registry that contains images cannot be destroyed."
  type        = bool
}

variable "prefect_auth_secret" {
  description = "ARN of the secret that tasks use to authenticate with the Prefect server; for ecs."
  type        = string
}

variable "repository" {
  description = "Git repository of the code, for the instance."
  type        = string
}

variable "revision" {
  description = "Commit, tag or branch of the code."
  type        = string
}

variable "dotenv" {
  description = "The pipeline's settings in dotenv format; contains no secret."
  type        = string
}
