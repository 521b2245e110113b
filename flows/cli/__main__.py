"""`python -m flows.cli` is `olist`."""

from flows.cli.main import main

main()
