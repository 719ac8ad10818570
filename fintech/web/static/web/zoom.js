// A chart that can be zoomed, drawn when somebody opens it. The same numbers stand in the
// picture above and in the table below, which need no script.
(() => {
  "use strict";
  const place = document.querySelector("[data-zoom]");
  if (!place) return;
  place.hidden = false;
  const box = place.querySelector(".zoom");
  const told = JSON.parse(box.dataset.series);
  const look = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();
  const load = (address, kind) => new Promise((done, failed) => {
    const one = document.createElement(kind);
    if (kind === "script") one.src = address;
    else { one.rel = "stylesheet"; one.href = address; }
    one.onload = done;
    one.onerror = failed;
    document.head.append(one);
  });
  const written = (minor) => minor === null || minor === undefined
    ? "" : `${told.sign}${(minor / 10 ** told.decimals).toFixed(told.decimals)}`;
  let chart;
  const draw = () => {
    const width = box.clientWidth;
    if (chart) return chart.setSize({ width, height: 260 });
    const axis = { stroke: look("--muted"), grid: { stroke: look("--line") }, ticks: { stroke: look("--line") } };
    chart = new uPlot({
      width, height: 260,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      cursor: { drag: { x: true, y: false } },
      scales: { y: { range: (_, low, high) => [Math.min(0, low), high || 1] } },
      axes: [axis, { ...axis, size: 76, values: (_, ticks) => ticks.map(written) }],
      series: [
        { value: "{YYYY}-{MM}-{DD}" },
        { label: "Taken", stroke: look("--accent"), width: 2, value: (_, minor) => written(minor) },
        { label: "Before", stroke: look("--muted"), dash: [5, 5], value: (_, minor) => written(minor) },
      ],
    }, told.data, box);
  };
  place.addEventListener("toggle", async () => {
    if (!place.open) return;
    if (!window.uPlot) await Promise.all([load(box.dataset.script, "script"), load(box.dataset.style, "link")]);
    draw();
  });
  window.addEventListener("resize", () => chart && place.open && draw());
  // The arrow keys go from day to day, as the pointer does.
  box.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !chart) return;
    event.preventDefault();
    const last = told.data[0].length - 1;
    const at = Math.max(0, Math.min(last, (chart.cursor.idx ?? (step > 0 ? -1 : last + 1)) + step));
    chart.setCursor({ left: chart.valToPos(told.data[0][at], "x"), top: 10 });
    document.getElementById("live").textContent =
      `${new Date(told.data[0][at] * 1000).toISOString().slice(0, 10)}: ${written(told.data[1][at])}`;
  });
})();
