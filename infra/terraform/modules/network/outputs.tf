output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}

output "private_subnet_ids" {
  description = "Ids of three private subnets in three zones, without inbound access."
  value       = aws_subnet.private[*].id
}

output "s3_prefix_list_id" {
  description = "Id of the prefix list of S3's gateway endpoint, for security group rules."
  value       = aws_vpc_endpoint.s3.prefix_list_id
}
