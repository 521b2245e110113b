variable "workgroup" {
  description = "Name of the workgroup."
  type        = string
}

variable "namespace_id" {
  description = "Id of the namespace, which holds users and roles; a new id means a new warehouse."
  type        = string
}

variable "database" {
  description = "Name of the database."
  type        = string
}

variable "admin_secret" {
  description = "ARN of the administrator's secret; the identity that runs `terraform apply` must be allowed to read it."
  type        = string
}

variable "pipeline_role" {
  description = "Name of the IAM role that the pipeline acts as."
  type        = string
}

variable "inspector_role" {
  description = "Name of the IAM role that `olist query` acts as; it may only read."
  type        = string
}

variable "copy_role_arn" {
  description = "ARN of the role that the pipeline may use in COPY and UNLOAD."
  type        = string
}

variable "readers" {
  description = "Names of IAM roles that may read the published tables."
  type        = set(string)
}

variable "scripts_folder" {
  description = "Folder with the SQL scripts."
  type        = string
}
