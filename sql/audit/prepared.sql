-- audit.prepared
-- Purpose:   What the last preparation of the warehouse has left, so that the next one can see that
--            nothing has changed since
-- Grain:     one row
-- Load rule: replaced at the end of each preparation that changed something

CREATE TABLE IF NOT EXISTS audit.prepared (
    fingerprint VARCHAR(64) NOT NULL,
    relations VARCHAR(65535) NOT NULL,
    columns_hash VARCHAR(64) NOT NULL
);
