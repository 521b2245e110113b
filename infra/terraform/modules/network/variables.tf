variable "name" {
  description = "First part of all names."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "cidr" {
  description = "Addresses of the VPC."
  type        = string
}

variable "zones" {
  description = "Three availability zones."
  type        = list(string)
}

variable "outbound" {
  description = "A NAT gateway, so that what runs inside can reach the APIs of AWS and Prefect."
  type        = bool
}

variable "kms_key_arn" {
  description = "Key for the logs."
  type        = string
}

variable "log_days" {
  description = "Days that logs are kept."
  type        = number
}
