"""The text of macros.sql, which the server runs at each start."""

from pathlib import Path

MACROS = Path(__file__).with_name("macros.sql").read_text(encoding="utf-8")
