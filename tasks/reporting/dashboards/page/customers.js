// Figures of the page Top Customers & Geographic Insights.
function customers() {
  const places = cubes.customers_by_place,
    segments = cubes.segments;
  const kept = (cube) => keeps(cube, null, null, chosen.state);
  const live = places.total(
    ["customer_count", "total_value", "top_customer_count", "top_total_value"],
    kept(places),
  );
  const kinds = segments.sums(
    ["customer_count", "total_value", "repeat_customer_count"],
    (row) => segments.text("segment", row),
    kept(segments),
  );
  const again = [...kinds.values()].reduce((sum, s) => sum + s.repeat_customer_count, 0);
  const map = (measure, describe) => {
    const rows = [],
      keep = kept(places);
    for (let row = 0; row < places.size; row++) {
      const value = places.columns[measure][row];
      if (!value || !keep(row) || places.columns.latitude[row] === null) continue;
      rows.push({
        longitude: places.columns.longitude[row],
        latitude: places.columns.latitude[row],
        value,
        label: `${page.cities[places.text("city", row)]} (${places.text("state", row)})`,
        exact: describe(row),
      });
    }
    return rows.sort((a, b) => b.value - a.value);
  };
  const everybody = map(
    "customer_count",
    (row) => `${whole.format(places.columns.customer_count[row])} customers`,
  );
  const spenders = map(
    "top_total_value",
    (row) =>
      `${money(places.columns.top_total_value[row])}, ${whole.format(places.columns.top_customer_count[row])} persons`,
  );
  const rfm = largest(kinds, "customer_count", 20);

  const cohorts = cubes.cohorts;
  const since = cohorts.columns.months_since;
  const returned = cohorts.sums(
    ["customer_count"],
    (row) => cohorts.text("cohort_month", row) + "|" + since[row],
    kept(cohorts),
  );
  const cohortRows = [...returned]
    .filter(([key]) => !key.endsWith("|0"))
    .map(([key, s]) => {
      const [month, months] = key.split("|"),
        first = returned.get(month + "|0")?.customer_count ?? 0;
      return {
        cohort: monthName(month, "short"),
        label: `${monthName(month, "short")}, ${months} months later`,
        month,
        since: Number(months),
        value: first ? s.customer_count / first : 0,
        exact: `${whole.format(s.customer_count)} of ${whole.format(first)} persons (${share(s.customer_count, first)}) ordered again`,
      };
    })
    .sort((a, b) => (a.month < b.month ? -1 : a.month > b.month ? 1 : a.since - b.since));
  const delays = cubes.reviews_by_delay;
  const byDelay = [
    ...delays.sums(
      ["order_count", "review_sum"],
      (row) => delays.columns.delay_days[row],
      kept(delays),
    ),
  ].sort((a, b) => a[0] - b[0]);
  const scores = (test) => {
    const found = byDelay
      .filter(([day]) => test(day))
      .reduce((sum, [, s]) => [sum[0] + s.review_sum, sum[1] + s.order_count], [0, 0]);
    return found[1] ? fixed(found[0] / found[1], 2) : "–";
  };
  topTen();
  const first = [...returned]
    .filter(([key]) => key.endsWith("|0"))
    .reduce((sum, [, s]) => sum + s.customer_count, 0);
  return {
    tiles: {
      persons: { text: whole.format(live.customer_count) },
      value: { text: money(live.total_value) },
      repeat: { text: share(again, live.customer_count), change: `${whole.format(again)} persons` },
      top_share: {
        text: share(live.top_total_value, live.total_value),
        change: `${money(live.top_total_value)}, ${whole.format(live.top_customer_count)} persons`,
      },
    },
    charts: {
      everybody: {
        rows: everybody,
        says: everybody.length ? `Most live in ${everybody[0].label}: ${everybody[0].exact}.` : "",
      },
      spenders: {
        rows: spenders,
        says: spenders.length
          ? `Most is ordered in ${spenders[0].label}: ${spenders[0].exact}.`
          : "",
      },
      segments: {
        rows: rfm.map(([name, s]) => ({
          label: name,
          value: s.customer_count,
          text: share(s.customer_count, live.customer_count),
          exact: `${whole.format(s.customer_count)} persons, ${money(s.total_value)}`,
        })),
        says: rfm.length
          ? `${share(rfm[0][1].customer_count, live.customer_count)} are ${rfm[0][0]}.`
          : "",
      },
      delay: {
        rows: byDelay.map(([day, s]) => ({
          delay: day,
          value: s.review_sum / s.order_count,
          label:
            day === 0
              ? "on the day"
              : `${Math.abs(day)}${day === -14 || day === 21 ? " and more" : ""} day${Math.abs(day) === 1 ? "" : "s"} ${day < 0 ? "early" : "late"}`,
          exact: `${fixed(s.review_sum / s.order_count, 2)} of 5, ${whole.format(s.order_count)} orders`,
        })),
        says: byDelay.length
          ? `In time: ${scores((day) => day <= 0)} of 5; late: ${scores((day) => day > 0)}.`
          : "",
      },
      cohorts: {
        rows: cohortRows,
        says: first
          ? `Of ${whole.format(first)} persons ${share(again, first)} ever ordered again.`
          : "",
      },
    },
  };
}
function topTen() {
  const rows = cubes.top_customers,
    c = rows.columns,
    found = [];
  for (let row = 0; row < rows.size && found.length < 10; row++)
    if (!chosen.state || rows.text("state", row) === chosen.state) found.push(row);
  $("top-ten").tBodies[0].replaceChildren(
    ...found.map((row, at) =>
      line(
        "td",
        [
          at + 1,
          rows.text("customer_unique_id", row).slice(0, 8) + "…",
          `${page.cities[rows.text("city", row)]} (${rows.text("state", row)})`,
          c.order_count[row],
          money(c.product_value[row]),
          money(c.freight_value[row]),
          money(c.total_value[row]),
          c.average_review_score[row] === null ? "–" : fixed(c.average_review_score[row], 1),
          rows.text("segment", row),
        ],
        rows.text("customer_unique_id", row),
      ),
    ),
  );
}
