-- Purpose: what BI tools and people may see: what is published, and its audit; never staging, where names of
-- cities and comments of reviews lie as they came, nor candidate, which no gate has passed yet.
-- Run by: Terraform (infra/terraform/modules/grants), after transformer.sql.
GRANT USAGE ON SCHEMA analytics, audit TO ROLE olist_reader;

-- scoped permissions: they hold for tables that are made later, too
GRANT SELECT FOR TABLES IN SCHEMA analytics TO ROLE olist_reader;

GRANT SELECT FOR TABLES IN SCHEMA audit TO ROLE olist_reader;
