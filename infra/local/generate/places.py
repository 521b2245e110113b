"""Cities of Brazil: name, state, coordinates, share of customers, first zip code prefix."""

from typing import NamedTuple


class Place(NamedTuple):
    """A city; coordinates are in degrees, `weight` is relative to the other cities."""

    city: str
    state: str
    latitude: float
    longitude: float
    weight: float
    first_prefix: int


PLACES = [
    Place("são paulo", "SP", -23.55, -46.63, 160, 1001),
    Place("guarulhos", "SP", -23.45, -46.53, 15, 7010),
    Place("campinas", "SP", -22.91, -47.06, 17, 13010),
    Place("santo andré", "SP", -23.66, -46.53, 10, 9010),
    Place("ribeirão preto", "SP", -21.18, -47.81, 10, 14010),
    Place("são josé dos campos", "SP", -23.19, -45.88, 9, 12210),
    Place("santos", "SP", -23.96, -46.33, 8, 11010),
    Place("mogi das cruzes", "SP", -23.52, -46.19, 6, 8710),
    Place("rio de janeiro", "RJ", -22.91, -43.17, 70, 20010),
    Place("niterói", "RJ", -22.88, -43.10, 10, 24020),
    Place("duque de caxias", "RJ", -22.79, -43.31, 6, 25010),
    Place("petrópolis", "RJ", -22.51, -43.18, 4, 25610),
    Place("belo horizonte", "MG", -19.92, -43.94, 30, 30110),
    Place("uberlândia", "MG", -18.92, -48.28, 7, 38400),
    Place("juiz de fora", "MG", -21.76, -43.35, 5, 36010),
    Place("contagem", "MG", -19.93, -44.05, 5, 32010),
    Place("porto alegre", "RS", -30.03, -51.23, 15, 90010),
    Place("caxias do sul", "RS", -29.17, -51.18, 4, 95010),
    Place("curitiba", "PR", -25.43, -49.27, 16, 80010),
    Place("londrina", "PR", -23.31, -51.16, 5, 86010),
    Place("florianópolis", "SC", -27.59, -48.55, 8, 88010),
    Place("joinville", "SC", -26.30, -48.85, 5, 89201),
    Place("salvador", "BA", -12.97, -38.50, 14, 40010),
    Place("feira de santana", "BA", -12.27, -38.97, 3, 44001),
    Place("brasília", "DF", -15.79, -47.88, 20, 70040),
    Place("vitória", "ES", -20.32, -40.34, 6, 29010),
    Place("goiânia", "GO", -16.69, -49.26, 9, 74003),
    Place("recife", "PE", -8.05, -34.88, 9, 50010),
    Place("fortaleza", "CE", -3.73, -38.52, 8, 60010),
    Place("belém", "PA", -1.46, -48.50, 5, 66010),
    Place("cuiabá", "MT", -15.60, -56.10, 4, 78005),
    Place("são luís", "MA", -2.53, -44.30, 4, 65010),
    Place("campo grande", "MS", -20.44, -54.65, 4, 79002),
    Place("joão pessoa", "PB", -7.12, -34.86, 3, 58010),
    Place("teresina", "PI", -5.09, -42.80, 3, 64000),
    Place("natal", "RN", -5.79, -35.21, 3, 59010),
    Place("maceió", "AL", -9.67, -35.74, 3, 57010),
    Place("aracaju", "SE", -10.91, -37.07, 2, 49010),
    Place("palmas", "TO", -10.18, -48.33, 2, 77001),
    Place("porto velho", "RO", -8.76, -63.90, 2, 76801),
    Place("manaus", "AM", -3.12, -60.02, 2, 69005),
    Place("rio branco", "AC", -9.97, -67.81, 1, 69900),
    Place("macapá", "AP", 0.03, -51.07, 1, 68900),
    Place("boa vista", "RR", 2.82, -60.67, 1, 69301),
]
