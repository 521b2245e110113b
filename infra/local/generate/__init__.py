"""Generated data in the exact format of the real data set, including its irregularities.

Only the distributions are plausible; no figure is copied from the real data.
"""

from infra.local.generate.dataset import FIRST_DAY, LAST_DAY, generate

__all__ = ["FIRST_DAY", "LAST_DAY", "generate"]
