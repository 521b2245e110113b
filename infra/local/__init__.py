"""Local replacements for AWS services, and the generator of Olist-like data."""
