-- candidate.batch
-- Purpose:   The batches that this publish is about
-- Grain:     batch_date
-- Load rule: made anew for every publish, filled by the transform task

CREATE TABLE candidate.batch (
    batch_date DATE NOT NULL,
    PRIMARY KEY (batch_date)
);
