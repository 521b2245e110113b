-- audit.open_batch
-- Purpose:   The batches that the current run is about; transforms and gates look here
-- Grain:     batch_date
-- Load rule: replaced when a run begins

CREATE TABLE IF NOT EXISTS audit.open_batch (
    batch_date DATE NOT NULL,
    PRIMARY KEY (batch_date)
);
