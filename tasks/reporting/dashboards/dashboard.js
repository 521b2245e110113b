// Sums the packed rows of the page for the selected filters, and shows the results. Only counts and
// cents are summed, so sums are exact. The page needs no network.
"use strict";
const page = JSON.parse(document.getElementById("page").textContent);
const chosen = { from: null, to: null, state: "" };
const views = {};
const $ = (id) => document.getElementById(id);

// --- number and date formats ---
const whole = new Intl.NumberFormat("en");
const fixed = (value, digits) =>
  new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
const money = (cents) => "R$ " + fixed(cents / 100, 2);
const share = (part, all) => (all ? fixed((100 * part) / all, 1) + " %" : "–");
const monthName = (month, style = "long") =>
  new Date(month + "T00:00Z").toLocaleDateString("en", { month: style, year: "numeric", timeZone: "UTC" });
const stateName = (code) => page.states[code] ?? code;
const plain = (text) => text.charAt(0).toUpperCase() + text.slice(1).replaceAll("_", " ");

// --- rows ---
class Cube {
  constructor(packed) {
    this.size = packed.rows;
    this.columns = packed.columns;
    this.levels = packed.levels;
  }
  // the text of a column in a row
  text(name, row) {
    const at = this.columns[name][row];
    return at === null ? null : this.levels[name][at];
  }
  // sums of measures by key, over the rows that pass the filter
  sums(measures, key, keep) {
    const found = new Map();
    for (let row = 0; row < this.size; row++) {
      if (!keep(row)) continue;
      const name = key(row);
      let sum = found.get(name);
      if (!sum) found.set(name, (sum = Object.fromEntries(measures.map((m) => [m, 0]))));
      for (const measure of measures) sum[measure] += this.columns[measure][row] ?? 0;
    }
    return found;
  }
  total(measures, keep) {
    return this.sums(measures, () => "", keep).get("") ?? Object.fromEntries(measures.map((m) => [m, 0]));
  }
}
const cubes = Object.fromEntries(Object.entries(page.cubes).map(([name, packed]) => [name, new Cube(packed)]));
const largest = (sums, measure, count = 10) =>
  [...sums].sort((a, b) => b[1][measure] - a[1][measure] || (a[0] < b[0] ? -1 : 1)).slice(0, count);

// months from first to last, without gaps
function monthsBetween(first, last) {
  const found = [];
  for (let [y, m] = first.split("-").map(Number); ; m === 12 ? ((y += 1), (m = 1)) : (m += 1)) {
    const month = `${y}-${String(m).padStart(2, "0")}-01`;
    found.push(month);
    if (month >= last) return found;
  }
}
function monthAfter(month) {
  const [y, m] = month.split("-").map(Number);
  return m === 12 ? `${y + 1}-01-01` : `${y}-${String(m + 1).padStart(2, "0")}-01`;
}

// --- filters, for the rows and for the queries that users may run ---
const hasMonths = Boolean(page.month_column);
const monthLevels = hasMonths ? cubes.sales_by_place.levels.sales_month ?? [] : [];
const allMonths = monthLevels.length ? monthsBetween(monthLevels[0], monthLevels.at(-1)) : [];
const keeps = (cube, from, to, state) => {
  const inMonth = (cube.levels.sales_month ?? []).map((month) => (!from || month >= from) && (!to || month <= to));
  const inState = (cube.levels.state ?? []).map((code) => !state || code === state);
  return (row) => (!hasMonths || inMonth[cube.columns.sales_month[row]]) && (!state || inState[cube.columns.state[row]]);
};
function conditions(stateColumn) {
  const found = [];
  if (hasMonths && (chosen.from !== allMonths[0] || chosen.to !== allMonths.at(-1)) && chosen.from) {
    found.push(`${page.month_column} >= CAST('${chosen.from}' AS TIMESTAMP)`);
    found.push(`${page.month_column} < CAST('${monthAfter(chosen.to)}' AS TIMESTAMP)`);
  }
  return [...found, ...ofState(stateColumn)];
}
const ofState = (column) =>
  !chosen.state ? [] : [chosen.state === "??" ? `${column} IS NULL` : `${column} = '${chosen.state}'`];
function queryOf(figure) {
  const about = conditions(figure.sql.includes("dim_customer") ? "dim_customer.state" : page.state_column);
  const joined = about.join("\n    AND ");
  const months = about.slice(0, about.length - (chosen.state ? 1 : 0)).join("\n    AND ");
  return figure.sql
    .replace("{months}", months && "\nWHERE " + months)
    .replace("{where}", about.length ? "\nWHERE " + joined : "")
    .replace("{and}", about.length ? "\n    AND " + joined : "");
}

