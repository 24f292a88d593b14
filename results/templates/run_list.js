"use strict";
(() => {
  // The list of all runs, from columns in which a text is written once (results/report/run_table.py): sorted by a click on a
  // heading, filtered by the form above it or by the address (`#runs=3,7-9`, `#runs=phase:search;status:failed`, made
  // by results/figures/run_links.py), which so leads from any number of the page to the runs behind it.
  const data = document.getElementById("runs-data");
  if (!data) return;
  const PORTION = 200; // rows that are added at a time, and that an asked-for part of the runs begins with
  const { count, first: FIRST, separator, none, columns } = JSON.parse(data.textContent);
  const column = Object.fromEntries(columns.map((one) => [one.id, one]));
  const section = document.getElementById("runs");
  const table = document.getElementById("runs-table");
  const body = table.tBodies[0];
  const form = document.getElementById("runs-filter");
  const found = document.getElementById("runs-found");
  const more = document.getElementById("runs-more");
  const WORDS = { pruned: "stopped early" };

  const text = ({ names, codes }, i) => {
    const code = codes[i];
    if (Array.isArray(code)) return code.map((place) => names[place]).join(separator);
    return code < 0 ? none : names[code];
  };
  const ids = column.run.codes.map((code) => Number(column.run.names[code]));

  // What the list shows: rows that pass every part of the filter, in the order of one column.
  const wanted = { ids: null, phase: "", status: "", cell: "", text: "" };
  const BEST = { id: "score", down: true };
  let sorted = BEST;
  let shown = [];

  const having = (one, test) => {
    const places = new Set();
    one.names.forEach((name, place) => { if (test(name)) places.add(place); });
    return (i) => {
      const code = one.codes[i];
      return Array.isArray(code) ? code.some((place) => places.has(place)) : places.has(code);
    };
  };
  const tests = () => {
    const made = [];
    if (wanted.ids) made.push((i) => wanted.ids.has(ids[i]));
    for (const key of ["phase", "status", "cell"]) {
      if (wanted[key]) made.push(having(column[key], (name) => name === wanted[key]));
    }
    for (const word of wanted.text.toLowerCase().split(/\s+/).filter(Boolean)) {
      const every = ["run", "phase", "status", "cell", "changes", "seed", "reason"].map((key) =>
        having(column[key], (name) => name.toLowerCase().includes(word)));
      made.push((i) => every.some((test) => test(i)));
    }
    return made;
  };
  const order = () => {
    const { codes } = column[sorted.id];
    const first = sorted.id === "cell"; // of a configuration's changes, how many
    const key = (i) => (!Array.isArray(codes[i]) ? codes[i] : first ? codes[i][0] ?? -1 : codes[i].length);
    const sign = sorted.down ? -1 : 1;
    return (a, b) => {
      const [x, y] = [key(a), key(b)];
      if ((x < 0) !== (y < 0)) return x < 0 ? 1 : -1; // missing values last in both directions
      return sign * (x - y) || a - b;
    };
  };

  const row = (i) => {
    const made = document.createElement("tr");
    if (text(column.phase, i) === "search") made.className = "faint";
    for (const one of columns) {
      if (one.id === "reason") continue;
      const cell = made.insertCell();
      const said = text(one, i);
      if (one.id === "changes") {
        cell.className = "wrap";
        cell.appendChild(document.createElement("div")).textContent = said;
        continue;
      }
      if (one.id === "cell") for (const part of said.split(/(?<=[:=.])/)) cell.append(part, document.createElement("wbr"));
      else cell.textContent = one.id === "status" ? WORDS[said] || said : said;
      cell.className = one.number ? "num" : one.id === "cell" ? "cell" : "nowrap";
      if (one.id === "status" && column.reason.codes[i] >= 0) {
        const reason = document.createElement("span");
        reason.className = "under";
        reason.textContent = text(column.reason, i);
        cell.append(reason);
        cell.className = "cell";
      }
    }
    return made;
  };

  const append = (rows) => {
    const from = body.rows.length;
    body.append(...shown.slice(from, from + rows).map(row));
    const left = shown.length - body.rows.length;
    more.hidden = left === 0;
    more.firstElementChild.textContent =
      `Show ${Math.min(PORTION, left).toLocaleString("en")} more of ${left.toLocaleString("en")}`;
  };
  const show = () => {
    const parts = tests();
    shown = [];
    for (let i = 0; i < count; i += 1) if (parts.every((test) => test(i))) shown.push(i);
    shown.sort(order());
    body.replaceChildren();
    append(parts.length ? PORTION : FIRST);
    const runs = `${count.toLocaleString("en")} run${count === 1 ? "" : "s"}`;
    found.textContent = parts.length ? `${shown.length.toLocaleString("en")} of ${runs}` : runs;
    if (wanted.ids) found.textContent += ", from the number you followed";
    if (sorted.id === BEST.id && sorted.down) found.textContent += ", best score first";
    if (shown.length > body.rows.length) found.textContent += `; the first ${body.rows.length} are below`;
    form.elements.clear.hidden = !parts.length;
    for (const heading of table.tHead.rows[0].cells) {
      const by = heading.dataset.column === sorted.id;
      if (by) heading.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
      else heading.removeAttribute("aria-sort");
    }
  };

  // The form and the address have the same filter.
  const fill = () => {
    for (const key of ["phase", "status", "cell", "text"]) form.elements[key].value = wanted[key];
  };
  const address = () => {
    const parts = ["phase", "status", "cell", "text"].filter((key) => wanted[key]);
    const told = parts.map((key) => `${key}:${encodeURIComponent(wanted[key])}`);
    if (wanted.ids) told.unshift(wanted.ids.told);
    return told.length ? `#runs=${told.join(";")}` : "#runs";
  };
  const read = () => {
    Object.assign(wanted, { ids: null, phase: "", status: "", cell: "", text: "" });
    for (const part of location.hash.slice("#runs=".length).split(";")) {
      const [, key, value] = part.match(/^(phase|status|cell|text):(.*)$/) || [];
      if (key) wanted[key] = decoded(value);
      else if (/^\d[\d,-]*$/.test(part)) wanted.ids = numbers(part);
    }
  };
  const decoded = (value) => {
    try { return decodeURIComponent(value); } catch { return value; }
  };
  const numbers = (told) => {
    const spans = told.split(",").map((span) => span.split("-").map(Number));
    const asked = new Set(ids.filter((id) => spans.some(([first, last = first]) => first <= id && id <= last)));
    return Object.assign(asked, { told });
  };
  const follow = () => {
    if (!location.hash.startsWith("#runs=")) return;
    read();
    fill();
    // A number's runs as they began, seed by seed; all runs best first.
    sorted = tests().length ? { id: "run", down: false } : BEST;
    for (const fold of section.querySelectorAll(":scope > details")) fold.open = true;
    show();
    section.scrollIntoView();
    found.focus({ preventScroll: true });
  };

  const change = () => {
    for (const key of ["phase", "status", "cell", "text"]) wanted[key] = form.elements[key].value;
    history.replaceState(null, "", address());
    show();
  };
  form.addEventListener("input", change);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.elements.clear.addEventListener("click", () => {
    wanted.ids = null;
    for (const key of ["phase", "status", "cell", "text"]) form.elements[key].value = "";
    change();
    form.elements.text.focus();
  });
  form.elements.whole.addEventListener("change", () => table.classList.toggle("whole", form.elements.whole.checked));
  for (const key of ["phase", "status", "cell"]) {
    const select = form.elements[key];
    for (const name of column[key].names) select.add(new Option(WORDS[name] || name, name));
    select.closest("label").hidden = column[key].names.length < 2;
  }
  for (const heading of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const { column: id } = heading.dataset;
      const first = id === "score"; // the highest first
      sorted = { id, down: sorted.id === id ? !sorted.down : first };
      show();
    });
  }
  more.replaceChildren(Object.assign(document.createElement("button"), { type: "button", className: "plain" }));
  more.firstElementChild.addEventListener("click", () => append(PORTION));
  form.hidden = false;
  show();
  addEventListener("hashchange", follow);
  follow();
})();
