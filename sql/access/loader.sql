-- Purpose: what loading needs.
-- Run by: Terraform (infra/terraform/modules/grants), after schemas.sql.
-- COPY also needs ASSUMEROLE on the copy role, which has another name in each environment.

-- tables that arrive, and what staging holds of them
GRANT USAGE, CREATE ON SCHEMA staging TO ROLE olist_loader;

GRANT USAGE, CREATE ON SCHEMA candidate TO ROLE olist_loader;

-- loads, open batches, and the writer's lock
GRANT USAGE, CREATE ON SCHEMA audit TO ROLE olist_loader;
