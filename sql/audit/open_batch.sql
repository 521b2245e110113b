-- audit.open_batch
-- Purpose:   The batches that the current run is about, and what it does with each of them:
--            load (rows arrive and replace an earlier delivery), retract (they leave), rebuild
--            (recomputed as they are in staging), restore (staging is filled from the lake)
-- Grain:     batch_date
-- Load rule: replaced when a run begins, emptied when it has published

CREATE TABLE IF NOT EXISTS audit.open_batch (
    batch_date DATE NOT NULL,
    action VARCHAR(8) NOT NULL,
    source VARCHAR(1024) NOT NULL,
    PRIMARY KEY (batch_date)
);
