-- Redshift's functions and operators that DuckDB lacks or evaluates differently.
--
-- Run at each start of the server. A macro sees DuckDB's type of each argument. So it can follow
-- Redshift's rules by type, and raise an error where the rules are not certain.
-- Overloads: a macro with an overload for BIGINT also has one for VARCHAR. If the type of an
-- argument is not known yet (an aggregate, a window, an alias of the same SELECT), both match and
-- DuckDB raises an error instead of choosing a wrong one.
CREATE SCHEMA IF NOT EXISTS emulator;
CREATE SCHEMA IF NOT EXISTS public;
-- functions of users, which function_store.py writes and reads
CREATE TABLE IF NOT EXISTS emulator.user_function (
    name VARCHAR PRIMARY KEY, arguments VARCHAR, returns VARCHAR, body VARCHAR
);

-- ------------------------------------------------------------------ comparisons
-- Comparisons ignore trailing blanks: dg/r_Character_types.html
CREATE OR REPLACE MACRO emulator.key(x) AS x, (x BIGINT) AS x,
  -- the test is cheap, and text that ends in blanks is rare
  (x VARCHAR) AS CASE WHEN ends_with(x, ' ') THEN rtrim(x, ' ') ELSE x END;
CREATE OR REPLACE MACRO emulator.unpadded(x) AS
  CASE WHEN typeof(x) = 'VARCHAR' AND ends_with(CAST(x AS VARCHAR), ' ')
       THEN error('0A000|grouping or comparing text that ends in blanks: TRIM it first')
       ELSE TRUE END;
-- if the type is not known when DuckDB binds: the value, or an error for trailing blanks
CREATE OR REPLACE MACRO emulator.checked_key(x) AS
  CASE WHEN typeof(x) = 'VARCHAR' AND ends_with(CAST(x AS VARCHAR), ' ')
       THEN error('0A000|grouping or comparing text that ends in blanks: TRIM it first')
       ELSE x END;
CREATE OR REPLACE MACRO emulator.kind(type) AS
  CASE WHEN type IN ('SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT', 'FLOAT', 'DOUBLE')
         OR starts_with(type, 'DECIMAL') THEN 'a number'
       WHEN starts_with(type, 'TIMESTAMP') OR type = 'DATE' THEN 'a date'
       WHEN type = 'VARCHAR' THEN 'text'
       WHEN type = 'BOOLEAN' THEN 'a boolean'
       WHEN type = '"NULL"' THEN '' ELSE type END;
-- Redshift compares a number with text as text: dg/c_Supported_data_types.html
CREATE OR REPLACE MACRO emulator.alike(a, b) AS
  CASE WHEN emulator.kind(typeof(a)) = emulator.kind(typeof(b))
         OR emulator.kind(typeof(a)) = '' OR emulator.kind(typeof(b)) = '' THEN TRUE
       ELSE error('0A000|comparing ' || emulator.kind(typeof(a)) || ' with '
                  || emulator.kind(typeof(b)) || ': CAST one side') END;
-- a parameter without a type arrives as text, and may be compared with a date
CREATE OR REPLACE MACRO emulator.takes(a, b) AS
  CASE WHEN emulator.kind(typeof(a)) IN (emulator.kind(typeof(b)), '', 'a date')
         OR emulator.kind(typeof(b)) IN ('', 'a date') THEN TRUE
       ELSE emulator.alike(a, b) END;
CREATE OR REPLACE MACRO emulator.takes_literal(a) AS
  CASE WHEN emulator.kind(typeof(a)) = 'a number'
       THEN error('0A000|comparing a number with a text literal: write the number without quotes')
       ELSE TRUE END;
CREATE OR REPLACE MACRO emulator.ascii_only(x) AS
  CASE WHEN x IS NULL OR strlen(x) = length(x) THEN x
       ELSE error('0A000|ILIKE folds only ASCII in Redshift: LOWER both sides') END;

-- ------------------------------------------------------------------ numbers
CREATE OR REPLACE MACRO emulator.sum(x) AS sum(x),
  (x BIGINT) AS CAST(sum(x) AS BIGINT),
  (x VARCHAR) AS error('42883|function sum(character varying) does not exist');
CREATE OR REPLACE MACRO emulator.sum_distinct(x) AS sum(DISTINCT x),
  (x BIGINT) AS CAST(sum(DISTINCT x) AS BIGINT),
  (x VARCHAR) AS error('42883|function sum(character varying) does not exist');
