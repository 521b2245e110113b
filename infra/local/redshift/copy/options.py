"""Options of COPY and UNLOAD: one listed keyword after another, everything else refused."""

import re
from collections.abc import Mapping

from infra.local.redshift.errors import NotEmulatedError, RedshiftError

ROLE = r"IAM_ROLE\s+(?:AS\s+)?(?:'arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+'|DEFAULT)"
CREDENTIALS = r"CREDENTIALS\s+(?:AS\s+)?'aws_iam_role=arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+'"
TEXT = r"(?:AS\s+)?'((?:[^']|'')*)'"
SWITCH = r"(?:\s+(ON|OFF|TRUE|FALSE))?"


def parse_options(statement: str, text: str, known: Mapping[str, str]) -> dict[str, str]:
    """Values of the options in `text`; `known` maps a name to its pattern.

    An option without a value gets ''. Raises NotEmulatedError for an option that is not known.
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
    """Refuse a statement without a role: keys do not belong into SQL."""
    if "iam_role" not in options and "credentials" not in options:
        raise NotEmulatedError(f"{statement} without IAM_ROLE")


def exclude(statement: str, options: dict[str, str], names: set[str], reason: str) -> None:
    """Raise RedshiftError when one of the options is given."""
    wrong = sorted(names & options.keys())
    if wrong:
        listed = ", ".join(name.upper() for name in wrong)
        raise RedshiftError("0A000", f"{listed} argument is not supported for {reason} {statement}")
