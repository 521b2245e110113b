"""Export the published tables to S3, and download them as CSV, Parquet or Tableau extracts."""
