"""Generated pages of `docs/` are not stale."""

import pytest

from docs.tools.pages import PAGES


@pytest.mark.parametrize("page", PAGES)
def test_a_generated_docs_page_is_up_to_date(page: str) -> None:
    path, text = PAGES[page]
    assert path.read_text() == text(), f"{path.name} is stale: make docs"
