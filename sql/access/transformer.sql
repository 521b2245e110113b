-- Purpose: what transforming and publishing need.
-- Run by: Terraform (infra/terraform/modules/grants), after schemas.sql.
GRANT USAGE ON SCHEMA staging TO ROLE olist_transformer;

GRANT SELECT FOR TABLES IN SCHEMA staging TO ROLE olist_transformer;

GRANT USAGE, CREATE ON SCHEMA candidate TO ROLE olist_transformer;

GRANT USAGE, CREATE ON SCHEMA analytics TO ROLE olist_transformer;

GRANT USAGE, CREATE ON SCHEMA audit TO ROLE olist_transformer;
