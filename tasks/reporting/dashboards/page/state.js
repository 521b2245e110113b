// Sums the packed rows of the page for the selected filters, and shows the results. Only counts and
// cents are summed, so sums are exact. The page needs no network.
"use strict";
const page = JSON.parse(document.getElementById("page").textContent);
const chosen = { from: null, to: null, state: "" };
const views = {};
const $ = (id) => document.getElementById(id);
