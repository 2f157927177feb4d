function scaleOf(text) {
  const [start, end, low, high] = text.split(" ").map(Number);
  return { start, end, value: (px) => low + ((px - start) / (end - start)) * (high - low) };
}

// The points of a path of M, L, H, V and h0, as our drawings write them.
function pointsOf(path) {
  const points = [];
  let x = 0;
  let y = 0;
  for (const [, command, numbers] of path.matchAll(/([MLHVh])([^MLHVh]*)/g)) {
    const [first, second] = numbers.trim().split(/[ ,]/).map(Number);
    if (command === "h") continue;
    if (command === "H") x = first;
    else if (command === "V") y = first;
    else [x, y] = [first, second];
    points.push({ x, y, begins: command === "M" });
  }
  return points;
}

// The index of the last point at or left of x, or -1.
function lastBefore(points, x) {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].x <= x) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function nearest(points, x) {
  const before = lastBefore(points, x);
  const [left, right] = [points[before], points[before + 1]];
  if (!left || !right) return left ?? right;
  return x - left.x <= right.x - x ? left : right;
}

// What a line of steps holds at x; null where it is lifted, or has not begun.
function held(points, x) {
  const left = points[lastBefore(points, x)];
  const right = points[lastBefore(points, x) + 1];
  return left && (right ? !right.begins : left.x === x) ? left : null;
}

function written(value) {
  return Number(value.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 });
}

function plotOf(group) {
  const { x, y, xName, xUnit, yUnit } = group.dataset;
  const series = [...group.querySelectorAll("[data-series]")].map((path) => ({
    name: path.dataset.series,
    steps: path.dataset.kind === "steps",
    points: pointsOf(path.getAttribute("d")),
  }));
  const places = series.filter(({ steps }) => !steps).flatMap(({ points }) => points);
  if (!places.length) places.push(...series.flatMap(({ points }) => points));
  places.sort((first, second) => first.x - second.x);
  return { group, x: scaleOf(x), y: scaleOf(y), xName, xUnit, yUnit, series, places };
}

// Values at the place that is nearest to `px`: a line for each series, below where it is.
function readAt(plot, px) {
  const place = nearest(plot.places, px).x;
  const lines = [];
  const dots = [];
  for (const { name, steps, points } of plot.series) {
    const point = steps ? held(points, place) : nearest(points, place);
    // Where a sensor told nothing its neighbours do not speak for it.
    if (!point || (!steps && Math.abs(point.x - place) > 3)) continue;
    // What is off the scale is drawn at its end.
    const most = Math.abs(point.y - plot.y.end) < 0.1 ? "at least " : "";
    const value = [most + written(plot.y.value(point.y)), plot.yUnit].filter(Boolean).join(" ");
    lines.push(name ? `${name}: ${value}` : value);
    dots.push({ x: place, y: point.y });
  }
  const where = written(plot.x.value(place));
  lines.unshift([plot.xName, where, plot.xUnit].filter(Boolean).join(" "));
  return { place, lines, dots };
}

function svgElement(tag, attributes) {
  const found = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) found.setAttribute(name, value);
  return found;
}

function crosshair(drawing) {
  const svg = drawing.querySelector("svg");
  const plot = plotOf(drawing.querySelector(".plot"));
  if (!plot.places.length) return null;
  const layer = svgElement("g", { class: "crosshair" });
  plot.group.after(layer);
  let at = null;
  const leave = () => {
    layer.replaceChildren();
    at = null;
    hideTip();
  };
  const show = (px) => {
    const { place, lines, dots } = readAt(plot, px);
    at = place;
    layer.replaceChildren(
      svgElement("line", { x1: place, x2: place, y1: plot.y.start, y2: plot.y.end }),
      ...dots.map(({ x, y }) => svgElement("circle", { cx: x, cy: y, r: 4 })),
    );
    const corner = new DOMPoint(place, plot.y.end).matrixTransform(svg.getScreenCTM());
    showTip(lines, corner.x, corner.y);
    return lines;
  };
  const move = (event) => {
    const here = new DOMPoint(event.clientX, event.clientY);
    const { x, y } = here.matrixTransform(svg.getScreenCTM().inverse());
    const within = x >= plot.x.start && x <= plot.x.end && y >= plot.y.end && y <= plot.y.start;
    if (within) show(x);
    else leave();
  };
  svg.addEventListener("pointermove", move);
  svg.addEventListener("pointerdown", move);
  svg.addEventListener("pointerleave", leave);
  const step = (by) => {
    const xs = plot.places.map(({ x }) => x);
    const beyond = by > 0 ? xs.find((x) => x > at + 0.05) : xs.findLast((x) => x < at - 0.05);
    say(show(at === null ? xs[0] : beyond ?? at).join(", "));
  };
  return { step, leave };
}

function drawingControls() {
  markTips();
  for (const drawing of document.querySelectorAll("figure .wide, figure .narrow")) {
    const plotted = drawing.querySelector(".plot") !== null;
    let keys = null;
    const ready = () => {
      keys ??= plotted ? crosshair(drawing) : markKeys(drawing);
      return keys;
    };
    if (!plotted && !drawing.querySelector(MARKS)) continue;
    if (plotted) {
      drawing.classList.add("plotted");
      drawing.addEventListener("pointerover", ready, { once: true });
    }
    const name = drawing.querySelector("svg > title").textContent;
    drawing.setAttribute("role", "group");
    drawing.setAttribute("aria-label", `${name}; arrow keys read its values`);
    drawing.tabIndex = 0;
    drawing.addEventListener("blur", () => keys?.leave());
    drawing.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by || event.altKey || event.ctrlKey || event.metaKey || event.target !== drawing) return;
      event.preventDefault();
      ready()?.step(by);
    });
  }
}
