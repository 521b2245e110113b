"""COPY and UNLOAD: parsing, files in S3, and type conversion."""
