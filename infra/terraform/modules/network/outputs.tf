output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "private_subnet_ids" {
  description = "Three subnets in three zones, without a way in."
  value       = aws_subnet.private[*].id
}

output "s3_prefix_list_id" {
  description = "Addresses of S3 behind the gateway endpoint, for rules of security groups."
  value       = aws_vpc_endpoint.s3.prefix_list_id
}
