"""The local web server: reports, dashboards and Data Docs, and an inbox of notifications."""
