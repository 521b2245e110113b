// Packed rows, and sums over them.
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
    return (
      this.sums(measures, () => "", keep).get("") ?? Object.fromEntries(measures.map((m) => [m, 0]))
    );
  }
}
const cubes = Object.fromEntries(
  Object.entries(page.cubes).map(([name, packed]) => [name, new Cube(packed)]),
);
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
