output "security_group_id" {
  description = "Id of the runner's security group."
  value       = aws_security_group.this.id
}

output "instance_id" {
  description = "Id of the instance, or null."
  value       = one(aws_instance.this[*].id)
}

output "cluster_arn" {
  description = "ARN of the ECS cluster, or null."
  value       = one(aws_ecs_cluster.this[*].arn)
}

output "image" {
  description = "Image repository and tag, or null. Tags are immutable, so each revision has its own tag."
  value       = var.kind == "ecs" ? "${one(aws_ecr_repository.this[*].repository_url)}:${var.revision}" : null
}

output "execution_role_arn" {
  description = "ARN of the role that ECS uses to start a task, or null."
  value       = one(aws_iam_role.execution[*].arn)
}

output "worker_policy_arn" {
  description = "ARN of the policy for Prefect's ECS worker, or null."
  value       = one(aws_iam_policy.worker[*].arn)
}

output "log_group" {
  description = "Name of the log group of the runs."
  value       = aws_cloudwatch_log_group.this.name
}
