// Draws every element with data-chart-url: fetches a Plotly figure and gives it the page's inks.
// A trace names its ink, and the opacity of what it fills, in `meta` (see forecasts/charts).
const CONFIG = {
  responsive: true,
  displaylogo: false,
  displayModeBar: window.matchMedia("(hover: hover)").matches ? "hover" : false,
  // The last would upload the chart to a company's servers.
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "sendChartToCloud"],
};
const TOUCH = window.matchMedia("(pointer: coarse)");
const SMALL = window.matchMedia("(max-width: 40rem)");
const figures = new Map(); // element → the figure as it came

const ink = (name, opacity = 1) => {
  const value = getComputedStyle(document.documentElement).getPropertyValue(`--ink-${name}`);
  return `rgba(${value.trim()}, ${opacity})`;
};

const paintTrace = (trace) => {
  const { ink: name, fill } = trace.meta ?? {};
  if (name === "candles") {
    for (const [part, of] of [["increasing", "up"], ["decreasing", "down"]]) {
      trace[part] = { line: { color: ink(of), width: 1 }, fillcolor: ink(of, 0.55) };
    }
  } else if (trace.type === "bar") {
    trace.marker = { ...trace.marker, color: ink(name, fill) };
  } else if (name) {
    trace.line = { ...trace.line, color: ink(name) };
    if (fill) trace.fillcolor = ink(name, fill);
  }
  return trace;
};

const paintLayout = (layout, element) => {
  const style = getComputedStyle(element);
  layout.font = { family: style.fontFamily, size: SMALL.matches ? 11 : 12.5, color: ink("text") };
  layout.hoverlabel = {
    bgcolor: ink("surface"),
    bordercolor: ink("grid"),
    font: { color: ink("text") },
    namelength: -1,
  };
  // Opaque, for a PNG keeps it and the line under the pointer contrasts with it.
  layout.paper_bgcolor = layout.plot_bgcolor = ink("card");
  layout.modebar = { bgcolor: "rgba(0, 0, 0, 0)", color: ink("reference"), activecolor: ink("model") };
  for (const axis of Object.keys(layout).filter((key) => /^[xy]axis/.test(key))) {
    layout[axis] = { ...layout[axis], gridcolor: ink("grid"), linecolor: ink("grid") };
    if (SMALL.matches && axis === "yaxis") layout[axis].title = { text: "" };
  }
  if (SMALL.matches) layout.legend = { ...layout.legend, entrywidth: 0.46, entrywidthmode: "fraction" };
  for (const shape of layout.shapes ?? []) shape.line = { ...shape.line, color: ink("reference") };
  if (TOUCH.matches) layout.dragmode = false; // a finger scrolls the page
  return layout;
};

const draw = (element) => {
  const figure = structuredClone(figures.get(element));
  const config = { ...CONFIG, toImageButtonOptions: { filename: document.title } };
  return Plotly.react(element, figure.data.map(paintTrace), paintLayout(figure.layout, element), config);
};

const load = async (element) => {
  element.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(element.dataset.chartUrl, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    const figure = await response.json();
    if (!figures.has(element)) element.replaceChildren();
    figures.set(element, figure);
    await draw(element);
  } catch (error) {
    console.warn("The chart could not be drawn:", error);
    if (figures.has(element)) return; // the earlier one stays
    element.textContent = "The chart could not be loaded. Reload the page to try again.";
  } finally {
    element.removeAttribute("aria-busy");
  }
};

const charts = [...document.querySelectorAll(".chart[data-chart-url]")];
for (const element of charts) load(element);

for (const button of document.querySelectorAll("button[data-chart]")) {
  button.addEventListener("click", () => {
    const element = document.getElementById(button.dataset.chart);
    element.dataset.chartUrl = button.dataset.chartUrl;
    for (const other of button.parentElement.children) other.setAttribute("aria-pressed", String(other === button));
    load(element);
  });
}

// Newer prices came while the page was open.
document.addEventListener("prices-changed", () => charts.forEach(load));

const redraw = () => charts.filter((element) => figures.has(element)).forEach(draw);
document.addEventListener("themechange", redraw);
SMALL.addEventListener("change", redraw);
