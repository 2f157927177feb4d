// A field of RFC 4180.
function field(value) {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// As `kenning-lego report --formats csv` writes it: titles of groups are the last column.
function asCsv(table, groups) {
  const titles = groups.map(({ body }) => body.querySelector(".segment .title")?.textContent ?? "");
  const grouped = titles.some(Boolean);
  const keys = JSON.parse(table.dataset.keys);
  const lines = [grouped ? [...keys, "group"] : keys];
  groups.forEach(({ rows }, index) => {
    for (const row of rows) lines.push(grouped ? [...figuresOf(row), titles[index]] : figuresOf(row));
  });
  return lines.map((line) => `${line.map(field).join(",")}\n`).join("");
}

function download(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  make("a", { href: address, download: name }).click();
  // The browser reads it after the click; a minute is long enough for any disk.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

// All rows, in the first order: the same file whatever is sorted or filtered.
function downloadButton(table, groups) {
  const name = `${table.dataset.name}.csv`;
  const label = `Download ${titleOf(table)} as ${name}`;
  return button("CSV", label, () => {
    download(name, asCsv(table, groups), "text/csv;charset=utf-8");
    say(`${name} downloaded`);
  });
}
