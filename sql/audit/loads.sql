-- audit.loads
-- Purpose:   Source file of each staging table and batch: hashes, row counts and money total
-- Grain:     table_name, batch_date
-- Load rule: replaced in the transaction that publishes the batch

CREATE TABLE IF NOT EXISTS audit.loads (
    table_name VARCHAR(127) NOT NULL,
    batch_date DATE NOT NULL,
    run_id VARCHAR(36) NOT NULL,
    content_hash VARCHAR(64) NOT NULL,
    source_file VARCHAR(1024) NOT NULL,
    source_sha256 VARCHAR(64) NOT NULL,
    source_bytes BIGINT NOT NULL,
    rows_read BIGINT NOT NULL,
    rows_loaded BIGINT NOT NULL,
    rows_quarantined BIGINT NOT NULL,
    money_total DECIMAL(18, 2) NOT NULL,
    manifest VARCHAR(1024) NOT NULL,
    loaded_at TIMESTAMP NOT NULL,
    money_read DECIMAL(18, 2), -- R$ in the file, before any row is set aside
    money_quarantined DECIMAL(18, 2), -- R$ of it in quarantine
    amounts_unreadable BIGINT, -- rows in quarantine with an amount that cannot be read
    same_as DATE, -- The batch whose staging rows stand for this file, which repeats it; NULL: its own
    PRIMARY KEY (table_name, batch_date)
);
