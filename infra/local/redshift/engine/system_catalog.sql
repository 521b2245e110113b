-- Redshift's catalogue, read from the engine's own and from the definitions kept as comments.
--
-- Run once per database, after macros.sql.
-- Sources: https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_system-tables.html
CREATE TABLE IF NOT EXISTS emulator.sys_load_history (
  user_id INTEGER, query_id BIGINT, session_id INTEGER, status VARCHAR, table_name VARCHAR,
  start_time TIMESTAMP, end_time TIMESTAMP, data_source VARCHAR, file_format VARCHAR,
  loaded_rows BIGINT, loaded_bytes BIGINT, source_file_count INTEGER, error_message VARCHAR);
CREATE TABLE IF NOT EXISTS emulator.sys_load_error_detail (
  user_id INTEGER, query_id BIGINT, transaction_id BIGINT, session_id INTEGER,
  database_name VARCHAR, table_id INTEGER, start_time TIMESTAMP, file_name VARCHAR,
  line_number BIGINT, column_name VARCHAR, column_type VARCHAR, column_length VARCHAR,
  position INTEGER, error_code INTEGER, error_message VARCHAR);

-- whether the user may see the names of a schema; the variable is set for readers only
-- https://docs.aws.amazon.com/redshift/latest/dg/metadata-security.html
CREATE OR REPLACE MACRO emulator.is_visible(schema_name) AS
  getvariable('readable_schemas') IS NULL
  OR list_contains(getvariable('readable_schemas'), schema_name);

CREATE OR REPLACE VIEW emulator.relations AS
  SELECT 'r' AS relkind, schema_oid, schema_name AS "schema", table_oid AS rel_oid,
         table_name AS relname, coalesce(json_extract_string(comment, '$.diststyle'), 'AUTO')
           AS diststyle,
         100 AS owner_id, 'olist' AS owner_name,
         NULL::VARCHAR AS view_definition, NULL::VARCHAR AS "privileges", comment
  FROM duckdb_tables() WHERE schema_name NOT IN ('emulator', 'main') AND NOT temporary
    AND emulator.is_visible(schema_name)
  UNION ALL
  SELECT 'v', schema_oid, schema_name, view_oid, view_name, NULL, 100, 'olist',
         -- its text may name schemas that a reader must not see
         CASE WHEN getvariable('readable_schemas') IS NULL THEN sql END, NULL, NULL
  FROM duckdb_views() WHERE schema_name NOT IN ('emulator', 'main', 'pg_catalog',
                                                'information_schema') AND NOT temporary
    AND emulator.is_visible(schema_name);

-- Redshift's name of a DuckDB type, for columns whose table has no definition
CREATE OR REPLACE MACRO emulator.type_name(kind) AS CASE
  WHEN starts_with(kind, 'DECIMAL') THEN 'numeric' || replace(kind[8:], ' ', '')
  WHEN kind = 'VARCHAR' THEN 'character varying(65535)'
  WHEN kind = 'DOUBLE' THEN 'double precision' WHEN kind = 'FLOAT' THEN 'real'
  WHEN kind = 'TIMESTAMP' THEN 'timestamp without time zone'
  ELSE lower(kind) END;
CREATE OR REPLACE VIEW emulator.columns AS
  SELECT c.schema_name AS "schema", c.table_name, c.column_name AS "name",
         c.column_index AS attnum, NOT c.is_nullable AS "notnull", CASE WHEN contains(c.column_default, 'statement_time') THEN 'getdate()'
              WHEN contains(c.column_default, 'transaction_time') THEN 'sysdate'
              ELSE c.column_default END AS adsrc,
         c.schema_oid, c.table_oid, r.relkind,
         coalesce(json_extract_string(r.comment, '$.columns."' || c.column_name || '"'),
                  emulator.type_name(c.data_type)) AS "type",
         coalesce(json_extract_string(r.comment, '$.distkey') = c.column_name, FALSE) AS distkey,
         coalesce(list_position(CAST(json_extract(r.comment, '$.sortkey') AS VARCHAR[]),
                                c.column_name), 0) AS sortkey,
         c.comment AS remarks
  FROM duckdb_columns() AS c JOIN emulator.relations AS r
    ON r."schema" = c.schema_name AND r.relname = c.table_name;
CREATE OR REPLACE VIEW emulator.reflected_columns AS
  SELECT "schema", table_name, "name", 'none' AS "encode", "type", distkey, sortkey, "notnull",
         remarks AS "comment", adsrc, attnum, "type" AS format_type, adsrc AS "default",
         schema_oid, table_oid
  FROM emulator.columns ORDER BY "schema", table_name, attnum;

