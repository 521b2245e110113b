-- Purpose: what loading needs.
-- Run by: Terraform (infra/terraform/modules/grants), after schemas.sql.
-- COPY also needs ASSUMEROLE on the copy role, which has another name in each environment.

-- tables that arrive, what staging holds of them, and the audit of loads with the writer's lock
GRANT USAGE, CREATE ON SCHEMA staging, candidate, audit TO ROLE olist_loader;
