"""Display names of places: states by name, cities with their accents."""

import unicodedata
from collections.abc import Iterable

STATES = {
    "AC": "Acre",
    "AL": "Alagoas",
    "AM": "Amazonas",
    "AP": "Amapá",
    "BA": "Bahia",
    "CE": "Ceará",
    "DF": "Distrito Federal",
    "ES": "Espírito Santo",
    "GO": "Goiás",
    "MA": "Maranhão",
    "MG": "Minas Gerais",
    "MS": "Mato Grosso do Sul",
    "MT": "Mato Grosso",
    "PA": "Pará",
    "PB": "Paraíba",
    "PE": "Pernambuco",
    "PI": "Piauí",
    "PR": "Paraná",
    "RJ": "Rio de Janeiro",
    "RN": "Rio Grande do Norte",
    "RO": "Rondônia",
    "RR": "Roraima",
    "RS": "Rio Grande do Sul",
    "SC": "Santa Catarina",
    "SE": "Sergipe",
    "SP": "São Paulo",
    "TO": "Tocantins",
    "??": "unknown",
}
_SMALL = {"a", "as", "d", "da", "das", "de", "do", "dos", "e", "em", "no", "na", "o", "os"}


class Cities:
    """Display names of cities, with accents and capitals."""

    def __init__(self, spellings: Iterable[tuple[str, int]]) -> None:
        """Learn the most frequent spelling of each city.

        Args:
            spellings: Spellings with accents, each with its number of occurrences.
        """
        self._accented: dict[str, tuple[int, str]] = {}
        for spelling, mentions in spellings:
            lower = spelling.lower()
            plain = without_accents(lower)
            self._accented[plain] = max(self._accented.get(plain, (0, "")), (mentions, lower))

    def name(self, city: str) -> str:
        """Return the display name of a city: `sao paulo` becomes São Paulo."""
        lower = city.lower()
        if lower == without_accents(lower):
            lower = self._accented.get(lower, (0, lower))[1]
        words = lower.split(" ")
        return " ".join(
            word if at and word in _SMALL else _capital(word) for at, word in enumerate(words)
        )


def _capital(word: str) -> str:
    """Capitalize a word: `d'oeste` becomes D'Oeste, `embu-guacu` becomes Embu-Guacu."""
    for mark in ("'", "-"):
        if mark in word:
            return mark.join(_capital(part) for part in word.split(mark))
    return word[:1].upper() + word[1:]


def without_accents(text: str) -> str:
    """Return the text without accents."""
    apart = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
