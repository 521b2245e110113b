variable "workgroup" {
  description = "The workgroup."
  type        = string
}

variable "namespace_id" {
  description = "Id of the namespace, where users and roles live; another one means a new warehouse."
  type        = string
}

variable "database" {
  description = "The database."
  type        = string
}

variable "admin_secret" {
  description = "ARN of the administrator's secret; whoever applies this must be allowed to read it."
  type        = string
}

variable "pipeline_role" {
  description = "Name of the IAM role that the pipeline acts as."
  type        = string
}

variable "copy_role_arn" {
  description = "Role that the pipeline may name in COPY and UNLOAD."
  type        = string
}

variable "readers" {
  description = "Names of IAM roles that may read what is published."
  type        = set(string)
}

variable "scripts_folder" {
  description = "Folder of the SQL."
  type        = string
}
