variable "name" {
  description = "Name of the bucket."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts the objects."
  type        = string
}

variable "quarantine_days" {
  description = "Days that quarantined rows are kept."
  type        = number
}

variable "export_days" {
  description = "Days that replaced exports can still be restored."
  type        = number
}

variable "log_days" {
  description = "Days that access logs are kept."
  type        = number
}

variable "keep_data" {
  description = "Refuse to destroy the bucket with objects in it."
  type        = bool
}
