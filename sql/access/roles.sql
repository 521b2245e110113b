-- Purpose: the three kinds of users that the warehouse has; people and services are members of roles.
-- Run by: Terraform (infra/terraform/modules/grants), once, as the administrator.

-- brings rows in: staging and what waits in candidate
CREATE ROLE olist_loader;

-- computes and publishes: candidate, analytics, audit
CREATE ROLE olist_transformer;

-- reads what is published; for BI tools and people
CREATE ROLE olist_reader;
