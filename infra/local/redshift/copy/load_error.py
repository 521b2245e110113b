"""The error of a row that COPY cannot load."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LoadError:
    """A row of sys_load_error_detail.

    Attributes:
        file: The URL of the file.
        line: The line number in the file, from 1.
        column: The column's name; empty if the error concerns the whole row.
        kind: The Redshift type of the column, at most 10 characters.
        length: The declared length of the column, as text.
        position: The byte offset of invalid UTF-8 in the file; otherwise 0.
        code: Redshift's error code.
        message: Redshift's error message.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_ERROR_DETAIL.html
    """

    file: str
    line: int
    column: str
    kind: str
    length: str
    position: int
    code: int
    message: str