// --- regional sales ---
const SUMS = ["order_count", "total_value", "delivered_count", "delivery_days", "judged_count",
  "late_count", "review_count", "review_sum"];
const TILES = {
  sales: (s) => [s.total_value, money(s.total_value)],
  orders: (s) => [s.order_count, whole.format(s.order_count)],
  average_order: (s) => (s.order_count ? [s.total_value / s.order_count, money(s.total_value / s.order_count)] : null),
  late: (s) => (s.judged_count ? [s.late_count / s.judged_count, share(s.late_count, s.judged_count)] : null),
  days: (s) => (s.delivered_count ? [s.delivery_days / s.delivered_count, fixed(s.delivery_days / s.delivered_count, 1)] : null),
  review: (s) => (s.review_count ? [s.review_sum / s.review_count, fixed(s.review_sum / s.review_count, 2) + " of 5"] : null),
};
// as many months before the selected ones; if all are selected, the last twelve and the twelve before
function periods() {
  const start = allMonths.indexOf(chosen.from), length = allMonths.indexOf(chosen.to) - start + 1;
  if (start >= length) return { now: [chosen.from, chosen.to], before: [allMonths[start - length], allMonths[start - 1]] };
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
  const before = of(compared.before), now = compared.tail ? of(compared.now) : total;
  const words = compared.tail
    ? `in the last 12 months, against the 12 before`
    : `against ${monthName(compared.before[0], "short")} – ${monthName(compared.before[1], "short")}`;
  return (id) => {
    const a = TILES[id](before), b = TILES[id](now);
    if (!a) return "nothing earlier to compare with";
    if (!b) return "";
    if (id === "late") return signed(100 * (b[0] - a[0]), 1, " points") + " " + words;
    if (id === "days" || id === "review") return signed(b[0] - a[0], id === "days" ? 1 : 2, "") + " " + words;
    return a[0] ? signed(100 * (b[0] / a[0] - 1), 1, " %") + " " + words : "nothing before";
  };
}
const signed = (value, digits, unit) => (value < 0 ? "−" : "+") + fixed(Math.abs(value), digits) + unit;

