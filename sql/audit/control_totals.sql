-- audit.control_totals
-- Purpose:   What each publish adds to the totals of the staging rows in force. Their sum is the
--            running total that reconciliation compares with what is published, so that a daily run
--            does not read all of staging
-- Grain:     publish_number, table_name, measure
-- Load rule: inserted in the transaction that publishes; a rebuild replaces all rows by the totals of
--            all of staging

CREATE TABLE IF NOT EXISTS audit.control_totals (
    publish_number BIGINT NOT NULL, -- The publish; 0 = what was there before control totals existed
    table_name VARCHAR(127) NOT NULL, -- Staging table
    measure VARCHAR(127) NOT NULL, -- rows, persons, or a money column
    change DECIMAL(18, 2) NOT NULL, -- Change of the total of the rows in force: rows, persons or R$
    PRIMARY KEY (publish_number, table_name, measure)
);
