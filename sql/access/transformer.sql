-- Purpose: grants for transforming and publishing.
-- Run by: Terraform (infra/terraform/modules/grants), after loader.sql.
GRANT SELECT FOR TABLES IN SCHEMA staging TO ROLE olist_transformer;

GRANT USAGE, CREATE ON SCHEMA candidate, analytics, audit TO ROLE olist_transformer;

GRANT USAGE ON SCHEMA staging TO ROLE olist_transformer;
