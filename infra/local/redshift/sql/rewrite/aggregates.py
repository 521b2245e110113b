"""Rewrites aggregates that differ in DuckDB: LISTAGG, percentiles, SUM and AVG over a window.

Source: https://docs.aws.amazon.com/redshift/latest/dg/c_Aggregate_Functions.html
"""

from sqlglot import exp

from infra.local.redshift.errors import refuse
from infra.local.redshift.sql.functions import call, engine, name_of
from infra.local.redshift.sql.types.numeric_type import scale_of


def within_group(node: exp.Expr) -> exp.Expr:
    """Rewrite LISTAGG, PERCENTILE_CONT or PERCENTILE_DISC with WITHIN GROUP."""
    function, order = node.this, node.expression
    name = name_of(function)
    if name == "listagg":
        return listagg(function, order)
    fraction = function.expressions[0].sql("duckdb")
    by = order.expressions[0]
    value = by.this if name == "percentile_disc" else call(
        "only_double", by.this.copy(), exp.Literal.string("PERCENTILE_CONT")
    )  # fmt: skip
    engine_name = {"percentile_cont": "quantile_cont", "percentile_disc": "quantile_disc"}.get(name)
    if engine_name is None or by.args.get("desc"):
        refuse("WITHIN GROUP", node)
    return engine(f"{engine_name}({value.sql('duckdb')}, {fraction})")


def listagg(function: exp.Expr, order: exp.Expr | None) -> exp.Expr:
    """Rewrite LISTAGG: it omits NULL and empty text, and has no delimiter by default."""
    value, *rest = function.expressions
    distinct = isinstance(value, exp.Distinct)
    if distinct:
        value, *rest = [*value.expressions, *rest]
    text = f"nullif(emulator.printable({value.sql('duckdb')}), '')"
    delimiter = "''" if not rest or isinstance(rest[0], exp.Null) else rest[0].sql("duckdb")
    by = f" {order.sql('duckdb')}" if order is not None else ""
    if not distinct:
        return exp.var(f"emulator.within_listagg_limit(string_agg({text}, {delimiter}{by}))")
    values = f"list_distinct(list(emulator.checked_key({text})))"
    if order is not None:
        ordered = order.expressions[0]
        if ordered.this.sql() != value.sql():
            refuse("LISTAGG(DISTINCT x) ordered by something else than x", function)
        values = f"list_{'reverse_' if ordered.args.get('desc') else ''}sort({values})"
    return exp.var(f"emulator.within_listagg_limit(array_to_string({values}, {delimiter}))")


def average(function: exp.Expr) -> exp.Expr | None:
    """Rewrite AVG of DECIMALs with a known scale; None for any other AVG."""
    scale = scale_of(str(function.meta.get("number", "")))
    value = function.expressions[0]
    if scale is None or isinstance(value, exp.Distinct) or isinstance(function.parent, exp.Window):
        return None
    return _decimal_average(f"sum({value.sql('duckdb')})", f"count({value.sql('duckdb')})", scale)


def _decimal_average(total: str, count: str, scale: int) -> exp.Expr:
    """AVG of DECIMALs from SQL of their sum and count, truncated to their scale."""
    units = f"CAST({total} * {10**scale} AS HUGEINT)"
    return engine(
        f"CAST(CAST(emulator.decimal_average({units}, {count}) AS DECIMAL(24, 0)) "
        f"* {10**-scale:.{scale}f} AS DECIMAL(38, {scale}))"
    )


def over_window(node: exp.Expr) -> exp.Expr:
    """Rewrite SUM and AVG over a window by their argument's type; cast ranks to INTEGER."""
    function = node.this
    if isinstance(function, exp.WithinGroup) or function.find(exp.Dot) is None:
        ranks = name_of(function) in {"rank", "dense_rank"}  # INTEGER: dg/r_WF_RANK.html
        return exp.cast(node.copy(), "int") if ranks else node
    # the function is already a macro; a window needs DuckDB's aggregate itself
    macro = function.expression if isinstance(function, exp.Dot) else None
    name = name_of(macro)
    if name not in {"sum", "avg"}:
        if name in {"", "count", "min", "max"}:
            return node
        refuse("a window function", node)
    value = macro.expressions[0]  # pyright: ignore[reportOptionalMemberAccess]

    def over(aggregate: str) -> exp.Expr:
        window = node.copy()
        window.set("this", exp.Anonymous(this=aggregate, expressions=[value.copy()]))
        return window

    witness = _witness(value)
    if name == "sum":
        return call("sum_over", witness, over("sum"))
    scale = scale_of(str(node.meta.get("number", "")))
    if scale is not None:
        return _decimal_average(over("sum").sql("duckdb"), over("count").sql("duckdb"), scale)
    return call("avg_over", witness, over("sum"), over("count"))


def _witness(value: exp.Expr) -> exp.Expr:
    """An expression of the same type without aggregates, so that DuckDB can find its type."""
    copy = exp.Paren(this=value.copy())
    for node in reversed(list(copy.walk())):
        if isinstance(node, exp.Dot) and name_of(node.expression) in {"sum", "avg"}:
            node.replace(exp.Paren(this=node.expression.expressions[0].copy()))
        elif name_of(node) in {"min", "max"}:
            node.replace(exp.Paren(this=node.expressions[0].copy()))
        elif name_of(node) == "count":
            node.replace(exp.cast(exp.Literal.number(0), "bigint"))
    return copy.this
