-- Purpose: grants for transforming and publishing.
-- Run by: Terraform (infra/terraform/modules/grants), after loader.sql.
-- sql/functions also need USAGE ON LANGUAGE SQL, which PUBLIC has by default.
GRANT SELECT FOR TABLES IN SCHEMA staging TO ROLE olist_transformer;

GRANT USAGE, CREATE ON SCHEMA candidate, analytics, audit TO ROLE olist_transformer;

GRANT USAGE ON SCHEMA staging TO ROLE olist_transformer;
