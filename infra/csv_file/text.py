"""One form for texts that look the same, so that they also compare as equal.

Redshift ignores blanks at the end of a text when it compares, and knows no other equivalence: the
same city in composed and decomposed letters, or with a no-break space, is two cities.
"""

import polars as pl

RULE = (
    "Text is in Unicode's composed form (NFC). Blanks of every kind and tabs are plain blanks, "
    "invisible characters are left out, and blanks and line ends at both ends are cut off. A text "
    "of which nothing remains is NULL."
)

# characters that may change, so that all other texts are passed by: everything except printable
# ASCII, line ends, and the letters U+00A1 to U+024F, which are composed
_OTHER = r"^\s|\s$|[^\n\r -~\u00A1-\u00AC\u00AE-\u024F]"
_BLANK = r"[\t\x0B\x0C\p{Zs}]"
# soft hyphen, zero-width blanks, marks of direction; joined emoji keep their joiner (U+200D)
_INVISIBLE = r"[\u00AD\u034F\u061C\u180E\u200B\u200C\u200E\u200F\u202A-\u202E\u2060-\u206F\uFEFF]"
_JOINER = r"(^|[\p{L}\p{M}\p{N}\p{P}\s])\u200D+"


def normalised(text: pl.Series) -> pl.Series:
    """Bring a column of text to the form of RULE.

    Args:
        text: Text as it is in the file, or null.

    Returns:
        The column in the same order; null where nothing remains.
    """
    places = text.str.contains(_OTHER).fill_null(value=False).arg_true()
    if not places.len():
        return text
    clean = (
        text.gather(places)
        .str.replace_all(_INVISIBLE, "")
        .str.replace_all(_JOINER, "$1")
        .str.replace_all(_BLANK, " ")
        .str.normalize("NFC")
        .str.strip_chars()
    )
    return text.scatter(places, clean.replace("", None))
