// Draws tiles, charts and tables, and reacts to filters.
function line(cell, texts, title) {
  const row = document.createElement("tr");
  if (title) row.title = title;
  row.append(
    ...texts.map((text) => Object.assign(document.createElement(cell), { textContent: text })),
  );
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
  return Promise.all(
    [...place.children].map((box, at) => {
      const [code, own] = [...groups][at] ?? [];
      box.hidden = !own;
      if (!own) return null;
      if (!box.children.length)
        box.append(document.createElement("h3"), document.createElement("div"));
      box.classList.toggle("faint", Boolean(chosen.state) && chosen.state !== code);
      box.firstChild.textContent = `${stateName(code)}\n${money(own.reduce((sum, row) => sum + Math.round(row.value * 100), 0))}`;
      return drawIn(box.lastChild, id, id + at, own);
    }),
  );
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
    mode: "vega",
    actions: false,
    logLevel: 1,
    renderer: rows[0].longitude === undefined ? "svg" : "canvas",
    tooltip: { theme: dark.matches ? "dark" : "light" },
  });
  views[name] = made.view;
  made.view.addEventListener(
    "click",
    (_, item) =>
      item?.datum?.code &&
      choose({ state: chosen.state === item.datum.code ? "" : item.datum.code }),
  );
}
async function show() {
  const began = performance.now();
  const { tiles, charts } = compute();
  for (const figure of page.figures) if (figure.bars) charts[figure.id] = barChart(figure.bars);
  for (const [id, tile] of Object.entries(tiles)) {
    $("value-" + id).textContent = tile.text;
    $("change-" + id).textContent = tile.change ?? "";
  }
  for (const figure of page.figures) $("sql-" + figure.id).textContent = queryOf(figure);
  for (const [id, chart] of Object.entries(charts)) {
    $("says-" + id).textContent = chart.says;
    $("chart-" + id).setAttribute("aria-label", chart.says);
    $("rows-" + id).replaceChildren(
      ...chart.rows.slice(0, 300).map((row) => line("td", [row.label, row.exact])),
    );
  }
  await Promise.all(
    Object.entries(charts).map(([id, chart]) =>
      draw(
        id,
        chart.rows.map((row, place) => ({ ...row, place })),
      ),
    ),
  );
  document.documentElement.dataset.shown = String(Math.round(performance.now() - began)); // milliseconds
}
function choose(change) {
  Object.assign(chosen, change);
  // if the range is inverted, move the end that the user did not just change
  if (chosen.from > chosen.to) change.to ? (chosen.from = chosen.to) : (chosen.to = chosen.from);
  for (const name of ["state", "from", "to"]) if ($(name)) $(name).value = chosen[name] ?? "";
  return show();
}
const option = (value, text) =>
  Object.assign(document.createElement("option"), { value, textContent: text });
function begin() {
  const codes = [...new Set(Object.values(cubes).flatMap((cube) => cube.levels.state ?? []))];
  $("state").append(
    ...codes
      .sort((a, b) => stateName(a).localeCompare(stateName(b)))
      .map((code) => option(code, stateName(code))),
  );
  $("state").addEventListener("change", (event) => choose({ state: event.target.value }));
  if (hasMonths) {
    Object.assign(chosen, { from: allMonths[0] ?? null, to: allMonths.at(-1) ?? null });
    for (const name of ["from", "to"]) {
      $(name).append(...allMonths.map((month) => option(month, monthName(month, "short"))));
      $(name).addEventListener("change", (event) => choose({ [name]: event.target.value }));
    }
  }
  $("all").addEventListener("click", () =>
    choose({ state: "", from: allMonths[0] ?? null, to: allMonths.at(-1) ?? null }),
  );
  return choose({});
}
begin();
