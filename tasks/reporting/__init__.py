"""Run reports, overview, Data Docs, model page, dashboards and exports."""
