"""Table properties: byte lengths, decimals, NOT NULL, names; keys are informational only."""

import datetime as dt
import time
from decimal import Decimal

import pytest

from tests.infra.local.redshift.conftest import Database
from tests.infra.local.redshift.ledger import documented, emulator_only


@pytest.fixture
def kept(db: Database) -> Database:
    """An empty table `kept` with one column per type."""
    db.run("DROP TABLE IF EXISTS kept")
    db.run(
        "CREATE TABLE kept (v VARCHAR(3), c CHAR(2), n DECIMAL(8, 2), i INTEGER, t TIMESTAMP, "
        "w VARCHAR, d DECIMAL)"
    )
    return db


@documented("r_Character_types")
@pytest.mark.parametrize("text", ["abc", "é1", "€"])  # at most three bytes
def test_a_text_within_its_bytes_is_kept(kept: Database, text: str) -> None:
    kept.run("INSERT INTO kept (v) VALUES (%s)", (text,))
    assert kept.value("SELECT v FROM kept") == text


@documented("r_Character_types")
@pytest.mark.parametrize("text", ["abcd", "éé", "€a"])
def test_a_text_beyond_its_bytes_raises_the_error_message_of_redshift(
    kept: Database, text: str
) -> None:
    fields = kept.error("INSERT INTO kept (v) VALUES (%s)", (text,))
    assert fields["C"] == "22001"
    assert fields["M"] == "value too long for type character varying(3)"


@documented("r_Character_types")
def test_text_without_a_length_has_256_bytes(kept: Database) -> None:
    kept.run("INSERT INTO kept (w) VALUES (%s)", ("x" * 256,))
    fields = kept.error("INSERT INTO kept (w) VALUES (%s)", ("x" * 257,))
    assert fields["M"] == "value too long for type character varying(256)"


@documented("r_Character_types")
def test_an_update_checks_the_length_of_text(kept: Database) -> None:
    kept.run("INSERT INTO kept (v) VALUES ('abc')")
    assert kept.error("UPDATE kept SET v = 'abcd'")["C"] == "22001"
    assert kept.value("SELECT v FROM kept") == "abc"


@documented("r_Character_types")
def test_char_is_stored_at_its_length(kept: Database) -> None:
    kept.run("INSERT INTO kept (c) VALUES ('SP')")
    assert kept.value("SELECT c FROM kept") == "SP"
    assert kept.error("INSERT INTO kept (c) VALUES ('abc')")["M"] == (
        "value too long for type character(2)"
    )


@emulator_only("padding of CHAR is not emulated, so a value that needs it is refused")
def test_a_char_that_would_be_padded_is_refused(kept: Database) -> None:
    assert "use VARCHAR" in kept.error("INSERT INTO kept (c) VALUES ('a')")["M"]


@emulator_only("Redshift cuts blanks beyond the length; here the text must be trimmed first")
def test_blanks_beyond_the_length_are_refused(kept: Database) -> None:
    assert "TRIM" in kept.error("INSERT INTO kept (v) VALUES ('abc  ')")["M"]


@documented("r_Numeric_types201")
@pytest.mark.parametrize(
    ("given", "stored"),
    [("1.005", "1.01"), ("1.004", "1.00"), ("-1.005", "-1.01"), ("999999.994", "999999.99")],
)
def test_insert_rounds_to_the_columns_scale(kept: Database, given: str, stored: str) -> None:
    kept.run(f"INSERT INTO kept (n) VALUES ({given})")
    assert kept.value("SELECT n FROM kept") == Decimal(stored)


@documented("r_Numeric_types201")
@pytest.mark.parametrize("given", ["1000000", "999999.995"])
def test_a_number_beyond_the_precision_is_an_error(kept: Database, given: str) -> None:
    assert kept.error(f"INSERT INTO kept (n) VALUES ({given})")["C"] == "22003"


@documented("r_Numeric_types201")
def test_decimal_without_precision_has_scale_zero(kept: Database) -> None:
    kept.run("INSERT INTO kept (d) VALUES (1.7)")
    assert kept.value("SELECT d FROM kept") == Decimal(2)


@documented("r_Numeric_types201")
def test_an_integer_out_of_range_is_an_error(kept: Database) -> None:
    kept.run("INSERT INTO kept (i) VALUES (2147483647)")
    assert kept.error("INSERT INTO kept (i) VALUES (2147483648)")["C"] == "22003"