function regional() {
  const sales = cubes.sales_by_place;
  const keep = keeps(sales, chosen.from, chosen.to, chosen.state);
  const everywhere = keeps(sales, chosen.from, chosen.to, "");
  const total = sales.total(SUMS, keep), all = sales.total(SUMS, everywhere);
  const change = changes(sales, total);
  const tiles = Object.fromEntries(Object.entries(TILES).map(([id, of]) => [id, { text: of(total)?.[1] ?? "–", change: change(id) }]));

  const byState = sales.sums(SUMS, (row) => sales.text("state", row), everywhere);
  const top = largest(byState, "total_value");
  if (chosen.state && byState.has(chosen.state) && !top.some(([code]) => code === chosen.state)) top.push([chosen.state, byState.get(chosen.state)]);
  const faint = (code) => Boolean(chosen.state) && code !== chosen.state;
  const months = chosen.from ? monthsBetween(chosen.from, chosen.to) : [];
  const names = new Set(top.map(([code]) => code));
  const byMonth = sales.sums(["total_value", "order_count"], (row) => sales.text("state", row) + sales.text("sales_month", row),
    (row) => everywhere(row) && names.has(sales.text("state", row)));
  const monthRows = top.flatMap(([code]) => months.map((month) => {
    const sum = byMonth.get(code + month) ?? { total_value: 0, order_count: 0 };
    return { state: code, code, month, value: sum.total_value / 100, label: `${stateName(code)}, ${monthName(month)}`,
      exact: `${money(sum.total_value)}, ${whole.format(sum.order_count)} orders` };
  }));
  const whole12 = sales.sums(["total_value"], (row) => sales.text("sales_month", row), everywhere);
  const peak = largest(whole12, "total_value", 1)[0];

  const cities = largest(sales.sums(["order_count", "total_value"], (row) => sales.columns.state[row] + "|" + sales.columns.city[row], keep), "order_count");
  const cityName = (key) => {
    const [state, city] = key.split("|").map(Number);
    return `${page.cities[sales.levels.city[city]]} (${sales.levels.state[state]})`;
  };
  const delivery = [...byState].filter(([, s]) => s.delivered_count).sort((a, b) => a[1].delivery_days / a[1].delivered_count - b[1].delivery_days / b[1].delivered_count);
  const days = (s) => s.delivery_days / s.delivered_count;

  const items = cubes.sales_by_category;
  const byCategory = items.sums(["total_value", "item_count"], (row) => items.text("category", row), keeps(items, chosen.from, chosen.to, chosen.state));
  const categories = largest(byCategory, "total_value");
  const paid = cubes.payments;
  const byType = paid.sums(["payment_value", "payment_count"], (row) => paid.text("payment_type", row), keeps(paid, chosen.from, chosen.to, chosen.state));
  const paidAll = [...byType.values()].reduce((sum, s) => sum + s.payment_value, 0);
  const types = largest(byType, "payment_value");
  const ordered = [...top].sort((a, b) => b[1].total_value / b[1].order_count - a[1].total_value / a[1].order_count);
  const aov = ([, s]) => s.total_value / s.order_count;

  return { tiles, charts: {
    months: { rows: monthRows, says: top.length ? `${stateName(top[0][0])} makes ${share(top[0][1].total_value, all.total_value)} of all sales; the strongest month is ${monthName(peak[0])} with ${money(peak[1].total_value)}.` : "" },
    average: { rows: ordered.map(([code, s]) => ({ label: stateName(code), code, value: aov([code, s]) / 100, text: fixed(aov([code, s]) / 100, 2), exact: `${money(aov([code, s]))} in ${whole.format(s.order_count)} orders`, faint: faint(code) })),
      says: ordered.length > 1 ? `From ${money(aov(ordered.at(-1)))} in ${stateName(ordered.at(-1)[0])} to ${money(aov(ordered[0]))} in ${stateName(ordered[0][0])}.` : "" },
    cities: { rows: cities.map(([key, s]) => ({ label: cityName(key), value: s.order_count, text: whole.format(s.order_count), exact: `${whole.format(s.order_count)} orders, ${money(s.total_value)}` })),
      says: cities.length ? `${cityName(cities[0][0])} alone places ${share(cities[0][1].order_count, total.order_count)} of the orders.` : "" },
    delivery: { rows: delivery.map(([code, s]) => ({ label: stateName(code), code, value: days(s), late: s.judged_count ? s.late_count / s.judged_count : 0, text: `${fixed(days(s), 1)}, ${share(s.late_count, s.judged_count)} late`, exact: `${fixed(days(s), 2)} days, ${share(s.late_count, s.judged_count)} of ${whole.format(s.judged_count)} late`, faint: faint(code) })),
      says: delivery.length > 1 ? `Fastest in ${stateName(delivery[0][0])} (${fixed(days(delivery[0][1]), 1)} days), slowest in ${stateName(delivery.at(-1)[0])} (${fixed(days(delivery.at(-1)[1]), 1)} days).` : "" },
    categories: { rows: categories.map(([name, s]) => ({ label: plain(name), value: s.total_value / 100, text: fixed(s.total_value / 100, 0), exact: `${money(s.total_value)}, ${whole.format(s.item_count)} items` })),
      says: categories.length ? `${plain(categories[0][0])} leads with ${share(categories[0][1].total_value, [...byCategory.values()].reduce((sum, s) => sum + s.total_value, 0))} of sales.` : "" },
    payments: { rows: types.map(([name, s]) => ({ label: plain(name), value: s.payment_value / 100, text: share(s.payment_value, paidAll), exact: `${money(s.payment_value)} in ${whole.format(s.payment_count)} payments` })),
      says: types.length ? `${plain(types[0][0])} pays ${share(types[0][1].payment_value, paidAll)} of the value.` : "" },
  } };
}

