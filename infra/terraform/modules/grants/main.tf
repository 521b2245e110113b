# Users and grants inside the warehouse, through Redshift's Data API: it needs no network path, and the
# administrator's password stays in Secrets Manager. The SQL is in sql/access/.
#
# AWS deletes the record of a statement after a day, and the provider then reads it as empty. Changes of
# the record are therefore ignored: a statement runs again only if its text or the namespace changes.
locals {
  # the Data API takes one statement at a time; the key of each is its text
  statements = {
    for file in ["roles", "schemas", "loader", "transformer", "reader", "inspector"] : file => {
      for text in compact([
        for part in split(";", join("\n", [
          for line in split("\n", file("${var.scripts_folder}/${file}.sql")) : line
          if !startswith(trimspace(line), "--")
        ])) : trimspace(part)
      ]) : substr(sha256(text), 0, 12) => text
    }
  }

  # names of IAM roles differ by environment, so these statements are written here
  users   = { for name in setunion([var.pipeline_role, var.inspector_role], var.readers) : name => "CREATE USER \"IAMR:${name}\" PASSWORD DISABLE" }
  members = { for name in var.readers : name => "GRANT ROLE olist_reader TO \"IAMR:${name}\"" }
}

resource "terraform_data" "namespace" {
  input = var.namespace_id
}

resource "aws_redshiftdata_statement" "roles" {
  for_each = local.statements.roles

  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = each.value

  lifecycle {
    ignore_changes       = [workgroup_name, database, secret_arn, sql]
    replace_triggered_by = [terraform_data.namespace]
  }
}

resource "aws_redshiftdata_statement" "schemas" {
  for_each = local.statements.schemas

  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = each.value

  lifecycle {
    ignore_changes       = [workgroup_name, database, secret_arn, sql]
    replace_triggered_by = [terraform_data.namespace]
  }
}

resource "aws_redshiftdata_statement" "users" {
  for_each = local.users

  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = each.value

  lifecycle {
    ignore_changes       = [workgroup_name, database, secret_arn, sql]
    replace_triggered_by = [terraform_data.namespace]
  }
}

# grant to the four roles one after the other: Redshift refuses concurrent grants on one schema
resource "aws_redshiftdata_statement" "loader" {
  for_each = local.statements.loader

  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = each.value

  depends_on = [aws_redshiftdata_statement.roles, aws_redshiftdata_statement.schemas]

  lifecycle {
    ignore_changes       = [workgroup_name, database, secret_arn, sql]
    replace_triggered_by = [terraform_data.namespace]
  }
}

resource "aws_redshiftdata_statement" "transformer" {
  for_each = local.statements.transformer

  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = each.value

  depends_on = [aws_redshiftdata_statement.loader]

  lifecycle {
    ignore_changes       = [workgroup_name, database, secret_arn, sql]
    replace_triggered_by = [terraform_data.namespace]
  }
}

resource "aws_redshiftdata_statement" "reader" {
  for_each = local.statements.reader

  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = each.value

  depends_on = [aws_redshiftdata_statement.transformer]

  lifecycle {
    ignore_changes       = [workgroup_name, database, secret_arn, sql]
    replace_triggered_by = [terraform_data.namespace]
  }
}

resource "aws_redshiftdata_statement" "inspector" {
  for_each = local.statements.inspector

  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = each.value

  depends_on = [aws_redshiftdata_statement.reader]

  lifecycle {
    ignore_changes       = [workgroup_name, database, secret_arn, sql]
    replace_triggered_by = [terraform_data.namespace]
  }
}

resource "aws_redshiftdata_statement" "pipeline" {
  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = "GRANT ROLE olist_loader, ROLE olist_transformer TO \"IAMR:${var.pipeline_role}\""

  depends_on = [aws_redshiftdata_statement.users, aws_redshiftdata_statement.inspector]

  lifecycle {
    ignore_changes       = [workgroup_name, database, secret_arn, sql]
    replace_triggered_by = [terraform_data.namespace]
  }
}

resource "aws_redshiftdata_statement" "inspectors" {
  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = "GRANT ROLE olist_inspector TO \"IAMR:${var.inspector_role}\""

  depends_on = [aws_redshiftdata_statement.pipeline]

  lifecycle {
    ignore_changes       = [workgroup_name, database, secret_arn, sql]
    replace_triggered_by = [terraform_data.namespace]
  }
}

resource "aws_redshiftdata_statement" "readers" {
  for_each = local.members

  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = each.value

  depends_on = [aws_redshiftdata_statement.inspectors]

  lifecycle {
    ignore_changes       = [workgroup_name, database, secret_arn, sql]
    replace_triggered_by = [terraform_data.namespace]
  }
}

# only users with an explicit ASSUMEROLE grant may use an IAM role
resource "aws_redshiftdata_statement" "no_role_for_all" {
  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = "REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL"

  depends_on = [aws_redshiftdata_statement.readers]

  lifecycle {
    ignore_changes       = [workgroup_name, database, secret_arn, sql]
    replace_triggered_by = [terraform_data.namespace]
  }
}

resource "aws_redshiftdata_statement" "copy" {
  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = "GRANT ASSUMEROLE ON '${var.copy_role_arn}' TO \"IAMR:${var.pipeline_role}\" FOR COPY, UNLOAD"

  depends_on = [aws_redshiftdata_statement.no_role_for_all]

  lifecycle {
    ignore_changes       = [workgroup_name, database, secret_arn, sql]
    replace_triggered_by = [terraform_data.namespace]
  }
}
