output "topic_arn" {
  description = "The topic that everybody is told by."
  value       = aws_sns_topic.this.arn
}