// --- customers ---
function customers() {
  const places = cubes.customers_by_place, segments = cubes.segments;
  const kept = (cube) => keeps(cube, null, null, chosen.state);
  const live = places.total(["customer_count", "total_value", "top_customer_count", "top_total_value"], kept(places));
  const kinds = segments.sums(["customer_count", "total_value", "repeat_customer_count"], (row) => segments.text("segment", row), kept(segments));
  const again = [...kinds.values()].reduce((sum, s) => sum + s.repeat_customer_count, 0);
  const map = (measure, told) => {
    const rows = [], keep = kept(places);
    for (let row = 0; row < places.size; row++) {
      const value = places.columns[measure][row];
      if (!value || !keep(row) || places.columns.latitude[row] === null) continue;
      rows.push({ longitude: places.columns.longitude[row], latitude: places.columns.latitude[row], value,
        label: `${page.cities[places.text("city", row)]} (${places.text("state", row)})`, exact: told(row) });
    }
    return rows.sort((a, b) => b.value - a.value);
  };
  const everybody = map("customer_count", (row) => `${whole.format(places.columns.customer_count[row])} customers`);
  const spenders = map("top_total_value", (row) => `${money(places.columns.top_total_value[row])}, ${whole.format(places.columns.top_customer_count[row])} persons`);
  const rfm = largest(kinds, "customer_count", 20);

  const cohorts = cubes.cohorts;
  const since = cohorts.columns.months_since;
  const returned = cohorts.sums(["customer_count"], (row) => cohorts.text("cohort_month", row) + "|" + since[row], kept(cohorts));
  const cohortRows = [...returned].filter(([key]) => !key.endsWith("|0")).map(([key, s]) => {
    const [month, months] = key.split("|"), first = returned.get(month + "|0")?.customer_count ?? 0;
    return { cohort: monthName(month, "short"), label: `${monthName(month, "short")}, ${months} months later`, month, since: Number(months), value: first ? s.customer_count / first : 0,
      exact: `${whole.format(s.customer_count)} of ${whole.format(first)} persons (${share(s.customer_count, first)}) ordered again` };
  }).sort((a, b) => (a.month < b.month ? -1 : a.month > b.month ? 1 : a.since - b.since));
  const delays = cubes.reviews_by_delay;
  const byDelay = [...delays.sums(["order_count", "review_sum"], (row) => delays.columns.delay_days[row], kept(delays))].sort((a, b) => a[0] - b[0]);
  const scores = (test) => {
    const found = byDelay.filter(([day]) => test(day)).reduce((sum, [, s]) => [sum[0] + s.review_sum, sum[1] + s.order_count], [0, 0]);
    return found[1] ? fixed(found[0] / found[1], 2) : "–";
  };
  topTen();
  const first = [...returned].filter(([key]) => key.endsWith("|0")).reduce((sum, [, s]) => sum + s.customer_count, 0);
  return { tiles: {
    persons: { text: whole.format(live.customer_count) },
    value: { text: money(live.total_value) },
    repeat: { text: share(again, live.customer_count), change: `${whole.format(again)} persons` },
    top_share: { text: share(live.top_total_value, live.total_value), change: `${money(live.top_total_value)}, ${whole.format(live.top_customer_count)} persons` },
  }, charts: {
    everybody: { rows: everybody, says: everybody.length ? `Most live in ${everybody[0].label}: ${everybody[0].exact}.` : "" },
    spenders: { rows: spenders, says: spenders.length ? `Most is ordered in ${spenders[0].label}: ${spenders[0].exact}.` : "" },
    segments: { rows: rfm.map(([name, s]) => ({ label: name, value: s.customer_count, text: share(s.customer_count, live.customer_count), exact: `${whole.format(s.customer_count)} persons, ${money(s.total_value)}` })),
      says: rfm.length ? `${share(rfm[0][1].customer_count, live.customer_count)} are ${rfm[0][0]}.` : "" },
    delay: { rows: byDelay.map(([day, s]) => ({ delay: day, value: s.review_sum / s.order_count, label: day === 0 ? "on the day" : `${Math.abs(day)}${day === -14 || day === 21 ? " and more" : ""} day${Math.abs(day) === 1 ? "" : "s"} ${day < 0 ? "early" : "late"}`, exact: `${fixed(s.review_sum / s.order_count, 2)} of 5, ${whole.format(s.order_count)} orders` })),
      says: byDelay.length ? `In time: ${scores((day) => day <= 0)} of 5; late: ${scores((day) => day > 0)}.` : "" },
    cohorts: { rows: cohortRows, says: first ? `Of ${whole.format(first)} persons ${share(again, first)} ever ordered again.` : "" },
  } };
}
function topTen() {
  const rows = cubes.top_customers, c = rows.columns, found = [];
  for (let row = 0; row < rows.size && found.length < 10; row++) if (!chosen.state || rows.text("state", row) === chosen.state) found.push(row);
  $("top-ten").tBodies[0].replaceChildren(...found.map((row, at) => line("td", [at + 1, rows.text("customer_unique_id", row).slice(0, 8) + "…",
    `${page.cities[rows.text("city", row)]} (${rows.text("state", row)})`, c.order_count[row], money(c.product_value[row]), money(c.freight_value[row]),
    money(c.total_value[row]), c.average_review_score[row] === null ? "–" : fixed(c.average_review_score[row], 1), rows.text("segment", row)], rows.text("customer_unique_id", row))));
}

