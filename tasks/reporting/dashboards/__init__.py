"""The dashboards.

`data` queries the warehouse, `figures` defines each figure, `charts` defines the charts, `render`
writes the pages, and `build` is the Prefect task. The page itself applies the filters and computes
the sums (`tasks/reporting/dashboards/page/`), from counts and cents, so that they are exact.
"""