@documented("r_Datetime_types")
def test_timestamps_keep_microseconds(kept: Database) -> None:
    moment = dt.datetime(2018, 3, 4, 5, 6, 7, 189717)
    kept.run("INSERT INTO kept (t) VALUES (%s)", (moment,))
    assert kept.value("SELECT t FROM kept") == moment


@documented("r_CREATE_TABLE_NEW")
def test_not_null_is_enforced(db: Database) -> None:
    db.run("CREATE TEMP TABLE needed (a INTEGER NOT NULL)")
    fields = db.error("INSERT INTO needed VALUES (NULL)")
    assert (fields["C"], fields["M"]) == ("23502", "Cannot insert a NULL value into column a")


@documented("t_Defining_constraints")
def test_primary_unique_and_foreign_keys_are_not_enforced(db: Database) -> None:
    db.run("DROP TABLE IF EXISTS child")
    db.run("DROP TABLE IF EXISTS parent")
    db.run("CREATE TABLE parent (a INTEGER PRIMARY KEY, b INTEGER UNIQUE)")
    db.run("CREATE TABLE child (a INTEGER REFERENCES parent (a))")
    db.run("INSERT INTO parent VALUES (1, 1), (1, 1)")
    db.run("INSERT INTO child VALUES (7)")
    assert db.value("SELECT COUNT(*) FROM parent") == 2


@documented("r_names")
def test_names_fold_to_lower_case_quoted_or_not(db: Database) -> None:
    db.run("DROP TABLE IF EXISTS folded")
    db.run('CREATE TABLE "Folded" ("MyCol" INTEGER)')
    db.run("INSERT INTO FOLDED VALUES (1)")
    assert db.rows('SELECT MYCOL, "mycol" FROM folded') == [(1, 1)]


@documented("r_CREATE_TABLE_NEW")
def test_defaults_are_used(db: Database) -> None:
    db.run("CREATE TEMP TABLE given (a INTEGER, b INTEGER DEFAULT 5)")
    db.run("INSERT INTO given (a) VALUES (1)")
    assert db.rows("SELECT a, b FROM given") == [(1, 5)]


@documented("r_GETDATE")
def test_sysdate_and_getdate_can_be_column_defaults(db: Database) -> None:
    db.run(
        "CREATE TEMP TABLE told (a INTEGER, began TIMESTAMP DEFAULT SYSDATE, "
        "stated TIMESTAMP DEFAULT GETDATE())"
    )
    db.run("BEGIN")
    db.run("INSERT INTO told (a) VALUES (1)")
    time.sleep(1.1)  # GETDATE has a resolution of one second
    db.run("INSERT INTO told (a) SELECT 2")
    sysdate = db.value("SELECT SYSDATE")
    rows = db.rows("SELECT began, stated FROM told ORDER BY a")
    db.run("COMMIT")
    assert [began for began, _ in rows] == [sysdate, sysdate]
    assert rows[0][1] < rows[1][1]
    assert all(stated.microsecond == 0 for _, stated in rows)


@documented("r_CREATE_TABLE_NEW")
def test_a_table_like_another_has_its_columns_lengths_and_not_nulls(db: Database) -> None:
    db.run("DROP TABLE IF EXISTS model")
    db.run("CREATE TABLE model (a VARCHAR(2) NOT NULL, b DECIMAL(12, 2))")
    db.run("CREATE TEMP TABLE copied (LIKE model)")
    db.run("INSERT INTO copied VALUES ('ab', 1.005)")
    assert db.value("SELECT b FROM copied") == Decimal("1.01")
    assert db.error("INSERT INTO copied VALUES (NULL, 1)")["C"] == "23502"
    assert db.error("INSERT INTO copied VALUES ('abc', 1)")["C"] == "22001"


@documented("r_CREATE_TABLE_AS")
def test_a_table_from_a_query_has_its_rows_and_column_names(sales: Database) -> None:
    sales.run("DROP TABLE IF EXISTS made")
    sales.run(
        "CREATE TABLE made DISTKEY (i) SORTKEY (i) AS SELECT i, COUNT(*) FROM sales GROUP BY i"
    )
    assert sales.rows('SELECT i, "count" FROM made ORDER BY i') == [(1, 1), (2, 2)]


