// Draws the charts of a page from the specs that stand beside them, and sends the filters when one is changed.
"use strict";

const hasMotion = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;

function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  const text = of("--muted");
  return {
    background: null,
    axis: { labelColor: text, titleColor: text, gridColor: of("--line") },
    legend: { labelColor: text, titleColor: text },
    header: { labelColor: text, titleColor: text },
    title: { color: text },
  };
}

function merged(below, above) {
  const result = { ...below };
  for (const [name, value] of Object.entries(above)) {
    const isGroup = value && typeof value === "object" && !Array.isArray(value);
    result[name] = isGroup ? merged(below[name] || {}, value) : value;
  }
  return result;
}

async function draw(place) {
  const spec = JSON.parse(document.getElementById(place.dataset.chart).textContent);
  spec.config = merged(spec.config || {}, colours());
  await window.vegaEmbed(place, spec, {
    actions: false,
    ast: true, // expressions are interpreted: the pages' policy allows no eval
    defaultStyle: false,
    renderer: "svg",
    tooltip: { disableDefaultStyle: true },
  });
  // The place says what the chart is, and the table under it has its figures.
  place.querySelector("svg").setAttribute("aria-hidden", "true");
  place.dataset.drawn = "true";
}

function drawAll() {
  for (const place of document.querySelectorAll("[data-chart]")) draw(place);
}

function loadAndDraw() {
  if (!document.querySelector("[data-chart]")) return;
  const script = document.createElement("script");
  script.src = "/static/vega.js";
  script.addEventListener("load", drawAll);
  document.head.append(script);
}

function sendFilters(event) {
  if (event.target.type !== "date" || event.target.value === "" || event.target.validity.valid) event.target.form.requestSubmit();
}

function leaveOutEmpty(event) {
  for (const field of event.target.elements) field.disabled = field.disabled || field.value === "";
}

loadAndDraw();
const filters = document.querySelector("form.filters");
if (filters) {
  filters.addEventListener("change", sendFilters);
  filters.addEventListener("submit", leaveOutEmpty);
}
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
const current = document.querySelector(".menu [aria-current]");
if (current) current.scrollIntoView({ block: "nearest", inline: "center", behavior: hasMotion ? "smooth" : "auto" });
