output "security_group_id" {
  description = "Security group of whatever runs flows."
  value       = aws_security_group.this.id
}

output "instance_id" {
  description = "The machine, or null."
  value       = one(aws_instance.this[*].id)
}

output "cluster_arn" {
  description = "The ECS cluster, or null."
  value       = one(aws_ecs_cluster.this[*].arn)
}

output "image" {
  description = "Where the image goes; or null. Tags cannot be used twice, so each revision has its own."
  value       = var.kind == "ecs" ? "${one(aws_ecr_repository.this[*].repository_url)}:${var.revision}" : null
}

output "execution_role_arn" {
  description = "Role with which ECS starts a task, or null."
  value       = one(aws_iam_role.execution[*].arn)
}

output "worker_policy_arn" {
  description = "Policy for whatever runs Prefect's ECS worker, or null."
  value       = one(aws_iam_policy.worker[*].arn)
}

output "log_group" {
  description = "Where runs log."
  value       = aws_cloudwatch_log_group.this.name
}
