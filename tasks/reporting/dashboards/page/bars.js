// Bar charts that figures.py declares; they need no code of their own.
function barChart({ rows, by, money: column, count, noun, says, labels }) {
  const cube = cubes[rows];
  const keep = keeps(cube, chosen.from, chosen.to, chosen.state);
  const sums = cube.sums([column, count], (row) => cube.text(by, row), keep);
  const total = [...sums.values()].reduce((sum, s) => sum + s[column], 0);
  const first = largest(sums, column);
  const text = (s) => (labels === "share" ? share(s[column], total) : fixed(s[column] / 100, 0));
  return {
    rows: first.map(([name, s]) => ({
      label: plain(name),
      value: s[column] / 100,
      text: text(s),
      exact: `${money(s[column])}, ${whole.format(s[count])} ${noun}`,
    })),
    says: first.length
      ? says
          .replace("{first}", plain(first[0][0]))
          .replace("{share}", share(first[0][1][column], total))
      : "",
  };
}
