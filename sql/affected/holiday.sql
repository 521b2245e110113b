-- candidate.holiday
-- Purpose:   Brazil's national holidays, from the Python package holidays
-- Grain:     holiday_date
-- Load rule: recreated for every publish; the transform task fills it

CREATE TABLE candidate.holiday (
    holiday_date DATE NOT NULL,
    holiday_name VARCHAR(128) NOT NULL,
    PRIMARY KEY (holiday_date)
);
