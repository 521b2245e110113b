-- audit.open_batch
-- Purpose:   Batches of the current run and the action for each: load (rows arrive and replace an
--            earlier delivery), retract (rows are removed), rebuild (recomputed from staging as it is),
--            restore (staging is refilled from the lake)
-- Grain:     batch_date
-- Load rule: replaced when a run starts, emptied after it publishes

CREATE TABLE IF NOT EXISTS audit.open_batch (
    batch_date DATE NOT NULL,
    action VARCHAR(8) NOT NULL,
    source VARCHAR(1024) NOT NULL,
    PRIMARY KEY (batch_date)
);
