"""Values of the data as people see them: never read as markup, formula or control sequence."""

import re

HIDDEN = "(hidden)"  # instead of a sensitive value
# Excel, LibreOffice and Google Sheets read a cell that starts with one of these as a formula, which
# may send data away or run a program; Excel also reads the full-width forms.
# Source: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"  # noqa: RUF001
_FORMULA_SQL = "'=', '+', '-', '@', CHR(9), CHR(10), CHR(13), '＝', '＋', '－', '＠'"  # noqa: RUF001
# a terminal obeys them: ESC and its kind can move the cursor, recolour or overwrite what is shown
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def visible(text: str) -> str:
    """Return a text in which nothing is hidden: blanks at the ends and control characters show.

    Example:
        >>> visible("praia "), visible(""), visible("a\\x1b[2Jb"), visible("recife")
        ("'praia '", "''", 'a\\\\x1b[2Jb', 'recife')
    """
    shown = _CONTROL.sub(lambda found: repr(found.group())[1:-1], text)
    return f"'{shown}'" if shown != shown.strip() or not shown else shown


def markdown(text: str) -> str:
    """Return Markdown that shows the text as it is: no link, image, tag, emphasis or table cell."""
    return re.sub(r"([\\`*_\[\]<>|~&]|:(?=//))", r"\\\1", " ".join(text.split("\n")))


def spreadsheet_cell(value: object) -> object:
    """Return a cell of CSV that no spreadsheet program reads as a formula; only text changes.

    OLIST_EXACT_CSV leaves it out where a program reads the CSV.

    Example:
        >>> spreadsheet_cell("=1+1"), spreadsheet_cell("praia"), spreadsheet_cell(-1.5)
        ("'=1+1", 'praia', -1.5)
    """
    if isinstance(value, str) and re.match(FORMULA, value):
        return f"'{value}"
    return value


def spreadsheet_cell_sql(column: str) -> str:
    """Return the SQL expression that does the same to a VARCHAR column."""
    return (
        f"CASE WHEN LEFT({column}, 1) IN ({_FORMULA_SQL}) "
        f"THEN CHR(39) || {column} ELSE {column} END"
    )
