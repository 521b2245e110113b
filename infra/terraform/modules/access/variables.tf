variable "name" {
  description = "First part of all names: <project>-<environment>."
  type        = string
}

variable "partition" {
  description = "AWS partition."
  type        = string
}

variable "workgroup_arn" {
  description = "The workgroup that the pipeline logs in to."
  type        = string
}

variable "bucket_arn" {
  description = "The lake."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the lake and the topic."
  type        = string
}

variable "topic_arn" {
  description = "Topic that is told of failures."
  type        = string
}

variable "source_bucket" {
  description = "Bucket where the CSV files are dropped, or null."
  type        = string
}

variable "source_prefix" {
  description = "Folder in that bucket."
  type        = string
}

variable "source_kms_key_arn" {
  description = "Key that the source's files are encrypted with, or null."
  type        = string
}

variable "trusted_services" {
  description = "AWS services that may act as the pipeline: where flows run."
  type        = list(string)
}

variable "trusted_principals" {
  description = "IAM users and roles that may act as the pipeline."
  type        = list(string)
}
