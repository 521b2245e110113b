# Users and grants inside the warehouse, through Redshift's Data API: no network path is needed, and the
# administrator's password stays in Secrets Manager. The SQL itself is in sql/access/.
locals {
  # the Data API takes one statement at a time: name of the file and place in it → statement
  statements = {
    for file in ["roles", "schemas", "loader", "transformer", "reader"] : file => {
      for number, text in compact([
        for part in split(";", join("\n", [
          for line in split("\n", file("${var.scripts_folder}/${file}.sql")) : line
          if !startswith(trimspace(line), "--")
        ])) : trimspace(part)
      ]) : "${file}-${number}" => text
    }
  }

  # names of IAM roles differ by environment, so these are written here
  users = { for name in setunion([var.pipeline_role], var.readers) : name => "CREATE USER \"IAMR:${name}\" PASSWORD DISABLE" }
  members = merge(
    {
      loader      = "GRANT ROLE olist_loader TO \"IAMR:${var.pipeline_role}\""
      transformer = "GRANT ROLE olist_transformer TO \"IAMR:${var.pipeline_role}\""
      copy        = "GRANT ASSUMEROLE ON '${var.copy_role_arn}' TO \"IAMR:${var.pipeline_role}\" FOR COPY, UNLOAD"
    },
    { for name in var.readers : "reader-${name}" => "GRANT ROLE olist_reader TO \"IAMR:${name}\"" },
  )
}

# a workgroup that was made anew knows nobody: then all of it runs again
resource "terraform_data" "workgroup" {
  input = var.workgroup_arn
}

resource "aws_redshiftdata_statement" "roles" {
  for_each = local.statements.roles

  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = each.value

  lifecycle {
    replace_triggered_by = [terraform_data.workgroup]
  }
}

resource "aws_redshiftdata_statement" "schemas" {
  for_each = local.statements.schemas

  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = each.value

  lifecycle {
    replace_triggered_by = [terraform_data.workgroup]
  }
}

resource "aws_redshiftdata_statement" "users" {
  for_each = local.users

  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = each.value

  lifecycle {
    replace_triggered_by = [terraform_data.workgroup]
  }
}

# nobody but those who are named may lend the warehouse a role
resource "aws_redshiftdata_statement" "no_role_for_all" {
  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = "REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL"

  lifecycle {
    replace_triggered_by = [terraform_data.workgroup]
  }
}

resource "aws_redshiftdata_statement" "grants" {
  for_each = merge(local.statements.loader, local.statements.transformer, local.statements.reader)

  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = each.value

  depends_on = [aws_redshiftdata_statement.roles, aws_redshiftdata_statement.schemas]

  lifecycle {
    replace_triggered_by = [terraform_data.workgroup]
  }
}

resource "aws_redshiftdata_statement" "members" {
  for_each = local.members

  workgroup_name = var.workgroup
  database       = var.database
  secret_arn     = var.admin_secret
  sql            = each.value

  depends_on = [
    aws_redshiftdata_statement.roles,
    aws_redshiftdata_statement.users,
    aws_redshiftdata_statement.no_role_for_all,
  ]

  lifecycle {
    replace_triggered_by = [terraform_data.workgroup]
  }
}
