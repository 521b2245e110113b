variable "name" {
  description = "Prefix of all names: <project>-<environment>."
  type        = string
}

variable "partition" {
  description = "AWS partition."
  type        = string
}

variable "workgroup_arn" {
  description = "ARN of the workgroup that the pipeline logs in to."
  type        = string
}

variable "bucket_arn" {
  description = "ARN of the lake's bucket."
  type        = string
}

variable "kms_key_arn" {
  description = "ARN of the KMS key for the lake and the topic."
  type        = string
}

variable "topic_arn" {
  description = "ARN of the topic that receives failure notifications."
  type        = string
}

variable "source_bucket" {
  description = "Bucket that receives the source CSV files, or null."
  type        = string
}

variable "source_prefix" {
  description = "Folder in that bucket."
  type        = string
}

variable "source_kms_key_arn" {
  description = "ARN of the KMS key that encrypts the source files, or null."
  type        = string
}

variable "trusted_services" {
  description = "AWS services that may assume the pipeline role, because flows run on them."
  type        = list(string)
}

variable "trusted_principals" {
  description = "ARNs of IAM users and roles that may assume the pipeline role."
  type        = list(string)
}
