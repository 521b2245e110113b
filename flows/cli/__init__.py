"""Commands of `olist`: run flows, query the warehouse, create source data, serve Redshift."""