// --- rendering ---
function line(cell, texts, title) {
  const row = document.createElement("tr");
  if (title) row.title = title;
  row.append(...texts.map((text) => Object.assign(document.createElement(cell), { textContent: text })));
  return row;
}
const compute = page.kind === "regional" ? regional : customers;
const dark = matchMedia("(prefers-color-scheme: dark)");
async function draw(id, rows) {
  const place = $("chart-" + id);
  place.hidden = rows.length === 0;
  $("empty-" + id).hidden = rows.length > 0;
  if (!rows.length) return;
  if (id === "months") return drawEach(id, place, rows);
  return drawIn(place, id, id, rows);
}
// one small chart per state, in the order of the rows
function drawEach(id, place, rows) {
  const groups = grouped(rows);
  place.classList.add("mini");
  while (place.children.length < groups.size) place.append(document.createElement("div"));
  return Promise.all([...place.children].map((box, at) => {
    const [code, own] = [...groups][at] ?? [];
    box.hidden = !own;
    if (!own) return null;
    if (!box.children.length) box.append(document.createElement("h3"), document.createElement("div"));
    box.classList.toggle("faint", Boolean(chosen.state) && chosen.state !== code);
    box.firstChild.textContent = `${stateName(code)}\n${money(own.reduce((sum, row) => sum + Math.round(row.value * 100), 0))}`;
    return drawIn(box.lastChild, id, id + at, own);
  }));
}
function grouped(rows) {
  const found = new Map();
  for (const row of rows) found.set(row.state, [...(found.get(row.state) ?? []), row]);
  return found;
}
async function drawIn(place, id, name, rows) {
  if (views[name]) return views[name].data("rows", rows).runAsync();
  const spec = structuredClone(page.specs[id]);
  spec.data.find((data) => data.name === "rows").values = rows;
  const made = await vegaEmbed(place, spec, {
    // log errors only (level 1), because Vega warns about a trend through one month
    mode: "vega", actions: false, logLevel: 1, renderer: rows[0].longitude === undefined ? "svg" : "canvas",
    tooltip: { theme: dark.matches ? "dark" : "light" },
  });
  views[name] = made.view;
  made.view.addEventListener("click", (_, item) => item?.datum?.code && choose({ state: chosen.state === item.datum.code ? "" : item.datum.code }));
}
async function show() {
  const began = performance.now();
  const { tiles, charts } = compute();
  for (const [id, tile] of Object.entries(tiles)) {
    $("value-" + id).textContent = tile.text;
    $("change-" + id).textContent = tile.change ?? "";
  }
  for (const figure of page.figures) $("sql-" + figure.id).textContent = queryOf(figure);
  for (const [id, chart] of Object.entries(charts)) {
    $("says-" + id).textContent = chart.says;
    $("chart-" + id).setAttribute("aria-label", chart.says);
    $("rows-" + id).replaceChildren(...chart.rows.slice(0, 300).map((row) => line("td", [row.label, row.exact])));
  }
  await Promise.all(Object.entries(charts).map(([id, chart]) => draw(id, chart.rows.map((row, place) => ({ ...row, place })))));
  document.documentElement.dataset.shown = String(Math.round(performance.now() - began)); // milliseconds
}
function choose(change) {
  Object.assign(chosen, change);
  // if the range is inverted, move the end that the user did not just change
  if (chosen.from > chosen.to) change.to ? (chosen.from = chosen.to) : (chosen.to = chosen.from);
  for (const name of ["state", "from", "to"]) if ($(name)) $(name).value = chosen[name] ?? "";
  return show();
}
const option = (value, text) => Object.assign(document.createElement("option"), { value, textContent: text });
function begin() {
  const codes = [...new Set(Object.values(cubes).flatMap((cube) => cube.levels.state ?? []))];
  $("state").append(...codes.sort((a, b) => stateName(a).localeCompare(stateName(b))).map((code) => option(code, stateName(code))));
  $("state").addEventListener("change", (event) => choose({ state: event.target.value }));
  if (hasMonths) {
    Object.assign(chosen, { from: allMonths[0] ?? null, to: allMonths.at(-1) ?? null });
    for (const name of ["from", "to"]) {
      $(name).append(...allMonths.map((month) => option(month, monthName(month, "short"))));
      $(name).addEventListener("change", (event) => choose({ [name]: event.target.value }));
    }
  }
  $("all").addEventListener("click", () => choose({ state: "", from: allMonths[0] ?? null, to: allMonths.at(-1) ?? null }));
  return choose({});
}
begin();
