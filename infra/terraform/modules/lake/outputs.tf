output "bucket" {
  description = "Name of the lake's bucket."
  value       = aws_s3_bucket.lake.id
}

output "bucket_name" {
  description = "The same, known before it is made."
  value       = var.name
}

output "bucket_arn" {
  description = "ARN of the lake's bucket."
  value       = aws_s3_bucket.lake.arn
}
