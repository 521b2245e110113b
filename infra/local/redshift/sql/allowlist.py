"""The accepted SQL: expressions with their parts, types, and tables of the catalogue.

Source: https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_reference.html
"""

from sqlglot import exp

# each accepted sqlglot expression, and the arguments that it may have
EXPRESSIONS = {
    name: frozenset(parts.split())
    for name, parts in (
        line.split(":")
        for line in """
Select:distinct expressions into from_ joins where group having qualify order limit offset with_
Union:this expression distinct with_ order limit offset
Except:this expression distinct with_ order limit offset
Intersect:this expression distinct with_ order limit offset
Insert:this expression
Delete:this tables using where with_
Update:this expressions from_ where with_
Merge:this using on whens
Create:this kind expression exists replace properties no_schema_binding
Drop:kind tables exists cascade restrict
Alter:this kind actions
AlterDistStyle:this
AlterSortKey:this expressions compound
TruncateTable:expressions
From:this
Where:this
Group:expressions rollup cube grouping_sets
Having:this
Qualify:this
Order:expressions
Ordered:this desc nulls_first
Limit:expression
Offset:expression
Join:this on side kind using
With:expressions recursive
CTE:this alias
TableAlias:this columns
Table:this db alias catalog joins pivots
Subquery:this alias pivots
Pivot:expressions fields unpivot include_nulls alias columns pivot_column_naming
PivotAlias:this alias
Values:expressions
Tuple:expressions
Into:this temporary
Whens:expressions
When:matched then
AlterRename:this
RenameColumn:this to
ColumnDef:this kind constraints
ColumnConstraint:kind
Schema:this expressions
Properties:expressions
LikeProperty:this expressions
DistKeyProperty:this
DistStyleProperty:this
SortKeyProperty:this compound
TemporaryProperty:
NoSchemaBindingProperty:
BackupProperty:this
IndexParameters:
PrimaryKey:expressions include
PrimaryKeyColumnConstraint:include
ForeignKey:expressions reference
Reference:this
UniqueColumnConstraint:this include
NotNullColumnConstraint:allow_null
EncodeColumnConstraint:this
DefaultColumnConstraint:this
Constraint:this expressions
Distinct:expressions
Rollup:expressions
Cube:expressions
GroupingSets:expressions
Add:this expression
Sub:this expression
Mul:this expression
Div:this expression typed
Mod:this expression
Neg:this
And:this expression
Or:this expression
Not:this
Paren:this
EQ:this expression
NEQ:this expression
GT:this expression
GTE:this expression
LT:this expression
LTE:this expression
Is:this expression
In:this expressions query
Between:this low high
Like:this expression negate
ILike:this expression negate
RegexpLike:this expression
Escape:this expression
Exists:this
DPipe:this expression safe
Case:this ifs default
If:this true
Cast:this to
Extract:this expression
Trim:this expression position
Substring:this start length
StrPosition:this substr
Interval:this unit
CurrentDate:
CurrentTimestamp:sysdate
CurrentUser:
CurrentSchema:
CurrentDatabase:
Anonymous:this expressions
Window:this over partition_by order spec alias
WindowSpec:kind start start_side end end_side
WithinGroup:this expression
IgnoreNulls:this
RespectNulls:this
Dot:this expression
Alias:this alias
Column:this table db
Star:
Literal:this is_string
Boolean:this
Null:
Var:this
Identifier:this quoted
DataType:this expressions nested
DataTypeParam:this
Parameter:this
""".strip().splitlines()
    )
}
TYPES = {
    "BIGINT", "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "FLOAT", "INT", "SMALLINT", "TIMESTAMP",
    "TIMESTAMPTZ", "VARCHAR", "CHAR", "TEXT", "NVARCHAR", "NCHAR", "BPCHAR",
}  # fmt: skip
SYSTEM_TABLES = frozenset(
    "svv_all_tables svv_all_columns svv_tables svv_columns pg_tables pg_namespace "
    "sys_load_history sys_load_error_detail".split()
)

# messages for refused expressions, functions and parts: the reason, or what to write instead
REASONS = {
    "Lateral": "LATERAL does not exist in Redshift",
    "NullSafeEQ": "IS NOT DISTINCT FROM does not exist in Redshift",
    "NullSafeNEQ": "IS DISTINCT FROM does not exist in Redshift",
    "Filter": "FILTER does not exist in Redshift",
    "Returning": "RETURNING does not exist in Redshift",
    "Array": "arrays do not exist in Redshift",
    "Unnest": "UNNEST does not exist in Redshift",
    "SimilarTo": "SIMILAR TO is not emulated, use ~",
    "GeneratedAsIdentityColumnConstraint": (
        "IDENTITY gives other values than Redshift would: number the rows with ROW_NUMBER()"
    ),
    "RegexpILike": "~* is not listed by Redshift: LOWER the text",
}
INSTEAD = {
    "age": "use DATEDIFF",
    "array_agg": "use LISTAGG",
    "current_timestamp": "use GETDATE()",
    "date": "write CAST(x AS DATE)",
    "date_format": "use TO_CHAR",
    "ifnull": "use NVL",
    "now": "use GETDATE()",
    "string_agg": "use LISTAGG",
    "string_split": "use SPLIT_PART",
    "strftime": "use TO_CHAR",
    "to_number": "write CAST(x AS DECIMAL(p, s))",
}
PARTS = {
    "fraction_in_string": "a fraction in an interval: write it in a smaller unit",
    "with_": "write WITH before the SELECT of an INSERT",
    "symmetric": "BETWEEN SYMMETRIC does not exist in Redshift",
    "method": "NATURAL JOIN is not emulated: write ON",
    "windows": "named windows do not exist in Redshift",
    "conflict": "ON CONFLICT does not exist in Redshift, use MERGE",
    "returning": "RETURNING does not exist in Redshift",
    "locks": "FOR UPDATE does not exist in Redshift",
    "sample": "TABLESAMPLE does not exist in Redshift",
    "materialized": "MATERIALIZED of a CTE does not exist in Redshift",
    "all": "GROUP BY ALL",
}


def is_system(node: exp.Expr) -> bool:
    """Whether a table is a catalogue table that may be read."""
    schema, name = node.text("db").lower(), node.name.lower()
    if schema == "information_schema":
        return name == "tables"
    return schema in {"", "pg_catalog"} and name in SYSTEM_TABLES
