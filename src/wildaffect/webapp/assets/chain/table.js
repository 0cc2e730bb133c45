// Rows as text: CSV and JSON Lines with the columns of the Python package's tables.

// A line of JSON Lines: without empty cells, with the shortest numbers that round-trip.
export function jsonLine(row, columns) {
  const cells = columns.filter(({ name }) => isGiven(row[name]))
    .map(({ name, type }) => `${JSON.stringify(name)}:${cell(row[name], type, JSON.stringify)}`);
  return `{${cells.join(',')}}\n`;
}

export function csvHeader(columns) {
  return `${columns.map(({ name }) => name).join(',')}\n`;
}

export function csvLine(row, columns) {
  return `${columns.map(({ name, type }) => (isGiven(row[name])
    ? cell(row[name], type, csvText) : '')).join(',')}\n`;
}

function isGiven(value) {
  return value !== undefined && value !== null && !Number.isNaN(value);
}

function cell(value, type, text) {
  if (type === 'string') return text(value);
  return type === 'float32' ? String(shortest(value)) : String(value);
}

// A spreadsheet would compute text that begins with these: an apostrophe is put in front.
function csvText(value) {
  const safe = /^[=+\-@\t\r']/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

// Number with the fewest digits that is the same in float32.
export function shortest(value) {
  const wanted = Math.fround(value);
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(wanted.toPrecision(digits));
    if (Math.fround(short) === wanted) return short;
  }
  return Number(wanted.toPrecision(9));
}
