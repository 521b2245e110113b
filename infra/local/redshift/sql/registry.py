"""The registry of functions that may be called; every other list of functions derives from it.

A function that is not listed is refused. To add one, add its row here, in alphabetical order, and
its documented examples to `tests/infra/local/redshift/sql/test_functions.py`.
Source: https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions.html

Columns of the table:

name       as Redshift calls it
arguments  how many: `2`, `1-2`, `1+`; `any` where the parser checks them
class      scalar, aggregate, sorting (an aggregate over sorted rows), ranking or window
result     its type class: text, date, boolean, integer, double, number (of another type);
           `arguments`: that of the arguments; `same number type`: the number type of the argument,
           with its precision and scale (`number`: any other number type);
           `first`: that of the first argument; `?`: unknown, so the rewritten SQL asks DuckDB
DuckDB     how it is computed: DuckDB's function; `emulator.x`: a macro of macros.sql;
           `double x`: DuckDB's function, for DOUBLE arguments only; `rewrite`: by Python code in
           `functions.REWRITES`; `grammar`: sqlglot has a class for it.
           `::INTEGER` casts where DuckDB returns BIGINT
"""

from dataclasses import dataclass

_TABLE = """
abs                    | 1   | scalar    | same number type | abs
acos                   | 1   | scalar    | double           | emulator.acos
add_months             | 2   | scalar    | date             | emulator.add_months
any_value              | 1   | aggregate | arguments        | any_value
ascii                  | 1   | scalar    | integer          | ascii::INTEGER
asin                   | 1   | scalar    | double           | emulator.asin
atan                   | 1   | scalar    | double           | atan
atan2                  | 2   | scalar    | double           | atan2
avg                    | 1   | aggregate | same number type | emulator.avg
bit_and                | 1   | aggregate | ?                | bit_and
bit_or                 | 1   | aggregate | ?                | bit_or
bool_and               | 1   | aggregate | boolean          | bool_and
bool_or                | 1   | aggregate | boolean          | bool_or
btrim                  | 1-2 | scalar    | text             | rewrite
cast                   | any | scalar    | ?                | grammar
cbrt                   | 1   | scalar    | double           | cbrt
ceil                   | 1   | scalar    | number           | emulator.ceil
ceiling                | 1   | scalar    | number           | emulator.ceil
char_length            | 1   | scalar    | integer          | length::INTEGER
character_length       | 1   | scalar    | integer          | length::INTEGER
charindex              | 2   | scalar    | integer          | emulator.charindex::INTEGER
chr                    | 1   | scalar    | text             | chr
coalesce               | 1+  | scalar    | arguments        | coalesce
concat                 | 2   | scalar    | text             | emulator.concat
convert                | any | scalar    | ?                | grammar
convert_timezone       | 2-3 | scalar    | date             | rewrite
cos                    | 1   | scalar    | double           | cos
cot                    | 1   | scalar    | double           | cot
count                  | 1   | aggregate | integer          | count
cume_dist              | 0   | ranking   | double           | cume_dist
current_database       | 0   | scalar    | ?                | rewrite
current_date           | any | scalar    | ?                | grammar
date_part              | 2   | scalar    | double           | rewrite
date_part_year         | 1   | scalar    | integer          | emulator.date_part_year
date_trunc             | 2   | scalar    | date             | rewrite
dateadd                | 3   | scalar    | date             | rewrite
datediff               | 3   | scalar    | integer          | rewrite
decode                 | 3+  | scalar    | ?                | grammar
degrees                | 1   | scalar    | double           | degrees
dense_rank             | 0   | ranking   | integer          | dense_rank
dexp                   | 1   | scalar    | double           | emulator.exp
dlog1                  | 1   | scalar    | double           | emulator.ln
dlog10                 | 1   | scalar    | double           | emulator.log
exp                    | 1   | scalar    | double           | emulator.exp
extract                | any | scalar    | ?                | grammar
first_value            | 1   | window    | arguments        | first_value
floor                  | 1   | scalar    | number           | emulator.floor
func_sha1              | 1   | scalar    | text             | sha1
getdate                | 0   | scalar    | date             | rewrite
greatest               | 1+  | scalar    | arguments        | greatest
grouping               | 1   | scalar    | number           | grouping
initcap                | 1   | scalar    | text             | emulator.initcap
json_extract_path_text | 2+  | scalar    | text             | rewrite
lag                    | 1-3 | ranking   | first            | lag
last_day               | 1   | scalar    | date             | emulator.last_day
last_value             | 1   | window    | arguments        | last_value
lead                   | 1-3 | ranking   | first            | lead
least                  | 1+  | scalar    | arguments        | least
left                   | 2   | scalar    | text             | emulator.left
len                    | 1   | scalar    | integer          | length::INTEGER
length                 | 1   | scalar    | integer          | length::INTEGER
listagg                | 1-2 | sorting   | text             | grammar
ln                     | 1   | scalar    | double           | emulator.ln
log                    | 1   | scalar    | double           | emulator.log
lower                  | 1   | scalar    | text             | lower
lpad                   | 2-3 | scalar    | text             | emulator.pad_left
ltrim                  | 1-2 | scalar    | text             | rewrite
max                    | 1   | aggregate | arguments        | max
md5                    | 1   | scalar    | text             | md5
median                 | 1   | sorting   | double           | double median
min                    | 1   | aggregate | arguments        | min
mod                    | 2   | scalar    | number           | rewrite
months_between         | 2   | scalar    | double           | emulator.months_between
next_day               | 2   | scalar    | date             | rewrite
nth_value              | 2   | window    | first            | nth_value
ntile                  | 1   | ranking   | integer          | ntile
nullif                 | 2   | scalar    | ?                | grammar
nvl                    | 1+  | scalar    | arguments        | coalesce
nvl2                   | 3   | scalar    | ?                | rewrite
octet_length           | 1   | scalar    | integer          | strlen::INTEGER
percent_rank           | 0   | ranking   | double           | percent_rank
percentile_cont        | 1   | sorting   | double           | grammar
percentile_disc        | 1   | sorting   | arguments        | grammar
pg_backend_pid         | 0   | scalar    | ?                | rewrite
pg_last_copy_count     | 0   | scalar    | ?                | rewrite
pg_last_copy_id        | 0   | scalar    | ?                | rewrite
pg_last_unload_count   | 0   | scalar    | ?                | rewrite
pg_last_unload_id      | 0   | scalar    | ?                | rewrite
pi                     | 0   | scalar    | double           | pi
position               | any | scalar    | ?                | grammar
pow                    | 2   | scalar    | double           | emulator.power
power                  | 2   | scalar    | double           | emulator.power
radians                | 1   | scalar    | double           | radians
random                 | 0   | scalar    | double           | random
rank                   | 0   | ranking   | integer          | rank
regexp_count           | 2   | scalar    | integer          | emulator.regexp_count::INTEGER
regexp_instr           | 2   | scalar    | integer          | emulator.regexp_instr::INTEGER
regexp_replace         | 2-3 | scalar    | text             | emulator.regexp_replace
regexp_substr          | 2-5 | scalar    | text             | rewrite
repeat                 | 2   | scalar    | text             | emulator.repeated
replace                | 3   | scalar    | text             | emulator.replaced
replicate              | 2   | scalar    | text             | emulator.repeated
reverse                | 1   | scalar    | text             | reverse
right                  | 2   | scalar    | text             | emulator.right
round                  | 1-2 | scalar    | number           | round
row_number             | 0   | ranking   | integer          | row_number
rpad                   | 2-3 | scalar    | text             | emulator.pad_right
rtrim                  | 1-2 | scalar    | text             | rewrite
sha1                   | 1   | scalar    | text             | sha1
sha2                   | 2   | scalar    | text             | emulator.sha2
sin                    | 1   | scalar    | double           | sin
split_part             | 3   | scalar    | text             | emulator.split_part
sqrt                   | 1   | scalar    | double           | emulator.sqrt
stddev                 | 1   | aggregate | double           | double stddev
stddev_pop             | 1   | aggregate | double           | double stddev_pop
stddev_samp            | 1   | aggregate | double           | double stddev_samp
strpos                 | 2   | scalar    | integer          | strpos::INTEGER
strtol                 | 2   | scalar    | integer          | emulator.strtol
substr                 | 2-3 | scalar    | text             | emulator.substring
substring              | any | scalar    | ?                | grammar
sum                    | 1   | aggregate | same number type | emulator.sum
sysdate                | any | scalar    | ?                | grammar
tan                    | 1   | scalar    | double           | tan
textlen                | 1   | scalar    | integer          | length::INTEGER
to_char                | 2   | scalar    | text             | rewrite
to_date                | 2   | scalar    | date             | rewrite
to_hex                 | 1   | scalar    | text             | emulator.to_hex
to_timestamp           | 2   | scalar    | date             | rewrite
translate              | 3   | scalar    | text             | translate
trim                   | any | scalar    | text             | grammar
trunc                  | 1-2 | scalar    | ?                | emulator.trunc
upper                  | 1   | scalar    | text             | upper
var_pop                | 1   | aggregate | double           | double var_pop
var_samp               | 1   | aggregate | double           | double var_samp
variance               | 1   | aggregate | double           | double variance
"""


