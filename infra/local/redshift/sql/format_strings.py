"""Formats of TO_CHAR, TO_DATE and TO_TIMESTAMP, and names of date parts and time zones.

Sources: https://docs.aws.amazon.com/redshift/latest/dg/r_FORMAT_strings.html
https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html
"""

import re

from infra.local.redshift.errors import NotEmulatedError

_NUMERIC = {
    "YYYY": "%Y", "YY": "%y", "MM": "%m", "DD": "%d", "HH24": "%H", "HH12": "%I", "HH": "%I",
    "MI": "%M", "SS": "%S", "MS": "%g", "US": "%f", "DDD": "%j", "IW": "%V", "IYYY": "%G",
    "AM": "%p", "PM": "%p",
}  # fmt: skip
_NAMES = {"MONTH": ("%B", 9), "DAY": ("%A", 9), "MON": ("%b", 0), "DY": ("%a", 0)}
_OTHER = {"Q": "CAST(quarter({t}) AS VARCHAR)", "D": "CAST(dayofweek({t}) + 1 AS VARCHAR)"}
_TOKEN = re.compile(
    r'"([^"]*)"|(FM)?(MONTH|DAY|MON|DY)|(IYYY|YYYY|YY|DDD|DD|MM|HH24|HH12|HH|MI|SS|MS|US|IW|AM|PM)'
    r"|(Q|D)|([^A-Za-z0-9\"%]+)",
    re.IGNORECASE,
)


def to_char(form: str, value: str) -> str:
    """DuckDB SQL that formats a value as TO_CHAR does.

    Args:
        form: The format of Redshift's TO_CHAR.
        value: DuckDB SQL of the value.

    Raises:
        NotEmulatedError: The format is not known.
    """
    pieces: list[str] = []
    for token in _tokens(form):
        quoted, bare, name, numeric, other, literal = token.groups()
        if name:
            code, width = _NAMES[name.upper()]
            text = f"strftime({value}, '{code}')"
            if name.isupper() or name.islower():
                text = f"{'upper' if name.isupper() else 'lower'}({text})"
            pieces.append(f"rpad({text}, {width}, ' ')" if width and not bare else text)
        elif numeric:
            if numeric.upper() in {"AM", "PM"} and not numeric.isupper():
                raise NotEmulatedError(f"TO_CHAR format {form!r}: write AM or PM in capitals")
            pieces.append(f"strftime({value}, '{_NUMERIC[numeric.upper()]}')")
        elif other:
            pieces.append(_OTHER[other.upper()].format(t=value))
        else:
            text = (quoted if quoted is not None else literal).replace("'", "''")
            pieces.append(f"'{text}'")
    return "(" + " || ".join(pieces or ["''"]) + ")"


def to_strptime(form: str) -> str:
    """Translate a format of TO_DATE or TO_TIMESTAMP to a format of DuckDB's strptime.

    Raises:
        NotEmulatedError: The format has a field other than numbers, MON, AM or PM.
    """
    parts = []
    for token in _tokens(form):
        numeric, literal = token[4], token[6]
        known = {"YYYY", "MM", "DD", "HH24", "HH12", "HH", "MI", "SS", "AM", "PM", "US"}
        if numeric and numeric.upper() in known:
            parts.append(_NUMERIC[numeric.upper()])
        elif token[3] and token[3].upper() == "MON":
            parts.append("%b")
        elif literal:
            parts.append(literal)
        else:
            raise NotEmulatedError(f"format {form!r} for reading: {token[0]!r} is not known here")
    return "".join(parts)


def _tokens(form: str) -> list[re.Match[str]]:
    found, at = [], 0
    while at < len(form):
        match = _TOKEN.match(form, at)
        if match is None:
            raise NotEmulatedError(f"format {form!r}: {form[at:]!r} is not known here")
        found.append(match)
        at = match.end()
    return found


_PARTS = {
    "year": "y yr yrs year years",
    "quarter": "qtr qtrs quarter quarters",
    "month": "mon mons month months",
    "week": "w week weeks",
    "day": "d day days",
    "dow": "dow dw dayofweek weekday",
    "doy": "doy dy dayofyear yearday",
    "hour": "h hr hrs hour hours",
    "minute": "m min mins minute minutes",
    "second": "s sec secs second seconds",
    "millisecond": "ms msec msecs msecond mseconds millisec millisecs millisecond milliseconds",
    "microsecond": "us usec usecs useconds microsec microsecs microsecond microseconds",
    "epoch": "epoch",
}
_PART_OF = {alias: part for part, aliases in _PARTS.items() for alias in aliases.split()}


def date_part(name: str) -> str:
    """DuckDB's name of a date part; raises NotEmulatedError for an unknown one."""
    part = _PART_OF.get(name.lower())
    if part is None:
        raise NotEmulatedError(f"date part {name}")
    return part


# an abbreviation is a fixed offset, without daylight saving
_HOURS = {"UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
          "PST": -8, "PDT": -7, "CET": 1, "CEST": 2, "BRT": -3}  # fmt: skip


def zone_hours(name: str) -> int | None:
    """The UTC offset of a time zone's abbreviation.

    Returns:
        The offset in hours; None for a full name such as America/Sao_Paulo.

    Raises:
        NotEmulatedError: The abbreviation is not known.
    """
    if name.upper() in _HOURS:
        return _HOURS[name.upper()]
    if re.fullmatch(r"[A-Za-z]+/[A-Za-z_/]+", name):
        return None
    raise NotEmulatedError(f"time zone {name}: use a full name such as America/Sao_Paulo")
