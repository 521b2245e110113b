"""Statements of a SQL text."""

from infra.sql_files import split


def test_statements_end_at_semicolons_outside_comments_and_strings() -> None:
    sql = "-- a; b\nSELECT ';' AS x; /* ; */ SELECT 2;\n"
    assert split(sql) == ("-- a; b\nSELECT ';' AS x", "/* ; */ SELECT 2")


def test_comments_alone_are_not_a_statement() -> None:
    assert split("SELECT 1; -- the end\n") == ("SELECT 1",)
    assert split(" ;; /* nothing */ ;") == ()