@dataclass(frozen=True)
class Function:
    """A function that may be called."""

    name: str
    least: int  # arguments
    most: int | None  # None: any number
    kind: str  # scalar, aggregate, sorting, ranking or window
    result: str
    duckdb: str  # DuckDB's function, `emulator.<macro>`, `rewrite` or `grammar`
    double_only: bool  # only for DOUBLE arguments
    casts_to_integer: bool

    def takes(self, count: int) -> bool:
        """Whether it takes this number of arguments."""
        return self.least <= count and (self.most is None or count <= self.most)


def _parsed(row: str) -> Function:
    name, arguments, kind, result, duckdb = (cell.strip() for cell in row.split("|"))
    least, most = _counts(arguments)
    return Function(
        name=name,
        least=least,
        most=most,
        kind=kind,
        result=result,
        duckdb=duckdb.removesuffix("::INTEGER").removeprefix("double "),
        double_only=duckdb.startswith("double "),
        casts_to_integer=duckdb.endswith("::INTEGER"),
    )


def _counts(arguments: str) -> tuple[int, int | None]:
    if arguments == "any":
        return 0, None
    if arguments.endswith("+"):
        return int(arguments[:-1]), None
    least, _, most = arguments.partition("-")
    return int(least), int(most or least)


FUNCTIONS = {row.split("|")[0].strip(): _parsed(row) for row in _TABLE.strip().splitlines()}


def named(*kinds: str) -> frozenset[str]:
    """Names of the functions of some classes."""
    return frozenset(name for name, function in FUNCTIONS.items() if function.kind in kinds)


AGGREGATES = named("aggregate", "sorting")
SORTING = named("sorting")
RANKING = named("ranking")
WINDOWS = named("ranking", "window")


def result_of(name: str) -> str:
    """The result of a function, `?` where it is unknown or no function may be called so."""
    function = FUNCTIONS.get(name)
    return function.result if function else "?"
