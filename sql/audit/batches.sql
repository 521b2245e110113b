-- audit.batches
-- Purpose:   What became of each batch, run by run
-- Grain:     run_id, batch_date
-- Load rule: one row a batch in the transaction that publishes it

CREATE TABLE IF NOT EXISTS audit.batches (
    run_id VARCHAR(36) NOT NULL,
    batch_date DATE NOT NULL,
    action VARCHAR(8) NOT NULL,
    source VARCHAR(1024) NOT NULL,
    published_at TIMESTAMP NOT NULL,
    PRIMARY KEY (run_id, batch_date)
);
