output "copy_role_arn" {
  description = "Role of COPY and UNLOAD."
  value       = aws_iam_role.copy.arn
}

output "pipeline_role_arn" {
  description = "Role of the pipeline."
  value       = aws_iam_role.pipeline.arn
}

output "pipeline_role_name" {
  description = "Its name; its database user is IAMR:<name>."
  value       = aws_iam_role.pipeline.name
}
