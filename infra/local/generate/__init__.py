"""Made-up data in the exact format of the real data set, with its quirks.

Figures are plausible in shape only: nothing here is copied from the real data.
"""

from infra.local.generate.dataset import generate

__all__ = ["generate"]
