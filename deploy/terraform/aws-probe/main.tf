# One probe in each subnet: a group of one, so that a lost host comes back; no inbound rule; outbound
# only to the orchestrator and to what is tested.

locals {
  tags = merge(var.tags, { "app" = "reachproof-probe" })
}

data "aws_region" "here" {}
data "aws_caller_identity" "here" {}
data "aws_partition" "here" {}

resource "aws_security_group" "probe" {
  name_prefix = "reachproof-probe-"
  description = "Reachproof probes: nothing in; the orchestrator and the tested flows out"
  vpc_id      = var.vpc_id
  tags        = local.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "orchestrator" {
  security_group_id = aws_security_group.probe.id
  description       = "The orchestrator's probe plane"
  cidr_ipv4         = var.orchestrator_cidr
  ip_protocol       = "tcp"
  from_port         = var.orchestrator_port
  to_port           = var.orchestrator_port
}

resource "aws_vpc_security_group_egress_rule" "tested" {
  for_each = { for flow in var.tested_flows : "${flow.cidr} ${flow.protocol} ${flow.from_port}-${flow.to_port}" => flow }

  security_group_id = aws_security_group.probe.id
  description       = "Tested"
  cidr_ipv4         = each.value.cidr
  ip_protocol       = each.value.protocol
  from_port         = each.value.from_port
  to_port           = each.value.to_port
}

# Set-up alone: the package, and the token by its parameter.
resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.probe.id
  description       = "Set-up: the package and the token's parameter"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "token" {
  for_each = var.subnets

  statement {
    actions = ["ssm:GetParameter"]
    resources = [
      "arn:${data.aws_partition.here.partition}:ssm:${data.aws_region.here.name}:${data.aws_caller_identity.here.account_id}:parameter/${trimprefix(var.join_token_parameters[each.key], "/")}"
    ]
  }
}

resource "aws_iam_role" "probe" {
  for_each = var.subnets

  name_prefix        = "reachproof-probe-"
  assume_role_policy = data.aws_iam_policy_document.assume.json
  tags               = merge(local.tags, { "probe" = each.key })
}

resource "aws_iam_role_policy" "token" {
  for_each = var.subnets

  name   = "join-token"
  role   = aws_iam_role.probe[each.key].id
  policy = data.aws_iam_policy_document.token[each.key].json
}

resource "aws_iam_instance_profile" "probe" {
  for_each = var.subnets

  name_prefix = "reachproof-probe-"
  role        = aws_iam_role.probe[each.key].name
}

resource "aws_launch_template" "probe" {
  for_each = var.subnets

  name_prefix            = "reachproof-probe-"
  image_id               = var.ami_id
  instance_type          = var.instance_type
  update_default_version = true
  vpc_security_group_ids = [aws_security_group.probe.id]
  tags                   = local.tags

  iam_instance_profile {
    name = aws_iam_instance_profile.probe[each.key].name
  }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      encrypted   = true
      volume_size = 8
    }
  }

  user_data = base64encode(templatefile("${path.module}/user_data.sh.tftpl", {
    package_url     = var.package_url
    package_sha256  = var.package_sha256
    token_parameter = var.join_token_parameters[each.key]
    region          = data.aws_region.here.name
    scope_file      = var.scope_file
  }))

  tag_specifications {
    resource_type = "instance"
    tags          = merge(local.tags, { "Name" = "reachproof-probe-${each.key}" })
  }
}

resource "aws_autoscaling_group" "probe" {
  for_each = var.subnets

  name_prefix         = "reachproof-probe-${each.key}-"
  min_size            = 1
  max_size            = 1
  desired_capacity    = 1
  vpc_zone_identifier = [each.value]

  launch_template {
    id      = aws_launch_template.probe[each.key].id
    version = aws_launch_template.probe[each.key].latest_version
  }
}
