-- audit.failing_rows
-- Purpose:   The rows that failed an expectation, as they were; the next run replaces `candidate`
-- Grain:     run_id, expectation_id, row_number
-- Load rule: the rows of an expectation are replaced when its gate runs again in the same run; rows
--            older than 90 days are deleted

CREATE TABLE IF NOT EXISTS audit.failing_rows (
    run_id VARCHAR(36) NOT NULL,
    expectation_id VARCHAR(256) NOT NULL,
    row_number INTEGER NOT NULL, -- From 1; at most the first 1,000 rows are kept
    failing_row VARCHAR(65535) NOT NULL, -- JSON: value by column, sensitive values hidden
    kept_at TIMESTAMP NOT NULL,
    PRIMARY KEY (run_id, expectation_id, row_number)
);
