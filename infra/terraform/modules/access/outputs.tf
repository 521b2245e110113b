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

output "inspector_role_arn" {
  description = "ARN of the role of `olist query`."
  value       = aws_iam_role.inspector.arn
}

output "inspector_role_name" {
  description = "Name of that role; its database user is IAMR:<name>."
  value       = aws_iam_role.inspector.name
}
