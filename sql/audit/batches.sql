-- audit.batches
-- Purpose:   Action and source of each batch in each run
-- Grain:     run_id, batch_date
-- Load rule: one row per batch, inserted in the transaction that publishes it

CREATE TABLE IF NOT EXISTS audit.batches (
    run_id VARCHAR(36) NOT NULL,
    batch_date DATE NOT NULL,
    action VARCHAR(8) NOT NULL,
    source VARCHAR(1024) NOT NULL,
    published_at TIMESTAMP NOT NULL,
    publish_number BIGINT, -- Counts the publishes, and so orders them; NULL before it existed
    PRIMARY KEY (run_id, batch_date)
);
