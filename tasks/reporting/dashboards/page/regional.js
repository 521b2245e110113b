// Figures of the page Regional Sales & Performance Trends.
const SUMS = [
  "order_count",
  "total_value",
  "delivered_count",
  "delivery_days",
  "judged_count",
  "late_count",
  "review_count",
  "review_sum",
];
const TILES = {
  sales: (s) => [s.total_value, money(s.total_value)],
  orders: (s) => [s.order_count, whole.format(s.order_count)],
  average_order: (s) =>
    s.order_count ? [s.total_value / s.order_count, money(s.total_value / s.order_count)] : null,
  late: (s) =>
    s.judged_count ? [s.late_count / s.judged_count, share(s.late_count, s.judged_count)] : null,
  days: (s) =>
    s.delivered_count
      ? [s.delivery_days / s.delivered_count, fixed(s.delivery_days / s.delivered_count, 1)]
      : null,
  review: (s) =>
    s.review_count
      ? [s.review_sum / s.review_count, fixed(s.review_sum / s.review_count, 2) + " of 5"]
      : null,
};
// as many months before the selected ones; if all are selected, the last twelve and the twelve before
function periods() {
  const start = allMonths.indexOf(chosen.from),
    length = allMonths.indexOf(chosen.to) - start + 1;
  if (start >= length)
    return {
      now: [chosen.from, chosen.to],
      before: [allMonths[start - length], allMonths[start - 1]],
    };
  if (start === 0 && length === allMonths.length && length >= 24) {
    const tail = allMonths.slice(-24);
    return { now: [tail[12], tail[23]], before: [tail[0], tail[11]], tail: true };
  }
  return null;
}
function changes(sales, total) {
  const compared = periods();
  if (!compared) return () => "no earlier months to compare with";
  const of = ([from, to]) => sales.total(SUMS, keeps(sales, from, to, chosen.state));
  const before = of(compared.before),
    now = compared.tail ? of(compared.now) : total;
  const words = compared.tail
    ? `in the last 12 months, against the 12 before`
    : `against ${monthName(compared.before[0], "short")} – ${monthName(compared.before[1], "short")}`;
  return (id) => {
    const a = TILES[id](before),
      b = TILES[id](now);
    if (!a) return "nothing earlier to compare with";
    if (!b) return "";
    if (id === "late") return signed(100 * (b[0] - a[0]), 1, " points") + " " + words;
    if (id === "days" || id === "review")
      return signed(b[0] - a[0], id === "days" ? 1 : 2, "") + " " + words;
    return a[0] ? signed(100 * (b[0] / a[0] - 1), 1, " %") + " " + words : "nothing before";
  };
}
const signed = (value, digits, unit) =>
  (value < 0 ? "−" : "+") + fixed(Math.abs(value), digits) + unit;

function regional() {
  const sales = cubes.sales_by_place;
  const keep = keeps(sales, chosen.from, chosen.to, chosen.state);
  const everywhere = keeps(sales, chosen.from, chosen.to, "");
  const total = sales.total(SUMS, keep),
    all = sales.total(SUMS, everywhere);
  const change = changes(sales, total);
  const tiles = Object.fromEntries(
    Object.entries(TILES).map(([id, of]) => [
      id,
      { text: of(total)?.[1] ?? "–", change: change(id) },
    ]),
  );

  const byState = sales.sums(SUMS, (row) => sales.text("state", row), everywhere);
  const top = largest(byState, "total_value");
  if (chosen.state && byState.has(chosen.state) && !top.some(([code]) => code === chosen.state))
    top.push([chosen.state, byState.get(chosen.state)]);
  const faint = (code) => Boolean(chosen.state) && code !== chosen.state;
  const months = chosen.from ? monthsBetween(chosen.from, chosen.to) : [];
  const names = new Set(top.map(([code]) => code));
  const byMonth = sales.sums(
    ["total_value", "order_count"],
    (row) => sales.text("state", row) + sales.text("sales_month", row),
    (row) => everywhere(row) && names.has(sales.text("state", row)),
  );
  const monthRows = top.flatMap(([code]) =>
    months.map((month) => {
      const sum = byMonth.get(code + month) ?? { total_value: 0, order_count: 0 };
      return {
        state: code,
        code,
        month,
        value: sum.total_value / 100,
        label: `${stateName(code)}, ${monthName(month)}`,
        exact: `${money(sum.total_value)}, ${whole.format(sum.order_count)} orders`,
      };
    }),
  );
  const whole12 = sales.sums(["total_value"], (row) => sales.text("sales_month", row), everywhere);
  const peak = largest(whole12, "total_value", 1)[0];

  const cities = largest(
    sales.sums(
      ["order_count", "total_value"],
      (row) => sales.columns.state[row] + "|" + sales.columns.city[row],
      keep,
    ),
    "order_count",
  );
  const cityName = (key) => {
    const [state, city] = key.split("|").map(Number);
    return `${page.cities[sales.levels.city[city]]} (${sales.levels.state[state]})`;
  };
  const delivery = [...byState]
    .filter(([, s]) => s.delivered_count)
    .sort(
      (a, b) =>
        a[1].delivery_days / a[1].delivered_count - b[1].delivery_days / b[1].delivered_count,
    );
  const days = (s) => s.delivery_days / s.delivered_count;

  const ordered = [...top].sort(
    (a, b) => b[1].total_value / b[1].order_count - a[1].total_value / a[1].order_count,
  );
  const aov = ([, s]) => s.total_value / s.order_count;

  return {
    tiles,
    charts: {
      months: {
        rows: monthRows,
        says: top.length
          ? `${stateName(top[0][0])} makes ${share(top[0][1].total_value, all.total_value)} of all sales; the strongest month is ${monthName(peak[0])} with ${money(peak[1].total_value)}.`
          : "",
      },
      average: {
        rows: ordered.map(([code, s]) => ({
          label: stateName(code),
          code,
          value: aov([code, s]) / 100,
          text: fixed(aov([code, s]) / 100, 2),
          exact: `${money(aov([code, s]))} in ${whole.format(s.order_count)} orders`,
          faint: faint(code),
        })),
        says:
          ordered.length > 1
            ? `From ${money(aov(ordered.at(-1)))} in ${stateName(ordered.at(-1)[0])} to ${money(aov(ordered[0]))} in ${stateName(ordered[0][0])}.`
            : "",
      },
      cities: {
        rows: cities.map(([key, s]) => ({
          label: cityName(key),
          value: s.order_count,
          text: whole.format(s.order_count),
          exact: `${whole.format(s.order_count)} orders, ${money(s.total_value)}`,
        })),
        says: cities.length
          ? `${cityName(cities[0][0])} alone places ${share(cities[0][1].order_count, total.order_count)} of the orders.`
          : "",
      },
      delivery: {
        rows: delivery.map(([code, s]) => ({
          label: stateName(code),
          code,
          value: days(s),
          late: s.judged_count ? s.late_count / s.judged_count : 0,
          text: `${fixed(days(s), 1)}, ${share(s.late_count, s.judged_count)} late`,
          exact: `${fixed(days(s), 2)} days, ${share(s.late_count, s.judged_count)} of ${whole.format(s.judged_count)} late`,
          faint: faint(code),
        })),
        says:
          delivery.length > 1
            ? `Fastest in ${stateName(delivery[0][0])} (${fixed(days(delivery[0][1]), 1)} days), slowest in ${stateName(delivery.at(-1)[0])} (${fixed(days(delivery.at(-1)[1]), 1)} days).`
            : "",
      },
    },
  };
}
