output "security_group_id" {
  description = "Of all probes: allow it where a flow is meant to be open."
  value       = aws_security_group.probe.id
}

output "group_names" {
  description = "The group of each probe."
  value       = { for name, group in aws_autoscaling_group.probe : name => group.name }
}

output "role_arns" {
  description = "The role of each probe: it reads its own join token, and nothing else."
  value       = { for name, role in aws_iam_role.probe : name => role.arn }
}
