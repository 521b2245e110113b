"""Parses the options of COPY and UNLOAD; refuses options that are not listed."""

import re
from collections.abc import Mapping

from infra.local.redshift.errors import NotEmulatedError, RedshiftError

ROLE = r"IAM_ROLE\s+(?:AS\s+)?(?:'arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+'|DEFAULT)"
CREDENTIALS = r"CREDENTIALS\s+(?:AS\s+)?'aws_iam_role=arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+'"
TEXT = r"(?:AS\s+)?'([^']*(?:''[^']*)*)'"
SWITCH = r"(?:\s+(ON|OFF|TRUE|FALSE))?"


def parse_options(statement: str, text: str, known: Mapping[str, str]) -> dict[str, str]:
    """Parse the options of a statement.

    Args:
        statement: COPY or UNLOAD, for error messages.
        text: The part of the statement that holds its options.
        known: A regular expression for each option, by the option's name.

    Returns:
        The values of the options by name; '' for an option without a value.

    Raises:
        NotEmulatedError: An option is not known.
        RedshiftError: 42601, an option is given twice.
    """
    found: dict[str, str] = {}
    rest = text.strip(" \t\r\n;")
    while rest:
        tried = ((n, re.match(rf"{p}(?=\s|$)", rest, re.IGNORECASE)) for n, p in known.items())
        name, match = next((found for found in tried if found[1] is not None), ("", None))
        if match is None:
            word = rest.split()[0].upper()
            raise NotEmulatedError(
                f"{statement} option {word}; known here: {', '.join(known).upper()}"
            )
        if name in found:
            raise RedshiftError("42601", f"{statement} option {name.upper()} is given twice")
        groups = [group for group in match.groups() if group is not None]
        found[name] = groups[-1].replace("''", "'") if groups else ""
        rest = rest[match.end() :].strip(" \t\r\n;")
    return found


def require_role(statement: str, options: dict[str, str]) -> None:
    """Raise NotEmulatedError without an IAM role: SQL must not contain access keys."""
    if "iam_role" not in options and "credentials" not in options:
        raise NotEmulatedError(f"{statement} without IAM_ROLE")


def exclude(statement: str, options: dict[str, str], names: set[str], reason: str) -> None:
    """Refuse options that do not apply to a format.

    Args:
        statement: COPY or UNLOAD, for the error message.
        options: The options of the statement.
        names: The names of options that are refused.
        reason: The format, for the error message.

    Raises:
        RedshiftError: 0A000, one of the options is given.
    """
    wrong = sorted(names & options.keys())
    if wrong:
        listed = ", ".join(name.upper() for name in wrong)
        raise RedshiftError("0A000", f"{listed} argument is not supported for {reason} {statement}")