-- `s` is a sum over a window; `x` only has the type of the summed values
CREATE OR REPLACE MACRO emulator.sum_over(x, s) AS s,
  (x BIGINT, s) AS CAST(s AS BIGINT),
  (x VARCHAR, s) AS error('42883|function sum(character varying) does not exist');
CREATE OR REPLACE MACRO emulator.only_double(x, what) AS
  CASE WHEN typeof(x) IN ('DOUBLE', '"NULL"') THEN CAST(x AS DOUBLE)
       ELSE error('0A000|' || what || ' of ' || typeof(x)
                  || ' is rounded in a way that is not certain: CAST(… AS DOUBLE PRECISION) first') END;
-- AVG of integers is a truncated BIGINT: dg/r_AVG.html
CREATE OR REPLACE MACRO emulator.avg(x) AS avg(emulator.only_double(x, 'AVG')),
  (x BIGINT) AS CAST(sum(x) AS BIGINT) // count(x),
  (x VARCHAR) AS error('42883|function avg(character varying) does not exist');
-- AVG of decimals is truncated to their scale: dg/r_FROM_clause-pivot-unpivot-examples.html
-- (2.71 for 2.50, 3.75 and 1.90); the direction for negative averages is not documented
CREATE OR REPLACE MACRO emulator.decimal_average(units, n) AS
  CASE WHEN units < 0 AND units % n <> 0
       THEN error('0A000|AVG of DECIMALs below zero is rounded in a way that is not certain: '
                  || 'CAST(… AS DOUBLE PRECISION) first')
       ELSE units // n END;
CREATE OR REPLACE MACRO emulator.avg_over(x, s, n) AS emulator.only_double(s, 'AVG') / n,
  (x BIGINT, s, n) AS CAST(s AS BIGINT) // n,
  (x VARCHAR, s, n) AS error('42883|function avg(character varying) does not exist');
CREATE OR REPLACE MACRO emulator.quotient(a, b) AS
  CASE WHEN typeof(a) IN ('DOUBLE', 'FLOAT') OR typeof(b) IN ('DOUBLE', 'FLOAT')
         OR NOT (starts_with(typeof(a), 'DECIMAL') OR starts_with(typeof(b), 'DECIMAL'))
       THEN a / b
       ELSE error('0A000|the rounding of ' || typeof(a) || ' / ' || typeof(b) || ' is not certain: '
                  || 'CAST one side AS DOUBLE PRECISION, or write ROUND(CAST(a AS DECIMAL(p, s)) / '
                  || 'CAST(b AS DECIMAL(p, s)), n) with numbers for p, s and n') END;
