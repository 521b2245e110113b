"""Product categories and review comments that the generator draws from."""

CATEGORIES = {
    "cama_mesa_banho": "bed_bath_table",
    "beleza_saude": "health_beauty",
    "esporte_lazer": "sports_leisure",
    "moveis_decoracao": "furniture_decor",
    "informatica_acessorios": "computers_accessories",
    "utilidades_domesticas": "housewares",
    "relogios_presentes": "watches_gifts",
    "telefonia": "telephony",
    "ferramentas_jardim": "garden_tools",
    "automotivo": "auto",
    "brinquedos": "toys",
    "cool_stuff": "cool_stuff",
    "perfumaria": "perfumery",
    "bebes": "baby",
    "eletronicos": "electronics",
    "papelaria": "stationery",
    "pet_shop": "pet_shop",
    "consoles_games": "consoles_games",
    "malas_acessorios": "luggage_accessories",
    "alimentos": "food",
}
# as in the real data, two categories have no translation
UNTRANSLATED = ["pc_gamer", "portateis_cozinha_e_preparadores_de_alimentos"]

TITLES = ["recomendo", "Muito bom", "Super recomendo", "Bom", "10", "Não recomendo", "Atrasou"]

MESSAGES = [
    "Recebi bem antes do prazo estipulado.",
    "Produto de ótima qualidade, chegou tudo certo",
    "Parabéns lojas lannister adorei comprar pela Internet seguro e prático",
    "Vendedor confiável, produto ok e entrega antes do prazo. ",
    "Ainda não recebi o produto.\r\nJá faz duas semanas!",
    'Comprei o modelo "preto, grande" e veio outro',
    "Gostei muito, 👍👍",
    "Veio com defeito,\naguardo a troca\n\nobrigada",
    "ótimo",
    'Não chegou; a transportadora diz que "não havia ninguém", mas eu estava em casa.',
]
