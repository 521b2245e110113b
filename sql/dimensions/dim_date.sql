-- analytics.dim_date
-- Purpose:   Calendar of the years in which a fact names a day, with Brazil's national holidays
-- Grain:     date_key (one row per day, plus -1 for "not yet" or "unknown")
-- Load rule: small table, fully replaced by every publish
-- Layout:    a copy on each node (ALL), because every fact joins it; sorted by its key, for merge joins

CREATE TABLE IF NOT EXISTS analytics.dim_date (
    date_key INTEGER NOT NULL, -- Day as a number, YYYYMMDD; -1 = no date
    calendar_date DATE, -- Date
    calendar_year SMALLINT, -- Year
    calendar_quarter SMALLINT, -- Quarter, 1 to 4
    calendar_month SMALLINT, -- Month, 1 to 12
    day_of_month SMALLINT, -- Day of the month, 1 to 31
    iso_weekday SMALLINT, -- ISO weekday, 1 = Monday to 7 = Sunday
    first_of_month DATE, -- First day of the month
    is_weekend BOOLEAN, -- True for Saturday and Sunday
    is_holiday BOOLEAN, -- True for a national holiday of Brazil
    holiday_name VARCHAR(128), -- Name of the national holiday, in Portuguese
    PRIMARY KEY (date_key)
)
DISTSTYLE ALL
SORTKEY (date_key);

INSERT INTO candidate.dim_date
WITH digits AS (
    SELECT 0 AS digit
    UNION ALL SELECT 1
    UNION ALL SELECT 2
    UNION ALL SELECT 3
    UNION ALL SELECT 4
    UNION ALL SELECT 5
    UNION ALL SELECT 6
    UNION ALL SELECT 7
    UNION ALL SELECT 8
    UNION ALL SELECT 9
),

-- 0 to 399, more than the days of a year: Redshift has no generate_series for tables
offsets AS (
    SELECT ones.digit + 10 * tens.digit + 100 * hundreds.digit AS days
    FROM digits AS ones
    CROSS JOIN digits AS tens
    CROSS JOIN digits AS hundreds
    WHERE hundreds.digit < 4
),

days AS (
    SELECT CAST(DATEADD(DAY, offsets.days, calendar_year.first_day) AS DATE) AS calendar_date
    FROM candidate.calendar_year
    INNER JOIN offsets
        ON offsets.days < DATEDIFF(
            DAY, calendar_year.first_day, DATEADD(YEAR, 1, calendar_year.first_day)
        )
)

SELECT
    CAST(TO_CHAR(days.calendar_date, 'YYYYMMDD') AS INTEGER) AS date_key,
    days.calendar_date,
    EXTRACT(YEAR FROM days.calendar_date) AS calendar_year,
    EXTRACT(QUARTER FROM days.calendar_date) AS calendar_quarter,
    EXTRACT(MONTH FROM days.calendar_date) AS calendar_month,
    EXTRACT(DAY FROM days.calendar_date) AS day_of_month,
    -- DOW counts Sunday as 0
    CASE
        WHEN EXTRACT(DOW FROM days.calendar_date) = 0 THEN 7
        ELSE EXTRACT(DOW FROM days.calendar_date)
    END AS iso_weekday,
    CAST(DATE_TRUNC('month', days.calendar_date) AS DATE) AS first_of_month,
    EXTRACT(DOW FROM days.calendar_date) IN (0, 6) AS is_weekend,
    holiday.holiday_name IS NOT NULL AS is_holiday,
    holiday.holiday_name
FROM days
LEFT JOIN candidate.holiday ON days.calendar_date = holiday.holiday_date
UNION ALL
SELECT
    -1 AS date_key,
    NULL AS calendar_date,
    NULL AS calendar_year,
    NULL AS calendar_quarter,
    NULL AS calendar_month,
    NULL AS day_of_month,
    NULL AS iso_weekday,
    NULL AS first_of_month,
    NULL AS is_weekend,
    NULL AS is_holiday,
    NULL AS holiday_name;

DELETE FROM analytics.dim_date;
