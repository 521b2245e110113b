"""Everything that touches the outside world: settings, S3, Redshift and their local stand-ins."""
