-- Purpose: grants for loading.
-- Run by: Terraform (infra/terraform/modules/grants), after schemas.sql.
-- COPY also needs ASSUMEROLE on the copy role, whose name differs by environment.

-- staging, arriving rows in candidate, and audit with the log of loads and the writer lock
GRANT USAGE, CREATE ON SCHEMA staging, candidate, audit TO ROLE olist_loader;
