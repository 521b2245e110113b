"""Values of the data are never read as markup, formula or control sequence."""

import html

import pytest
from markdown_it import MarkdownIt

from infra.shown_text import markdown, spreadsheet_cell, visible


@pytest.mark.parametrize(
    "text",
    [
        "[click](https://example.com)",
        "https://example.com and www.example.com",
        "<img src=x onerror=alert(1)>",
        "**bold** _it_ ~~x~~ `code`",
        "a | b | c",
        "&lt;b&gt;",
        "back\\slash",
    ],
)
def test_markdown_shows_a_value_as_it_is(text: str) -> None:
    renderer = MarkdownIt("gfm-like", {"linkify": False})
    rendered = renderer.render(f"| a |\n|---|\n| {markdown(text)} |\n")
    cell = rendered.partition("<td>")[2].partition("</td>")[0]
    assert "<" not in cell
    assert html.unescape(cell) == text


@pytest.mark.parametrize(
    "text", ["=1+1", "+5", "-5", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"]
)
def test_a_text_that_starts_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert spreadsheet_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["praia", "", "5-3", -5, -1.5, None])
def test_every_other_cell_of_a_spreadsheet_stays_as_it_is(value: object) -> None:
    assert spreadsheet_cell(value) == value


def test_hidden_characters_are_shown() -> None:
    assert visible("card ") == "'card '"
    assert visible("") == "''"
    assert visible("\x1b[31mred\x9b") == "\\x1b[31mred\\x9b"
    assert visible("linha 1\nlinha 2") == "linha 1\nlinha 2"