@documented("r_SELECT_INTO")
def test_select_into_makes_a_table(sales: Database) -> None:
    sales.run("DROP TABLE IF EXISTS chosen")
    sales.run("SELECT i INTO chosen FROM sales WHERE i = 1")
    assert sales.rows("SELECT i FROM chosen") == [(1,)]


@documented("r_CREATE_TABLE_NEW")
def test_a_temporary_table_is_private_and_shadows_a_permanent_one(connect) -> None:
    first, second = (Database(connect()) for _ in range(2))
    for database in (first, second):
        database.connection.autocommit = True
    first.run("DROP TABLE IF EXISTS shadow")
    first.run("CREATE TABLE shadow (a INTEGER)")
    first.run("CREATE TABLE #shadow (a INTEGER)")
    first.run("INSERT INTO shadow VALUES (1)")
    assert first.value("SELECT COUNT(*) FROM shadow") == 1
    assert second.value("SELECT COUNT(*) FROM shadow") == 0


@documented("r_CREATE_TABLE_NEW")
def test_a_temporary_table_that_is_dropped_or_rolled_back_hides_nothing(db: Database) -> None:
    db.run("DROP TABLE IF EXISTS passing")
    db.run("CREATE TABLE passing (a INTEGER)")
    for _ in range(2):
        db.run("CREATE TEMP TABLE passing (b INTEGER)")
        assert db.rows("SELECT COUNT(b) FROM passing") == [(0,)]
        db.run("DROP TABLE passing")
        assert db.rows("SELECT COUNT(a) FROM passing") == [(0,)]
    db.run("BEGIN")
    db.run("CREATE TEMP TABLE passing (b INTEGER)")
    db.run("ROLLBACK")
    assert db.rows("SELECT COUNT(a) FROM passing") == [(0,)]
    db.run("DROP TABLE IF EXISTS passing")
    db.run("DROP TABLE IF EXISTS passing")


@documented("r_ALTER_TABLE")
def test_alter_table_adds_drops_and_renames(db: Database) -> None:
    db.run("DROP TABLE IF EXISTS altered")
    db.run("DROP TABLE IF EXISTS renamed")
    db.run("CREATE TABLE altered (a INTEGER, b VARCHAR(5))")
    db.run("INSERT INTO altered VALUES (1, 'x')")
    db.run("ALTER TABLE altered ADD COLUMN c INTEGER DEFAULT 7")
    db.run("ALTER TABLE altered RENAME COLUMN b TO e")
    db.run("ALTER TABLE altered DROP COLUMN a")
    db.run("ALTER TABLE altered RENAME TO renamed")
    assert db.rows("SELECT e, c FROM renamed") == [("x", 7)]
    # the renamed column keeps its length
    assert db.error("INSERT INTO renamed VALUES ('123456', 1)")["C"] == "22001"


@documented("r_ALTER_TABLE")
def test_a_text_column_is_added_with_its_length_and_default(db: Database) -> None:
    db.run("DROP TABLE IF EXISTS widened")
    db.run("CREATE TABLE widened (a INTEGER NOT NULL, b VARCHAR(5), PRIMARY KEY (a))")
    db.run("COMMENT ON COLUMN widened.b IS 'it''s text'")
    db.run("INSERT INTO widened VALUES (1, 'x')")
    db.run("ALTER TABLE widened ADD COLUMN c VARCHAR(3)")
    assert db.rows("SELECT a, b, c FROM widened") == [(1, "x", None)]
    db.run("INSERT INTO widened VALUES (2, 'y', 'abc')")
    assert db.error("INSERT INTO widened VALUES (3, 'z', 'abcd')")["C"] == "22001"
    assert db.error("INSERT INTO widened VALUES (3, 'abcdef', 'a')")["C"] == "22001"
    assert db.error("INSERT INTO widened (b) VALUES ('z')")["C"] == "23502"
    columns = "SELECT column_name, character_maximum_length, remarks FROM svv_columns "
    assert db.rows(columns + "WHERE table_name = 'widened' ORDER BY ordinal_position") == [
        ("a", None, None), ("b", 5, "it's text"), ("c", 3, None),
    ]  # fmt: skip


