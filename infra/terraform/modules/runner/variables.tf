variable "name" {
  description = "First part of all names."
  type        = string
}

variable "kind" {
  description = "instance or ecs."
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
  description = "The VPC of the warehouse."
  type        = string
}

variable "vpc_cidr" {
  description = "Its addresses."
  type        = string
}

variable "subnet_id" {
  description = "Private subnet of the instance."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of disk, images and logs."
  type        = string
}

variable "pipeline_role_name" {
  description = "Role that flows act as."
  type        = string
}

variable "pipeline_role_arn" {
  description = "Its ARN."
  type        = string
}

variable "log_days" {
  description = "Days that logs are kept."
  type        = number
}

variable "keep_data" {
  description = "Refuse to destroy the registry with images in it."
  type        = bool
}

variable "prefect_auth_secret" {
  description = "ARN of the secret with which tasks ask the Prefect server; for ecs."
  type        = string
}

variable "repository" {
  description = "Git repository of the code, for the instance."
  type        = string
}

variable "revision" {
  description = "Commit, tag or branch."
  type        = string
}

variable "dotenv" {
  description = "The pipeline's settings; no secret is among them."
  type        = string
}
