output "bucket" {
  description = "Name of the lake's bucket."
  value       = aws_s3_bucket.lake.id
}

output "bucket_name" {
  description = "Name of the lake's bucket, known at plan time."
  value       = var.name
}

output "bucket_arn" {
  description = "ARN of the lake's bucket."
  value       = aws_s3_bucket.lake.arn
}
