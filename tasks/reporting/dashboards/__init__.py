"""The dashboards: `data` asks the warehouse, `charts` draws, `figures` says what each figure is,
and `site` writes the pages. Filters and sums are worked out in the page
(`tasks/reporting/dashboards/dashboard.js`), over counts and cents, so that they are exact.
"""
