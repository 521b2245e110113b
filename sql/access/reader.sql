-- Purpose: grants for BI tools and users: published tables and their audit. No access to staging, which holds
-- city names and review comments unchanged, or to candidate, which no gate has passed yet.
-- Run by: Terraform (infra/terraform/modules/grants), after transformer.sql.
GRANT USAGE ON SCHEMA analytics, audit TO ROLE olist_reader;

-- scoped permissions also apply to tables created later
GRANT SELECT FOR TABLES IN SCHEMA analytics TO ROLE olist_reader;

GRANT SELECT FOR TABLES IN SCHEMA audit TO ROLE olist_reader;
