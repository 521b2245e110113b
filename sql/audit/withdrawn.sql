-- audit.withdrawn
-- Purpose:   Keys whose rows left staging with a batch that was delivered again, until the models
--            are recomputed without them
-- Grain:     none: the same key may be withdrawn several times
-- Load rule: filled in the transaction that deletes the rows, emptied when the models are published

CREATE TABLE IF NOT EXISTS audit.withdrawn (
    column_name VARCHAR(127) NOT NULL,
    key_value VARCHAR(128) NOT NULL
);