@documented("r_ALTER_TABLE")
def test_columns_are_added_beside_defaults_and_to_temporary_tables(db: Database) -> None:
    db.run("DROP TABLE IF EXISTS defaulted")
    db.run("CREATE TABLE defaulted (a INTEGER, b INTEGER DEFAULT 4)")
    db.run("ALTER TABLE defaulted ADD COLUMN c INTEGER DEFAULT 5")
    db.run("ALTER TABLE defaulted ADD COLUMN d VARCHAR(3) DEFAULT 'x'")
    db.run("ALTER TABLE defaulted ADD COLUMN e INTEGER")
    db.run("INSERT INTO defaulted (a) VALUES (1)")
    assert db.rows("SELECT a, b, c, d, e FROM defaulted") == [(1, 4, 5, "x", None)]
    db.run("CREATE TEMP TABLE passing (a INTEGER)")
    db.run("ALTER TABLE passing ADD COLUMN b INTEGER")
    db.run("INSERT INTO passing VALUES (1, 2)")
    assert db.rows("SELECT a, b FROM passing") == [(1, 2)]


@documented("r_ALTER_TABLE")
def test_a_rolled_back_add_column_leaves_the_table_unchanged(db: Database) -> None:
    db.run("DROP TABLE IF EXISTS narrow")
    db.run("CREATE TABLE narrow (a INTEGER)")
    db.run("INSERT INTO narrow VALUES (1)")
    db.run("BEGIN")
    db.run("ALTER TABLE narrow ADD COLUMN b VARCHAR(3)")
    db.run("INSERT INTO narrow VALUES (2, 'x')")
    db.run("ROLLBACK")
    assert db.rows("SELECT * FROM narrow") == [(1,)]


@documented("r_COMMENT")
def test_a_comment_on_a_column_is_shown_in_the_catalogue(db: Database) -> None:
    db.run("DROP TABLE IF EXISTS commented")
    db.run("CREATE TABLE commented (a INTEGER)")
    db.run("COMMENT ON COLUMN public.commented.a IS 'How many;  two blanks'")
    remarks = "SELECT remarks FROM svv_columns WHERE table_name = 'commented'"
    assert db.value(remarks) == "How many;  two blanks"
    db.run("COMMENT ON COLUMN commented.a IS NULL")
    assert db.value(remarks) is None
    assert db.error("COMMENT ON COLUMN commented.b IS 'x'")["C"] == "42703"
    assert db.error("COMMENT ON COLUMN nowhere.b IS 'x'")["C"] == "42P01"


@emulator_only("comments are kept for columns only")
def test_a_comment_on_another_object_is_refused(db: Database) -> None:
    assert "comment the columns" in db.error("COMMENT ON TABLE commented IS 'x'")["M"]


@documented("r_CREATE_VIEW")
def test_a_view_shows_what_its_tables_hold(sales: Database) -> None:
    sales.run("CREATE OR REPLACE VIEW seen AS SELECT i, AVG(i) OVER () AS mean FROM sales")
    assert sales.rows("SELECT mean FROM seen WHERE i = 1") == [(1,)]
    sales.run("INSERT INTO sales (i) VALUES (8)")
    assert sales.rows("SELECT mean FROM seen WHERE i = 1") == [(3,)]  # 13 / 4, truncated


@emulator_only("IDENTITY numbers rows with gaps and in no order, which would not be the same here")
def test_identity_is_refused(db: Database) -> None:
    fields = db.error("CREATE TABLE numbered (a INTEGER IDENTITY(1, 1), b INTEGER)")
    assert fields["C"] == "0A000"


@documented("r_CREATE_TABLE_NEW")
def test_if_not_exists_leaves_a_table_as_it_is(db: Database) -> None:
    db.run("DROP TABLE IF EXISTS kept")
    db.run("DROP TABLE IF EXISTS model")
    db.run("CREATE TABLE model (a VARCHAR(3), b INTEGER)")
    db.run("CREATE TABLE IF NOT EXISTS kept (LIKE model)")
    db.run("INSERT INTO kept VALUES ('abc', 1)")
    db.run("CREATE TABLE IF NOT EXISTS kept (LIKE model)")
    db.run("CREATE TABLE IF NOT EXISTS kept (a VARCHAR(9))")
    assert db.rows("SELECT a, b FROM kept") == [("abc", 1)]
    assert db.error("INSERT INTO kept VALUES ('abcd', 1)")["C"] == "22001"  # still VARCHAR(3)
