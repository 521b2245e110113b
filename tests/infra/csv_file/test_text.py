"""Texts that look the same are the same."""

import unicodedata

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from infra.csv_file.text import normalised

_CASES = {
    "sao paulo": "sao paulo",
    "praia ": "praia",
    "\u00a0praia\t": "praia",
    "sa\u0303o paulo": "são paulo",
    "sao\u00a0paulo": "sao paulo",
    "sao\tpaulo": "sao paulo",
    "sao\u200bpaulo": "saopaulo",
    "e\u200b\u0301": "é",
    "soft\u00adhyphen": "softhyphen",
    "a\u200db": "ab",
    "\U0001f469\u200d\U0001f467 ok": "\U0001f469\u200d\U0001f467 ok",  # a joined emoji stays
    "\u2764\ufe0f": "\u2764\ufe0f",
    "linha 1\n\nlinha 2\n": "linha 1\n\nlinha 2",
    "two  blanks": "two  blanks",
    "\u212b": "Å",
    " \u200b\t": None,
    "": "",
}


def test_each_case_has_its_form() -> None:
    text = pl.Series("t", [*_CASES, None])
    assert normalised(text).to_list() == [*_CASES.values(), None]


@given(st.lists(st.text(max_size=12), max_size=20))
def test_the_form_is_final_composed_and_without_blanks_at_the_ends(texts: list[str]) -> None:
    once = normalised(pl.Series("t", texts, dtype=pl.String))
    assert normalised(once).to_list() == once.to_list()
    for text in once.drop_nulls():
        assert text == unicodedata.normalize("NFC", text)
        assert text == text.strip(" \t\n\r")


@given(st.text(alphabet=st.characters(max_codepoint=0x24F, categories=["L", "N", "P"]), min_size=1))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert normalised(pl.Series("t", [text])).to_list() == [text]
