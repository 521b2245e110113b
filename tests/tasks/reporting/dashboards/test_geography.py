"""City and state names as displayed."""

import pytest

from tasks.reporting.dashboards.geography import STATES, Cities

SPELT = [
    ("são paulo", 900),
    ("sao paulo", 500),
    ("são paulô", 2),
    ("embu-guaçu", 3),
    ("jundiaí", 5),
]


@pytest.mark.parametrize(
    ("city", "name"),
    [
        ("sao paulo", "São Paulo"),  # the most frequent spelling with accents
        ("jundiai", "Jundiaí"),
        ("embu-guacu", "Embu-Guaçu"),
        ("sao bernardo do campo", "Sao Bernardo do Campo"),  # no accented spelling in the data
        ("santa barbara d'oeste", "Santa Barbara D'Oeste"),
        ("brasília", "Brasília"),
        ("", ""),
    ],
)
def test_a_city_name_is_displayed_with_capitals_and_accents(city: str, name: str) -> None:
    assert Cities(SPELT).name(city) == name


def test_all_states_have_names() -> None:
    assert len(STATES) == 27 + 1  # plus the unknown state
    assert STATES["SP"] == "São Paulo"
