# The runner of the flows, inside the VPC because the warehouse has no public endpoint: a machine with
# Prefect's server and worker, or an ECS cluster in which a worker starts one task per run.
resource "aws_security_group" "this" {
  name        = "${var.name}-runner"
  description = "Flows: nothing comes in; the warehouse, AWS, Prefect and packages out"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-runner" }
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.this.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "APIs of AWS and Prefect, packages"
}

resource "aws_vpc_security_group_egress_rule" "warehouse" {
  security_group_id = aws_security_group.this.id
  cidr_ipv4         = var.vpc_cidr
  ip_protocol       = "tcp"
  from_port         = 5439
  to_port           = 5439
  description       = "SQL over TLS"
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/runs"
  retention_in_days = var.log_days
  kms_key_id        = var.kms_key_arn
}

# --- instance: accessed through Session Manager, which needs no open port ---

data "aws_ssm_parameter" "image" {
  count = var.kind == "instance" ? 1 : 0

  # not every package of the lock file has an ARM build
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

resource "aws_instance" "this" {
  count = var.kind == "instance" ? 1 : 0

  ami                         = data.aws_ssm_parameter.image[0].value
  instance_type               = "t3.medium"
  subnet_id                   = var.subnet_id
  vpc_security_group_ids      = [aws_security_group.this.id]
  iam_instance_profile        = aws_iam_instance_profile.this[0].name
  associate_public_ip_address = false
  ebs_optimized               = true
  monitoring                  = true
  user_data_replace_on_change = true
  user_data = templatefile("${path.module}/user_data.sh.tftpl", {
    repository = var.repository
    revision   = var.revision
    dotenv     = var.dotenv
  })

  root_block_device {
    volume_type = "gp3"
    volume_size = 20
    encrypted   = true
    kms_key_id  = var.kms_key_arn
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  tags = { Name = "${var.name}-runner" }

  lifecycle {
    # a newer image does not replace the machine automatically; use terraform apply -replace
    ignore_changes = [ami]
  }
}

resource "aws_iam_instance_profile" "this" {
  count = var.kind == "instance" ? 1 : 0

  name = "${var.name}-runner"
  role = var.pipeline_role_name
}

resource "aws_iam_role_policy_attachment" "session_manager" {
  count = var.kind == "instance" ? 1 : 0

  role       = var.pipeline_role_name
  policy_arn = "arn:${var.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

# --- ECS: one task per run ---

resource "aws_ecs_cluster" "this" {
  count = var.kind == "ecs" ? 1 : 0

  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecr_repository" "this" {
  count = var.kind == "ecs" ? 1 : 0

  name                 = var.name
  image_tag_mutability = "IMMUTABLE"
  force_delete         = !var.keep_data

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.kms_key_arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  count = var.kind == "ecs" ? 1 : 0

  repository = aws_ecr_repository.this[0].name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "the last twenty images"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 20 }
      action       = { type = "expire" }
    }]
  })
}

# execution role: ECS pulls the image and writes the log
resource "aws_iam_role" "execution" {
  count = var.kind == "ecs" ? 1 : 0

  name               = "${var.name}-execution"
  description        = "ECS: fetches the image of a run and writes its log"
  assume_role_policy = data.aws_iam_policy_document.execution_trust.json
}

data "aws_iam_policy_document" "execution_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account]
    }
  }
}

resource "aws_iam_role_policy" "execution" {
  count = var.kind == "ecs" ? 1 : 0

  name   = "image-and-log"
  role   = aws_iam_role.execution[0].id
  policy = data.aws_iam_policy_document.execution[0].json
}

data "aws_iam_policy_document" "execution" {
  count = var.kind == "ecs" ? 1 : 0

  statement {
    sid     = "FetchTheImage"
    actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [
      aws_ecr_repository.this[0].arn,
    ]
  }

  # this action supports no resource: the token is for the whole registry and grants no read access itself
  #checkov:skip=CKV_AWS_356:ecr:GetAuthorizationToken can be given for "*" only
  statement {
    sid       = "LogInToTheRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "ReadPrefectsSecret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.prefect_auth_secret]
  }

  statement {
    sid       = "WriteTheLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }
}

# policy for the worker, wherever it runs: it starts and stops tasks
resource "aws_iam_policy" "worker" {
  count = var.kind == "ecs" ? 1 : 0

  name        = "${var.name}-worker"
  description = "Prefect's ECS worker: starts, watches and ends the tasks of this cluster"
  policy      = data.aws_iam_policy_document.worker[0].json
}

data "aws_iam_policy_document" "worker" {
  count = var.kind == "ecs" ? 1 : 0

  statement {
    sid       = "RunTasks"
    actions   = ["ecs:RunTask", "ecs:StopTask", "ecs:DescribeTasks", "ecs:TagResource"]
    resources = ["arn:${var.partition}:ecs:${var.region}:${var.account}:task/${var.name}/*", "arn:${var.partition}:ecs:${var.region}:${var.account}:task-definition/prefect*"]
  }

  # these actions support no resource
  #checkov:skip=CKV_AWS_356:task definitions are registered, and networks looked up, for "*" only
  #checkov:skip=CKV_AWS_111:task definitions are registered for "*" only; they may use the two roles below and no other
  statement {
    sid = "RegisterTaskDefinitions"
    actions = [
      "ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition",
      "ec2:DescribeSubnets", "ec2:DescribeVpcs",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "PassTheRoles"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.execution[0].arn, var.pipeline_role_arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}
