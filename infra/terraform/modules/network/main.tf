# A dedicated VPC: three private subnets for the warehouse, S3 access without the internet and, if flows
# run inside the VPC, outbound internet access (never inbound).
resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_hostnames = true
  enable_dns_support   = true

  tags = { Name = var.name }
}

# Redshift Serverless requires three subnets in three zones
resource "aws_subnet" "private" {
  count = 3

  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet(var.cidr, 2, count.index)
  availability_zone = var.zones[count.index]

  tags = { Name = "${var.name}-private-${count.index + 1}" }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  count = 3

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id
}

# with enhanced VPC routing, COPY and UNLOAD use this endpoint; it is free of charge
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]

  tags = { Name = "${var.name}-s3" }
}

# the default security group is unused, so it has no rules
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
}

# --- outbound access for a runner: AWS APIs, packages, Prefect server ---

resource "aws_subnet" "public" {
  count = var.outbound ? 1 : 0

  vpc_id                  = aws_vpc.this.id
  cidr_block              = cidrsubnet(var.cidr, 2, 3)
  availability_zone       = var.zones[0]
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-nat" }
}

resource "aws_internet_gateway" "this" {
  count = var.outbound ? 1 : 0

  vpc_id = aws_vpc.this.id

  tags = { Name = var.name }
}

resource "aws_route_table" "public" {
  count = var.outbound ? 1 : 0

  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-nat" }
}

resource "aws_route" "internet" {
  count = var.outbound ? 1 : 0

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  count = var.outbound ? 1 : 0

  subnet_id      = aws_subnet.public[0].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_eip" "nat" {
  #checkov:skip=CKV2_AWS_19:it belongs to the NAT gateway below
  count = var.outbound ? 1 : 0

  domain     = "vpc"
  depends_on = [aws_internet_gateway.this]

  tags = { Name = "${var.name}-nat" }
}

resource "aws_nat_gateway" "this" {
  count = var.outbound ? 1 : 0

  allocation_id = aws_eip.nat[0].id
  subnet_id     = aws_subnet.public[0].id

  tags = { Name = var.name }
}

resource "aws_route" "out" {
  count = var.outbound ? 1 : 0

  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[0].id
}

# --- VPC flow logs ---

resource "aws_cloudwatch_log_group" "flows" {
  name              = "/${var.name}/vpc-flows"
  retention_in_days = var.log_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_flow_log" "this" {
  vpc_id          = aws_vpc.this.id
  traffic_type    = "REJECT"
  iam_role_arn    = aws_iam_role.flows.arn
  log_destination = aws_cloudwatch_log_group.flows.arn
}

resource "aws_iam_role" "flows" {
  name               = "${var.name}-vpc-flows"
  assume_role_policy = data.aws_iam_policy_document.flows_trust.json
}

data "aws_iam_policy_document" "flows_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "flows" {
  name   = "write-logs"
  role   = aws_iam_role.flows.id
  policy = data.aws_iam_policy_document.flows.json
}

data "aws_iam_policy_document" "flows" {
  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    resources = ["${aws_cloudwatch_log_group.flows.arn}:*"]
  }
}
