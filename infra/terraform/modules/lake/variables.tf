variable "name" {
  description = "Name of the bucket."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts the objects."
  type        = string
}

variable "quarantine_days" {
  description = "Retention of quarantined rows, in days."
  type        = number
}

variable "export_days" {
  description = "Days during which superseded exports can be restored."
  type        = number
}

variable "log_days" {
  description = "Retention of access logs, in days."
  type        = number
}

variable "keep_data" {
  description = "If true, a bucket that contains objects cannot be destroyed."
  type        = bool
}
