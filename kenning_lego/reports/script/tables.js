const FEWEST_TO_SORT = 3;
const FEWEST_TO_FILTER = 9;

// Rows hold the unrounded figures as JSON, in the order of the table's keys.
function figuresOf(row) {
  return JSON.parse(row.dataset.values);
}

// Groups of rows stay together: a group stands where its first row would.
function groupsOf(table) {
  return [...table.tBodies].map((body) => ({
    body,
    rows: [...body.rows].filter((row) => row.dataset.values !== undefined),
  }));
}

// What is missing comes last, whatever the direction.
function compare(first, second, direction) {
  if (first === null || second === null) return (first === null) - (second === null);
  if (typeof first === "string" || typeof second === "string") {
    return direction * String(first).localeCompare(String(second), "en", { numeric: true });
  }
  return direction * (first - second);
}

function sortRows(table, groups, column, direction) {
  const sorted = groups.map(({ body, rows }) => {
    const pairs = rows.map((row) => [figuresOf(row)[column], row]);
    pairs.sort((first, second) => compare(first[0], second[0], direction));
    return { body, pairs, first: pairs.length ? pairs[0][0] : null };
  });
  sorted.sort((one, other) => compare(one.first, other.first, direction));
  for (const { body, pairs } of sorted) body.append(...pairs.map((pair) => pair[1]));
  table.append(...sorted.map((each) => each.body));
}

function restoreRows(table, groups) {
  for (const { body, rows } of groups) body.append(...rows);
  table.append(...groups.map((each) => each.body));
}

// Ascending, descending, then as the page had it.
function makeSortable(table, groups) {
  const keys = JSON.parse(table.dataset.keys);
  const heads = [...table.tHead.querySelectorAll("th[data-key]")];
  for (const head of heads) {
    const column = keys.indexOf(head.dataset.key);
    const title = head.textContent.trim();
    if (!title) continue;
    const press = make("button", { type: "button", class: "sort" }, ...head.childNodes);
    head.append(press);
    press.addEventListener("click", () => {
      const next = { ascending: "descending", descending: null }[head.getAttribute("aria-sort")];
      const order = next === undefined ? "ascending" : next;
      for (const each of heads) each.removeAttribute("aria-sort");
      if (!order) {
        restoreRows(table, groups);
        say(`${titleOf(table)}: in the first order`);
        return;
      }
      head.setAttribute("aria-sort", order);
      sortRows(table, groups, column, order === "ascending" ? 1 : -1);
      say(`${titleOf(table)}: by ${title}, ${order}`);
    });
  }
}

function makeFilter(table, groups) {
  const rows = groups.flatMap(({ body, rows }) => {
    const group = body.querySelector(".segment")?.textContent ?? "";
    return rows.map((row) => ({ row, text: `${group} ${row.textContent}`.toLowerCase() }));
  });
  const input = make("input", {
    type: "search",
    placeholder: "Filter rows",
    "aria-label": `Filter rows of ${titleOf(table)}`,
  });
  const told = make("output", {}, "");
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { row, text } of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    for (const { body, rows } of groups) body.hidden = rows.every((row) => row.hidden);
    told.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
  });
  return [input, told];
}

function tableControls() {
  for (const table of document.querySelectorAll("table[data-keys]")) {
    const groups = groupsOf(table);
    const count = groups.reduce((sum, { rows }) => sum + rows.length, 0);
    const tools = make("div", { class: "tools" });
    if (count >= FEWEST_TO_SORT) makeSortable(table, groups);
    if (count >= FEWEST_TO_FILTER) tools.append(...makeFilter(table, groups));
    tools.append(downloadButton(table, groups));
    table.closest(".scroll").before(tools);
  }
}
