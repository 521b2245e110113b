"""Settings, clients of S3, Redshift and other AWS services, and the local replacements."""
