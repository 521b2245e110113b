output "host" {
  description = "Private host of the warehouse."
  value       = aws_redshiftserverless_workgroup.this.endpoint[0].address
}

output "port" {
  description = "Port of the warehouse."
  value       = aws_redshiftserverless_workgroup.this.endpoint[0].port
}

output "workgroup_name" {
  description = "Name of the workgroup."
  value       = aws_redshiftserverless_workgroup.this.workgroup_name
}

output "workgroup_arn" {
  description = "ARN of the workgroup."
  value       = aws_redshiftserverless_workgroup.this.arn
}

output "namespace_id" {
  description = "Id of the namespace."
  value       = aws_redshiftserverless_namespace.this.namespace_id
}

output "admin_secret_arn" {
  description = "ARN of the administrator's secret; its value stays in Secrets Manager."
  value       = aws_redshiftserverless_namespace.this.admin_password_secret_arn
}
