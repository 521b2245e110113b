-- Purpose: grants for `olist query`: a person looks at all tables of the pipeline, and can change nothing.
-- Run by: Terraform (infra/terraform/modules/grants), after reader.sql.
-- Its user owns no table and has neither CREATE (schemas.sql revokes it from all users) nor ASSUMEROLE, so
-- DDL, COPY and UNLOAD fail, too. It may create temporary tables, which nobody else sees.
GRANT USAGE ON SCHEMA staging, candidate, analytics, audit TO ROLE olist_inspector;

-- scoped permissions also apply to tables created later
GRANT SELECT FOR TABLES IN SCHEMA staging TO ROLE olist_inspector;

GRANT SELECT FOR TABLES IN SCHEMA candidate TO ROLE olist_inspector;

GRANT SELECT FOR TABLES IN SCHEMA analytics TO ROLE olist_inspector;

GRANT SELECT FOR TABLES IN SCHEMA audit TO ROLE olist_inspector;
