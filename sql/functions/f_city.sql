-- analytics.f_city
-- Purpose:   One spelling for each city: lower case, no accents, single spaces
-- Arguments: name of a city, as a source spells it
-- Load rule: created again by every run

CREATE OR REPLACE FUNCTION analytics.f_city(VARCHAR)
RETURNS VARCHAR
IMMUTABLE
AS $$
    SELECT REGEXP_REPLACE(TRIM(analytics.f_fold_accents(LOWER($1))), ' +', ' ')
$$ LANGUAGE sql;