CREATE OR REPLACE MACRO emulator.rounded_quotient(n, d) AS
  CASE WHEN (n < 0) = (d < 0) THEN (2 * abs(n) + abs(d)) // (2 * abs(d))
       ELSE -((2 * abs(n) + abs(d)) // (2 * abs(d))) END;
CREATE OR REPLACE MACRO emulator.modulo(a, b) AS
  CASE WHEN typeof(a) IN ('DOUBLE', 'FLOAT') OR typeof(b) IN ('DOUBLE', 'FLOAT')
       THEN error('42883|operator does not exist: double precision % double precision')
       ELSE a % b END;
-- CEIL and FLOOR return an integer unchanged: dg/r_CEILING_FLOOR.html
CREATE OR REPLACE MACRO emulator.ceil(x) AS ceil(x), (x BIGINT) AS x,
  (x VARCHAR) AS error('42883|function ceil(character varying) does not exist');
CREATE OR REPLACE MACRO emulator.floor(x) AS floor(x), (x BIGINT) AS x,
  (x VARCHAR) AS error('42883|function floor(character varying) does not exist');
-- an undefined result is an error, not NaN or infinity
CREATE OR REPLACE MACRO emulator.sqrt(x) AS
  CASE WHEN x < 0 THEN error('2201F|cannot take square root of a negative number')
       ELSE sqrt(x) END;
CREATE OR REPLACE MACRO emulator.log_of(x) AS
  CASE WHEN x = 0 THEN error('2201E|cannot take logarithm of zero')
       WHEN x < 0 THEN error('2201E|cannot take logarithm of a negative number') ELSE x END;
CREATE OR REPLACE MACRO emulator.ln(x) AS ln(emulator.log_of(x));
CREATE OR REPLACE MACRO emulator.log(x) AS log10(emulator.log_of(x));
CREATE OR REPLACE MACRO emulator.sine_of(x) AS
  CASE WHEN x < -1 OR x > 1 THEN error('22003|input is out of range') ELSE x END;
CREATE OR REPLACE MACRO emulator.acos(x) AS acos(emulator.sine_of(x));
CREATE OR REPLACE MACRO emulator.asin(x) AS asin(emulator.sine_of(x));
CREATE OR REPLACE MACRO emulator.finite(x) AS
  CASE WHEN isinf(x) OR isnan(x) THEN error('22003|value out of range: overflow') ELSE x END;
-- `x` occurs once, so that the SQL of nested calls does not grow exponentially
CREATE OR REPLACE MACRO emulator.finite_double(x) AS
  list_transform([x], lambda v: emulator.finite(v))[1];
CREATE OR REPLACE MACRO emulator.finite_number(x) AS
  list_transform([x], lambda v: CASE
    WHEN typeof(v) IN ('DOUBLE', 'FLOAT') AND CAST(v AS VARCHAR) IN ('inf', '-inf', 'nan')
    THEN error('22003|value out of range: overflow') ELSE v END)[1];
CREATE OR REPLACE MACRO emulator.exp(x) AS emulator.finite(exp(x));
CREATE OR REPLACE MACRO emulator.power(x, y) AS emulator.finite(power(x, y));
-- whole months, and 1/31 month for each further day: dg/r_MONTHS_BETWEEN_function.html
CREATE OR REPLACE MACRO emulator.only_date(d) AS
  CASE WHEN typeof(d) IN ('DATE', '"NULL"') THEN CAST(d AS DATE)
       ELSE error('0A000|MONTHS_BETWEEN of ' || typeof(d) || ': CAST it to DATE') END;
CREATE OR REPLACE MACRO emulator.months_apart(a, b) AS
  CAST((year(a) - year(b)) * 12 + month(a) - month(b) AS DOUBLE)
  + CASE WHEN day(a) = day(b) OR (a = last_day(a) AND b = last_day(b)) THEN 0
         ELSE (day(a) - day(b)) / 31.0 END;
CREATE OR REPLACE MACRO emulator.months_between(a, b) AS
  emulator.months_apart(emulator.only_date(a), emulator.only_date(b));
CREATE OR REPLACE MACRO emulator.trunc(x) AS trunc(x),
  (x TIMESTAMP) AS CAST(x AS DATE),
  (x VARCHAR) AS error('42883|function trunc(character varying) does not exist');
CREATE OR REPLACE MACRO emulator.strtol(s, base) AS
  CASE base WHEN 16 THEN CAST('0x' || s AS BIGINT) WHEN 10 THEN CAST(s AS BIGINT)
            ELSE error('0A000|STRTOL knows here only the bases 10 and 16') END;

-- ------------------------------------------------------------------ casts
-- the documentation contradicts itself on whether a cast of stored values rounds
CREATE OR REPLACE MACRO emulator.exact(x, y) AS
  CASE WHEN typeof(x) NOT IN ('DOUBLE', 'FLOAT') AND NOT starts_with(typeof(x), 'DECIMAL') THEN y
       WHEN x IS NULL OR CAST(x AS DOUBLE) = CAST(y AS DOUBLE) THEN y
       ELSE error('0A000|a cast that drops digits: ROUND or TRUNC to that scale first') END;
CREATE OR REPLACE MACRO emulator.digits(x, what) AS
  CASE WHEN typeof(x) <> 'VARCHAR' OR x IS NULL THEN x
       WHEN regexp_full_match(CAST(x AS VARCHAR), '\s*[+-]?[0-9]+\s*') THEN x
       ELSE error('22P02|Invalid digit, Value ''' || substring(CAST(x AS VARCHAR), 1
            + length(regexp_extract(CAST(x AS VARCHAR), '^\s*[+-]?[0-9]*')), 1) || ''', Pos '
            || length(regexp_extract(CAST(x AS VARCHAR), '^\s*[+-]?[0-9]*'))
            || ', Type: ' || what) END;
CREATE OR REPLACE MACRO emulator.printable(x) AS
  CASE WHEN typeof(x) NOT IN ('DOUBLE', 'FLOAT', 'BOOLEAN') THEN CAST(x AS VARCHAR)
       ELSE error('0A000|the text of ' || typeof(x) || ' is not certain: use CASE, or ROUND and '
                  || 'CAST to DECIMAL') END;
CREATE OR REPLACE MACRO emulator.cut(s, n) AS
  CASE WHEN s IS NULL OR strlen(s) <= n THEN s WHEN strlen(s) = length(s) THEN left(s, n)
       ELSE error('0A000|cutting text of several bytes a character') END;
-- DuckDB reads 1_000 as a number
CREATE OR REPLACE MACRO emulator.numeral(x) AS
  CASE WHEN typeof(x) = 'VARCHAR' AND contains(CAST(x AS VARCHAR), '_')
       THEN error('22P02|invalid input syntax for type numeric: "' || CAST(x AS VARCHAR) || '"')
       ELSE x END;
-- CHAR is padded with blanks, which are then ignored: only values without padding are accepted
CREATE OR REPLACE MACRO emulator.character(s, n) AS
  CASE WHEN s IS NULL OR (strlen(s) >= n AND NOT ends_with(emulator.cut(s, n), ' '))
       THEN emulator.cut(s, n)
       ELSE error('0A000|a CHAR that is padded with blanks: use VARCHAR') END;
CREATE OR REPLACE MACRO emulator.to_boolean(x) AS
  CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT') OR starts_with(typeof(x), 'DECIMAL')
       THEN error('42846|cannot cast type ' || lower(typeof(x)) || ' to boolean')
       WHEN typeof(x) <> 'VARCHAR' THEN CAST(x AS BOOLEAN) WHEN x IS NULL THEN NULL
       WHEN lower(trim(CAST(x AS VARCHAR), ' ')) IN ('t', 'true', 'y', 'yes', '1') THEN TRUE
       WHEN lower(trim(CAST(x AS VARCHAR), ' ')) IN ('f', 'false', 'n', 'no', '0') THEN FALSE
       ELSE error('22P02|invalid input syntax for type boolean') END;

-- ------------------------------------------------------------------ text
CREATE OR REPLACE MACRO emulator.concat(a, b) AS
  emulator.printable(a) || emulator.printable(b);
CREATE OR REPLACE MACRO emulator.substring(s, start) AS
  substring(emulator.printable(s), greatest(start, 1)),
  (s, start, n) AS CASE WHEN n < 0 THEN error('22011|negative substring length not allowed')
    ELSE substring(emulator.printable(s), greatest(start, 1),
                   greatest(least(n, start + n - 1), 0)) END;
CREATE OR REPLACE MACRO emulator.left(s, n) AS
  CASE WHEN n < 0 THEN error('0A000|LEFT with a negative length') ELSE left(s, n) END;
CREATE OR REPLACE MACRO emulator.right(s, n) AS
  CASE WHEN n < 0 THEN error('0A000|RIGHT with a negative length') ELSE right(s, n) END;
CREATE OR REPLACE MACRO emulator.split_part(s, delimiter, part) AS
  CASE WHEN part <= 0 THEN error('22023|field position must be greater than zero')
       WHEN delimiter = '' THEN error('0A000|SPLIT_PART at nothing')
       ELSE split_part(s, delimiter, part) END;
CREATE OR REPLACE MACRO emulator.charindex(part, s) AS strpos(s, part);
-- A VARCHAR has at most 65,535 bytes: dg/r_Character_types.html
-- The check stands in an argument: DuckDB may compute all branches of a CASE over constants.
CREATE OR REPLACE MACRO emulator.checked_length(x, bytes) AS
  CASE WHEN bytes > 65535
       THEN error('54000|the result has more than 65,535 bytes, the longest VARCHAR')
       ELSE x END;
CREATE OR REPLACE MACRO emulator.repeated(s, n) AS
  repeat(s, emulator.checked_length(n, CAST(strlen(s) AS HUGEINT) * n));
CREATE OR REPLACE MACRO emulator.pad_left(s, n) AS lpad(s, emulator.checked_length(n, n), ' '),
  (s, n, fill) AS lpad(s, emulator.checked_length(n, n), fill);
CREATE OR REPLACE MACRO emulator.pad_right(s, n) AS rpad(s, emulator.checked_length(n, n), ' '),
  (s, n, fill) AS rpad(s, emulator.checked_length(n, n), fill);
-- not named like DuckDB's functions, which the views of this schema would no longer find; the texts
-- that are replaced are only counted where the result may be too long
CREATE OR REPLACE MACRO emulator.replaced(s, part, by_what) AS
  replace(s, part, CASE
    WHEN strlen(s) * (1 + strlen(by_what)) <= 65535 OR part = '' THEN by_what
    ELSE emulator.checked_length(by_what, strlen(s) + (strlen(by_what) - strlen(part))
           * ((strlen(s) - strlen(replace(s, part, ''))) // strlen(part))) END);
-- a word begins after a blank or a sign: dg/r_INITCAP.html
CREATE OR REPLACE MACRO emulator.initcap(x) AS array_to_string(list_transform(
  regexp_extract_all(x, '([ \t\n\r\x0c\x0b!"#$%&''()*+,\-./:;<=>?@\[\]\^_`{|}~\\]+|[^ \t\n\r\x0c\x0b!"#$%&''()*+,\-./:;<=>?@\[\]\^_`{|}~\\]+)'),
  lambda word: upper(left(word, 1)) || lower(substring(word, 2))), '');
CREATE OR REPLACE MACRO emulator.to_hex(x) AS lower(to_hex(x));
CREATE OR REPLACE MACRO emulator.sha2(s, bits) AS
  CASE bits WHEN 256 THEN sha256(s) WHEN 0 THEN sha256(s)
            ELSE error('0A000|SHA2 knows here only 256 bits') END;
-- LISTAGG omits NULL and '', and has no delimiter by default: dg/r_LISTAGG.html
CREATE OR REPLACE MACRO emulator.within_listagg_limit(s) AS
  CASE WHEN s IS NULL OR strlen(s) <= 65535 THEN s
       ELSE error('54000|Result size exceeds LISTAGG limit') END;
CREATE OR REPLACE MACRO emulator.pattern(p) AS
  CASE WHEN regexp_matches(p, '[(*+?}][?]|[|]')
       THEN error('0A000|a regular expression with (?…), *? or | must be a literal or a parameter')
       ELSE p END;
CREATE OR REPLACE MACRO emulator.replacement(r) AS
  CASE WHEN contains(r, '$') OR contains(r, '\')
       THEN error('0A000|a replacement that refers to a group') ELSE r END;
CREATE OR REPLACE MACRO emulator.regexp_replace(s, pattern) AS
    regexp_replace(s, pattern, '', 'g'),
  (s, pattern, by_what) AS
    regexp_replace(s, pattern, CASE
      WHEN (1 + strlen(s)) * (1 + strlen(by_what)) <= 65535 THEN emulator.replacement(by_what)
      ELSE emulator.checked_length(emulator.replacement(by_what),
             len(regexp_extract_all(s, pattern)) * strlen(by_what)) END, 'g');
CREATE OR REPLACE MACRO emulator.regexp_count(s, pattern) AS
  len(regexp_extract_all(s, pattern));
-- count the text before the match: a search for the matched text would ignore anchors and
-- repetitions of the pattern
CREATE OR REPLACE MACRO emulator.regexp_instr(s, pattern) AS
  CASE WHEN regexp_matches(s, pattern)
       THEN 1 + length(regexp_extract(s, '^([\s\S]*?)(?:' || pattern || ')', 1)) ELSE 0 END;
CREATE OR REPLACE MACRO emulator.json_text(s, path) AS json_extract_string(s, path);

-- ------------------------------------------------------------------ dates
CREATE OR REPLACE MACRO emulator.dateadd(part, n, t) AS CAST(t AS TIMESTAMP) + CASE part
  WHEN 'year' THEN to_years(n) WHEN 'quarter' THEN to_months(3 * n) WHEN 'month' THEN to_months(n)
  WHEN 'week' THEN to_days(7 * n) WHEN 'day' THEN to_days(n) WHEN 'hour' THEN to_hours(n)
  WHEN 'minute' THEN to_minutes(n) WHEN 'second' THEN to_seconds(n)
  WHEN 'millisecond' THEN to_milliseconds(n) WHEN 'microsecond' THEN to_microseconds(n)
  ELSE error('0A000|DATEADD of ' || part) END;
CREATE OR REPLACE MACRO emulator.datediff(part, a, b) AS CASE
  WHEN part IN ('year', 'month', 'day', 'hour', 'minute', 'second', 'millisecond', 'microsecond')
  THEN date_diff(part, CAST(a AS TIMESTAMP), CAST(b AS TIMESTAMP))
  ELSE error('0A000|DATEDIFF of ' || part || ': its boundaries are not certain') END;
CREATE OR REPLACE MACRO emulator.date_trunc(part, t) AS CASE
  WHEN part IN ('year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second')
  THEN date_trunc(part, CAST(t AS TIMESTAMP))
  ELSE error('0A000|DATE_TRUNC of ' || part) END;
-- EXTRACT returns an integer, of that field only: dg/r_Dateparts_for_datetime_functions.html
CREATE OR REPLACE MACRO emulator.extract(part, t) AS CAST(CASE
    WHEN typeof(t) = 'TIMESTAMP WITH TIME ZONE'
    THEN error('0A000|EXTRACT from a TIMESTAMPTZ: use DATE_PART') ELSE CASE part
  WHEN 'millisecond' THEN extract('millisecond' FROM CAST(t AS TIMESTAMP)) % 1000
  WHEN 'microsecond' THEN extract('microsecond' FROM CAST(t AS TIMESTAMP)) % 1000000
  WHEN 'epoch' THEN floor(epoch(CAST(t AS TIMESTAMP)))
  WHEN 'week' THEN weekofyear(CAST(t AS TIMESTAMP))
  ELSE CASE WHEN part IN ('year', 'quarter', 'month', 'day', 'dow', 'doy', 'hour', 'minute',
                          'second')
       THEN date_part(part, CAST(t AS TIMESTAMP))
       ELSE error('0A000|EXTRACT of ' || part) END END END AS INTEGER);
-- DATE_PART returns a double with the fraction: dg/r_DATE_PART_function.html
CREATE OR REPLACE MACRO emulator.date_part(part, t) AS CAST(CASE part
  WHEN 'second' THEN (extract('microsecond' FROM CAST(t AS TIMESTAMP)) / 1e6)
  WHEN 'epoch' THEN epoch(CAST(t AS TIMESTAMP))
  ELSE emulator.extract(part, t) END AS DOUBLE);
CREATE OR REPLACE MACRO emulator.date_part_year(t) AS CAST(year(CAST(t AS DATE)) AS INTEGER);
-- ADD_MONTHS keeps the last day of a month the last day: dg/r_ADD_MONTHS.html
CREATE OR REPLACE MACRO emulator.add_months(t, n) AS
  CASE WHEN CAST(t AS DATE) = last_day(CAST(t AS DATE))
       THEN CAST(last_day(CAST(CAST(t AS DATE) + to_months(n) AS DATE)) AS TIMESTAMP)
            + (CAST(t AS TIMESTAMP) - CAST(CAST(t AS DATE) AS TIMESTAMP))
       ELSE CAST(t AS TIMESTAMP) + to_months(n) END;
CREATE OR REPLACE MACRO emulator.last_day(t) AS last_day(CAST(t AS DATE));
CREATE OR REPLACE MACRO emulator.next_day(t, day) AS
  CAST(t AS DATE) + CAST(1 + (6 + day - CAST(isodow(CAST(t AS DATE)) AS INTEGER)) % 7 AS INTEGER);
CREATE OR REPLACE MACRO emulator.only_timestamp(t) AS
  CASE WHEN typeof(t) IN ('DATE', 'TIMESTAMP', '"NULL"') THEN CAST(t AS TIMESTAMP)
       ELSE error('0A000|TO_CHAR of ' || typeof(t) || ': only dates and timestamps') END;
-- an argument of a user's function, if its type is not known before DuckDB binds
CREATE OR REPLACE MACRO emulator.only_text(x) AS
  CASE WHEN typeof(x) IN ('VARCHAR', '"NULL"') THEN CAST(x AS VARCHAR)
       ELSE error('0A000|an argument of type ' || typeof(x) || ' for text: CAST it') END;
CREATE OR REPLACE MACRO emulator.shifted(t, from_hours, to_hours) AS
  CAST(t AS TIMESTAMP) + to_hours(to_hours - from_hours);
CREATE OR REPLACE MACRO emulator.in_zone(t, source, target) AS
  CAST(t AS TIMESTAMP) AT TIME ZONE source AT TIME ZONE target;
