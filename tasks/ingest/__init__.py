"""Read the source CSV files, quarantine invalid rows and upload typed Parquet to the lake."""
