-- audit.writer_lock
-- Purpose:   Lock of the only run that may write: its holder and the time of its last heartbeat
-- Grain:     one row while a run writes, otherwise none
-- Load rule: each run takes and releases the lock; a stale lock is taken over

CREATE TABLE IF NOT EXISTS audit.writer_lock (
    run_id VARCHAR(36) NOT NULL,
    host VARCHAR(256) NOT NULL,
    process_id INTEGER NOT NULL,
    what VARCHAR(256) NOT NULL,
    taken_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP NOT NULL
);
