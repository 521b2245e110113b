"""COPY and UNLOAD: how they are written, files in S3, and type conversion."""
