-- audit.proven_totals
-- Purpose:   The running totals, beside the same totals computed from all of staging
-- Grain:     table_name, measure
-- Load rule: a view over audit.control_totals and audit.in_force_totals. It reads all of staging, so the gate
--            reads it once a week, and on demand

CREATE OR REPLACE VIEW audit.proven_totals AS
WITH running AS (
    SELECT
        table_name,
        measure,
        SUM(change) AS total
    FROM audit.control_totals
    GROUP BY
        table_name,
        measure
)

SELECT
    in_force_totals.table_name,
    in_force_totals.measure,
    in_force_totals.total AS proven_total,
    -- a table without a change has no control total
    CAST(COALESCE(running.total, 0) AS DECIMAL(18, 2)) AS running_total
FROM audit.in_force_totals
LEFT JOIN running
    ON
        in_force_totals.table_name = running.table_name
        AND in_force_totals.measure = running.measure;
