"""Sums of money, by column."""

from decimal import Decimal

Money = dict[str, Decimal]  # column → sum in R$
