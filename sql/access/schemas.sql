-- Purpose: the schemas, owned by the administrator, so that the pipeline needs no right on the database.
-- Run by: Terraform (infra/terraform/modules/grants), after roles.sql.
-- The pipeline creates the tables in them, and owns those alone.
CREATE SCHEMA IF NOT EXISTS staging;

CREATE SCHEMA IF NOT EXISTS candidate;

CREATE SCHEMA IF NOT EXISTS analytics;

CREATE SCHEMA IF NOT EXISTS audit;
