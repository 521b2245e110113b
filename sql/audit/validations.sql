-- audit.validations
-- Purpose:   Result of every expectation of every gate
-- Grain:     run_id, gate, expectation_number
-- Load rule: the rows of a gate are replaced when it runs again in the same run

CREATE TABLE IF NOT EXISTS audit.validations (
    run_id VARCHAR(36) NOT NULL,
    batch_date DATE NOT NULL,
    gate VARCHAR(32) NOT NULL,
    expectation_number SMALLINT NOT NULL,
    dataset VARCHAR(127) NOT NULL,
    expectation VARCHAR(256) NOT NULL,
    reason VARCHAR(1024) NOT NULL,
    severity VARCHAR(8) NOT NULL,
    passed BOOLEAN NOT NULL,
    observed VARCHAR(4096),
    owner VARCHAR(32) NOT NULL,
    -- user who accepted the failed expectation, and the reason; NULL if not accepted
    accepted_by VARCHAR(128),
    accepted_because VARCHAR(1024),
    validated_at TIMESTAMP NOT NULL,
    expectation_id VARCHAR(256), -- Stable id: staging.orders.status_known
    validation_number BIGINT, -- Counts the gates recorded, and so orders them; NULL before it existed
    publish_number BIGINT, -- The last publish before the gate ran, as in audit.batches
    PRIMARY KEY (run_id, gate, expectation_number)
);
