// The chosen filters, as conditions on rows and on the displayed queries.
const hasMonths = Boolean(page.month_column);
const monthLevels = hasMonths ? (cubes.sales_by_place.levels.sales_month ?? []) : [];
const allMonths = monthLevels.length ? monthsBetween(monthLevels[0], monthLevels.at(-1)) : [];
const keeps = (cube, from, to, state) => {
  const inMonth = (cube.levels.sales_month ?? []).map(
    (month) => (!from || month >= from) && (!to || month <= to),
  );
  const inState = (cube.levels.state ?? []).map((code) => !state || code === state);
  return (row) =>
    (!hasMonths || inMonth[cube.columns.sales_month[row]]) &&
    (!state || inState[cube.columns.state[row]]);
};
function conditions(stateColumn) {
  const found = [];
  if (
    hasMonths &&
    (chosen.from !== allMonths[0] || chosen.to !== allMonths.at(-1)) &&
    chosen.from
  ) {
    found.push(`${page.month_column} >= CAST('${chosen.from}' AS TIMESTAMP)`);
    found.push(`${page.month_column} < CAST('${monthAfter(chosen.to)}' AS TIMESTAMP)`);
  }
  return [...found, ...ofState(stateColumn)];
}
const ofState = (column) =>
  !chosen.state
    ? []
    : [chosen.state === "??" ? `${column} IS NULL` : `${column} = '${chosen.state}'`];
function queryOf(figure) {
  const about = conditions(
    figure.sql.includes("dim_customer") ? "dim_customer.state" : page.state_column,
  );
  const joined = about.join("\n    AND ");
  const months = about.slice(0, about.length - (chosen.state ? 1 : 0)).join("\n    AND ");
  return figure.sql
    .replace("{months}", months && "\nWHERE " + months)
    .replace("{where}", about.length ? "\nWHERE " + joined : "")
    .replace("{and}", about.length ? "\n    AND " + joined : "");
}
