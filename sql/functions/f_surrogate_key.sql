-- analytics.f_surrogate_key
-- Purpose:   Surrogate key of a natural key: the first 60 bits of its MD5 hash, so that each run computes
--            the same key
-- Arguments: natural key; parts of a composite key are joined with |
-- Load rule: created again by every run; a change of the formula requires a rebuild of all models

CREATE OR REPLACE FUNCTION analytics.f_surrogate_key(VARCHAR)
RETURNS BIGINT
IMMUTABLE
AS $$
    SELECT CAST(STRTOL(LEFT(MD5($1), 15), 16) AS BIGINT)
$$ LANGUAGE sql;
