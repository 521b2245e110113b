-- audit.changed_partitions
-- Purpose:   Partitions of the published tables that a publish changed. Exports write only the partitions
--            that changed after the export before
-- Grain:     table_name, partition_value, publish_number
-- Load rule: inserted in the transaction that publishes

CREATE TABLE IF NOT EXISTS audit.changed_partitions (
    table_name VARCHAR(127) NOT NULL, -- Published table
    partition_value INTEGER NOT NULL, -- Month as YYYYMM; 0 = unknown, or a table that is exported as a whole
    publish_number BIGINT NOT NULL, -- The publish that changed rows of the partition
    PRIMARY KEY (table_name, partition_value, publish_number)
);
