"""Generates pages, screenshots and the coverage list of the local Redshift."""
