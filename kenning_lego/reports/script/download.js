// A field of RFC 4180.
function field(value) {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function asCsv(table, groups) {
  const lines = [JSON.parse(table.dataset.keys)];
  for (const { rows } of groups) lines.push(...rows.map(figuresOf));
  return lines.map((line) => `${line.map(field).join(",")}\r\n`).join("");
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
