"""The consoles of the command line. They print text as it is, and never read it as markup."""

from rich.console import Console

console = Console(markup=False, emoji=False, highlight=False)
errors = Console(stderr=True, markup=False, emoji=False, highlight=False)
