-- audit.metrics
-- Purpose:   Metrics of each published batch: row counts, missing values, shares, means, freshness;
--            candidate.drift compares later batches with them
-- Grain:     batch_date, metric
-- Load rule: replaced in the transaction that publishes the batch

CREATE TABLE IF NOT EXISTS audit.metrics (
    batch_date DATE NOT NULL,
    metric VARCHAR(64) NOT NULL,
    kind VARCHAR(8) NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    row_count BIGINT NOT NULL,
    PRIMARY KEY (batch_date, metric)
);