CREATE OR REPLACE VIEW emulator.keys AS
  WITH tables AS (SELECT * FROM emulator.relations WHERE comment IS NOT NULL)
  SELECT "schema", relname, rel_oid, schema_oid, 'p' AS contype, relname || '_pkey' AS conname,
         CAST(json_extract(comment, '$.primary_key') AS VARCHAR[]) AS columns, '' AS tail
  FROM tables WHERE json_array_length(comment, '$.primary_key') > 0
  UNION ALL
  SELECT "schema", relname, rel_oid, schema_oid, 'u', relname || '_' || u.value[1] || '_key',
         u.value, ''
  FROM tables, (SELECT unnest(CAST(json_extract(comment, '$.unique') AS VARCHAR[][])) AS value) AS u
  UNION ALL
  SELECT "schema", relname, rel_oid, schema_oid, 'f',
         relname || '_' || CAST(f.value.columns AS VARCHAR[])[1] || '_fkey',
         CAST(f.value.columns AS VARCHAR[]),
         ' REFERENCES ' || json_extract_string(f.value, '$.table') || '('
           || array_to_string(CAST(f.value.referred AS VARCHAR[]), ', ') || ')'
  FROM tables, (SELECT unnest(CAST(json_extract(comment, '$.foreign_keys') AS JSON[])) AS value) AS f
  WHERE emulator.is_visible(string_split(json_extract_string(f.value, '$.table'), '.')[1])
     OR NOT contains(json_extract_string(f.value, '$.table'), '.');
CREATE OR REPLACE VIEW emulator.reflected_constraints AS
  SELECT k."schema", k.relname AS table_name, k.contype, k.conname,
         (SELECT list(CAST(x.attnum AS SMALLINT) ORDER BY list_position(k.columns, x."name"))
          FROM emulator.columns AS x WHERE x."schema" = k."schema" AND x.table_name = k.relname
            AND list_contains(k.columns, x."name")) AS conkey,
         c.attnum, c."name" AS attname,
         CASE k.contype WHEN 'p' THEN 'PRIMARY KEY (' WHEN 'u' THEN 'UNIQUE ('
                        ELSE 'FOREIGN KEY (' END
           || array_to_string(k.columns, ', ') || ')' || k.tail AS condef,
         k.schema_oid, k.rel_oid
  FROM emulator.keys AS k JOIN emulator.columns AS c
    ON c."schema" = k."schema" AND c.table_name = k.relname AND list_contains(k.columns, c."name")
  ORDER BY 1, 2, 4, 6;

CREATE OR REPLACE VIEW emulator.svv_all_tables AS
  SELECT 'dev' AS database_name, "schema" AS schema_name,
         relname AS table_name, CASE relkind WHEN 'r' THEN 'TABLE' ELSE 'VIEW' END AS table_type,
         NULL::VARCHAR AS table_acl, NULL::VARCHAR AS remarks
  FROM emulator.relations;
CREATE OR REPLACE VIEW emulator.svv_all_columns AS
  SELECT 'dev' AS database_name, "schema" AS schema_name, table_name,
         "name" AS column_name, attnum AS ordinal_position, adsrc AS column_default,
         CASE WHEN "notnull" THEN 'NO' ELSE 'YES' END AS is_nullable,
         regexp_extract("type", '^[^(]*') AS data_type,
         CASE WHEN starts_with("type", 'character')
              THEN CAST(regexp_extract("type", '\((\d+)', 1) AS INTEGER) END
           AS character_maximum_length,
         CASE WHEN starts_with("type", 'numeric')
              THEN CAST(regexp_extract("type", '\((\d+)', 1) AS INTEGER) END AS numeric_precision,
         CASE WHEN starts_with("type", 'numeric')
              THEN CAST(regexp_extract("type", ',(\d+)', 1) AS INTEGER) END AS numeric_scale,
         remarks
  FROM emulator.columns;
CREATE OR REPLACE VIEW emulator.tables AS
  SELECT database_name AS table_catalog, schema_name AS table_schema, table_name,
         CASE table_type WHEN 'TABLE' THEN 'BASE TABLE' ELSE 'VIEW' END AS table_type
  FROM emulator.svv_all_tables;
CREATE OR REPLACE VIEW emulator.svv_tables AS SELECT * FROM emulator.tables;
CREATE OR REPLACE VIEW emulator.svv_columns AS
  SELECT database_name AS table_catalog, schema_name AS table_schema, * EXCLUDE (database_name,
         schema_name) FROM emulator.svv_all_columns;
CREATE OR REPLACE VIEW emulator.pg_tables AS
  SELECT schema_name AS schemaname, table_name AS tablename,
         'olist' AS tableowner
  FROM emulator.svv_all_tables WHERE table_type = 'TABLE';
CREATE OR REPLACE VIEW emulator.pg_namespace AS
  SELECT oid, schema_name AS nspname, 100 AS nspowner FROM duckdb_schemas()
  WHERE schema_name NOT IN ('emulator', 'main') AND database_name = current_database()
    AND emulator.is_visible(schema_name);
