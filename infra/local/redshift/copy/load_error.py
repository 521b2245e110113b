"""A row that COPY cannot load, as sys_load_error_detail shows it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LoadError:
    """A row of sys_load_error_detail.

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
