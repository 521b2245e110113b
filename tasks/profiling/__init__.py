"""Profile of the raw CSV files: columns, relations, inconsistencies and business figures."""
