# `terraform init -backend=false && terraform test`: plans against a mocked provider, without an account.
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

variables {
  environment = "test"
  region      = "sa-east-1"
  zones       = ["sa-east-1a", "sa-east-1b", "sa-east-1c"]
}

run "names_and_settings" {
  command = plan

  assert {
    condition     = module.lake.bucket_name == "olist-test-lake-111122223333"
    error_message = "The bucket is named by project, environment and account."
  }
}

run "without_a_runner_somebody_is_named" {
  command = plan

  variables {
    runner = "none"
  }

  expect_failures = [var.pipeline_principals]
}

run "zones_of_another_region" {
  command = plan

  variables {
    zones = ["us-east-1a", "us-east-1b", "us-east-1c"]
  }

  expect_failures = [var.zones]
}

run "two_zones_are_too_few" {
  command = plan

  variables {
    zones = ["sa-east-1a", "sa-east-1b"]
  }

  expect_failures = [var.zones]
}

run "a_whole_account_is_no_principal" {
  command = plan

  variables {
    pipeline_principals = ["arn:aws:iam::111122223333:root"]
  }

  expect_failures = [var.pipeline_principals]
}
