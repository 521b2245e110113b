variable "name" {
  description = "Prefix of all names: <project>-<environment>."
  type        = string
}

variable "environment" {
  description = "Value of the tag `environment`, by which the budget is filtered."
  type        = string
}

variable "account" {
  description = "AWS account."
  type        = string
}

variable "kms_key_arn" {
  description = "ARN of the KMS key for the topic."
  type        = string
}

variable "emails" {
  description = "E-mail addresses that receive alerts."
  type        = list(string)
}

variable "workgroup" {
  description = "Name of the monitored workgroup."
  type        = string
}

variable "namespace" {
  description = "Name of the monitored namespace."
  type        = string
}

variable "daily_rpu_hours" {
  description = "RPU-hours per day at which the warehouse is switched off."
  type        = number
}

variable "monthly_budget_usd" {
  description = "Monthly budget in US dollars."
  type        = number
}

variable "fresh_hours" {
  description = "Hours without a publish after which an alarm is raised."
  type        = number
}
