variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "cidr" {
  description = "CIDR block of the VPC."
  type        = string
}

variable "zones" {
  description = "Three availability zones."
  type        = list(string)
}

variable "outbound" {
  description = "Create a NAT gateway, so that a runner in the VPC can reach the APIs of AWS and Prefect."
  type        = bool
}

variable "kms_key_arn" {
  description = "ARN of the KMS key for the logs."
  type        = string
}

variable "log_days" {
  description = "Retention of logs, in days."
  type        = number
}
