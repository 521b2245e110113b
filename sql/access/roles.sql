-- Purpose: the four roles of the warehouse; users and services are members of roles.
-- Run by: Terraform (infra/terraform/modules/grants), once, as the administrator.

-- loads rows: staging and candidate
CREATE ROLE olist_loader;

-- computes and publishes: candidate, analytics, audit
CREATE ROLE olist_transformer;

-- reads published tables; for BI tools and users
CREATE ROLE olist_reader;

-- reads all tables of the pipeline; for `olist query`
CREATE ROLE olist_inspector;
