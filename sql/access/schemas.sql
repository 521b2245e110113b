-- Purpose: the schemas, owned by the administrator, so that the pipeline needs no privilege on the database.
-- Run by: Terraform (infra/terraform/modules/grants), after roles.sql.
-- The pipeline creates and owns only the tables in them.
CREATE SCHEMA IF NOT EXISTS staging;

CREATE SCHEMA IF NOT EXISTS candidate;

CREATE SCHEMA IF NOT EXISTS analytics;

CREATE SCHEMA IF NOT EXISTS audit;

-- by default all users (the group public) may create tables here, also those who should only read
REVOKE CREATE ON SCHEMA public FROM public;
