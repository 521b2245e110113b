// How figures are written: numbers, money, months and states.
const whole = new Intl.NumberFormat("en");
const fixed = (value, digits) =>
  new Intl.NumberFormat("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
const money = (cents) => "R$ " + fixed(cents / 100, 2);
const share = (part, all) => (all ? fixed((100 * part) / all, 1) + " %" : "–");
const monthName = (month, style = "long") =>
  new Date(month + "T00:00Z").toLocaleDateString("en", {
    month: style,
    year: "numeric",
    timeZone: "UTC",
  });
const stateName = (code) => page.states[code] ?? code;
const plain = (text) => text.charAt(0).toUpperCase() + text.slice(1).replaceAll("_", " ");
