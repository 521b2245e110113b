output "copy_role_arn" {
  description = "ARN of the role of COPY and UNLOAD."
  value       = aws_iam_role.copy.arn
}

output "pipeline_role_arn" {
  description = "ARN of the pipeline role."
  value       = aws_iam_role.pipeline.arn
}

output "pipeline_role_name" {
  description = "Name of the pipeline role; its database user is IAMR:<name>."
  value       = aws_iam_role.pipeline.name
}
