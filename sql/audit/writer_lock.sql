-- audit.writer_lock
-- Purpose:   The lock of the one run that may write: who holds it, and when it last showed life
-- Grain:     one row, or none while nobody writes
-- Load rule: taken and given back by each run; a stale one is taken over

CREATE TABLE IF NOT EXISTS audit.writer_lock (
    run_id VARCHAR(36) NOT NULL,
    host VARCHAR(256) NOT NULL,
    process_id INTEGER NOT NULL,
    what VARCHAR(256) NOT NULL,
    taken_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP NOT NULL
);
