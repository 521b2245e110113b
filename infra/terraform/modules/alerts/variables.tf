variable "name" {
  description = "First part of all names: <project>-<environment>."
  type        = string
}

variable "environment" {
  description = "Value of the tag `environment`, which the budget goes by."
  type        = string
}

variable "account" {
  description = "AWS account."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the topic."
  type        = string
}

variable "emails" {
  description = "Who is told by e-mail."
  type        = list(string)
}

variable "workgroup" {
  description = "Workgroup that is watched."
  type        = string
}

variable "namespace" {
  description = "Namespace that is watched."
  type        = string
}

variable "daily_rpu_hours" {
  description = "RPU-hours a day at which the warehouse is switched off."
  type        = number
}

variable "monthly_budget_usd" {
  description = "US dollars a month."
  type        = number
}
