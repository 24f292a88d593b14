"use strict";
(() => {
  const root = document.documentElement;
  const figures = JSON.parse(document.getElementById("figures-data").textContent);
  const packed = document.getElementById("plotly-packed");

  // Copy buttons: copy, or select the text if the browser forbids a page from file:// to copy.
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      const said = button.textContent;
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = "Copied";
      } catch {
        for (let one = source.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
        getSelection().selectAllChildren(source);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = said; }, 1600);
    });
  }

  // Folding: all sections at once; a link opens the section that it leads into.
  const folds = [...document.querySelectorAll("details.fold")];
  const foldAll = document.getElementById("fold-all");
  const sayFolds = () => { foldAll.textContent = folds.every((fold) => fold.open) ? "Fold all" : "Open all"; };
  foldAll.addEventListener("click", () => {
    const open = !folds.every((fold) => fold.open);
    for (const fold of folds) fold.open = open;
  });
  const unfold = () => {
    const place = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!place) return;
    const around = [place.querySelector(":scope > details.fold")];
    for (let one = place.closest("details"); one; one = one.parentElement.closest("details")) around.push(one);
    const closed = around.filter((one) => one && !one.open);
    for (const one of closed) one.open = true;
    if (closed.length) place.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  // A link to the current address fires no hashchange.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#']");
    if (link && link.hash === location.hash) unfold();
  });
  unfold();

  // Light, dark, or the system's theme.
  const THEMES = ["auto", "light", "dark"];
  const theme = document.getElementById("theme");
  theme.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(root.dataset.theme || "auto") + 1) % THEMES.length];
    if (next === "auto") delete root.dataset.theme; else root.dataset.theme = next;
    theme.textContent = `Theme: ${next}`;
    draw();
  });
  theme.closest("[hidden]").hidden = false;

  // Colours in the figures are CSS variables, so that light, dark and print come from one style sheet. "var(--x) 12%"
  // is the colour at 12 % opacity.
  const probe = document.body.appendChild(document.createElement("i"));
  probe.hidden = true;
  const colour = (name, share) => {
    probe.style.color = share ? `color-mix(in srgb, var(${name}) ${share}, transparent)` : `var(${name})`;
    const found = getComputedStyle(probe).color;
    const mixed = found.match(/^color\(srgb ([\d.]+) ([\d.]+) ([\d.]+) \/ ([\d.]+)\)$/);
    return mixed ? `rgba(${mixed.slice(1, 4).map((part) => Math.round(255 * part)).join(",")},${mixed[4]})` : found;
  };
  const resolved = (value) => {
    if (Array.isArray(value)) return value.map(resolved);
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item)]));
    const name = typeof value === "string" && value.match(/^var\((--[a-z-]+)\)(?: (\d+%))?$/);
    return name ? colour(name[1], name[2]) : value;
  };

  const layoutOf = (figure, narrow) => {
    const axis = (given) => ({
      gridcolor: "var(--line)", linecolor: "var(--line)", zeroline: false, automargin: true, tickfont: { color: "var(--muted)" },
      ...given, title: { ...given.title, standoff: 10, font: { color: "var(--muted)", size: 13 } },
    });
    return {
      ...figure.layout, ...(narrow ? figure.narrow : {}),
      xaxis: axis(figure.layout.xaxis), yaxis: axis(figure.layout.yaxis),
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: narrow ? 12 : 13, color: "var(--ink)" },
      margin: { l: narrow ? 44 : 60, r: 22, t: narrow ? 18 : 26, b: narrow ? 44 : 52 }, dragmode: false, hovermode: "closest",
      hoverlabel: { bgcolor: "var(--card)", bordercolor: "var(--line)", font: { color: "var(--ink)", family: getComputedStyle(document.body).fontFamily }, align: "left" },
      legend: { orientation: "h", x: 0, ...(figure.layout.legend || { y: narrow ? -0.24 : -0.18, yanchor: "top" }), font: { size: narrow ? 11 : 12 } },
    };
  };

  // A click on a point opens its runs.
  const follow = (figure) => ({ points }) => {
    const point = points.find(({ curveNumber, pointNumber }) => figure.traces[curveNumber].runs?.[pointNumber]);
    if (point) location.hash = `#runs=${figure.traces[point.curveNumber].runs[point.pointNumber]}`;
  };

  // A figure with a menu: the chosen entry overrides its traces and its axis.
  const asChosen = (figure) => {
    const entry = figure.menu && figure.menu[figure.chosen || 0];
    if (!entry) return figure;
    const traces = figure.traces.map((trace, at) => ({ ...trace, ...entry.data[at] }));
    return { ...figure, traces, layout: { ...figure.layout, xaxis: entry.xaxis } };
  };
  for (const figure of figures.filter((one) => one.menu && one.menu.length > 1)) {
    const label = Object.assign(document.createElement("label"), { className: "choose", textContent: "Factor " });
    const select = document.createElement("select");
    for (const [at, entry] of figure.menu.entries()) select.add(new Option(entry.label, at));
    select.addEventListener("change", () => { figure.chosen = Number(select.value); drawOne(figure); });
    label.append(select);
    document.getElementById(figure.id).before(label);
  }

  // Runs as lines: the one nearest to the pointer is drawn over the others, and described under the figure.
  const REACH = 14; // pixels
  const pointAt = (figure, place) => {
    const said = Object.assign(document.createElement("p"), { className: "small pointed" });
    said.setAttribute("role", "status");
    place.closest("figure").querySelector("figcaption").before(said);
    const height = (at, x) => {
      const left = Math.min(Math.floor(x), at.length - 2);
      const [a, b] = [at[left], at[left + 1]];
      return a === null || b === null ? NaN : a + (b - a) * (x - left);
    };
    const nearest = (event) => {
      const { xaxis, yaxis } = place._fullLayout;
      const box = place.getBoundingClientRect();
      const x = xaxis.p2d(event.clientX - box.left - xaxis._offset);
      const y = event.clientY - box.top - yaxis._offset;
      if (!(x >= 0 && x <= figure.lines[0].at.length - 1)) return null;
      let [found, least] = [null, REACH];
      for (const line of figure.lines) {
        const away = Math.abs(yaxis.d2p(height(line.at, x)) - y);
        if (away < least) [found, least] = [line, away];
      }
      return found;
    };
    let shown = null;
    const show = (line) => {
      if (line === shown) return;
      shown = line;
      said.textContent = line ? line.says : "";
      place.style.cursor = line ? "pointer" : "";
      const at = line ? line.at : [];
      Plotly.restyle(place, { x: [at.map((_, i) => i)], y: [at] }, [figure.traces.length - 1]);
    };
    place.addEventListener("pointermove", (event) => show(nearest(event)));
    place.addEventListener("pointerleave", () => show(null));
    place.addEventListener("click", (event) => {
      const line = nearest(event);
      if (line) location.hash = `#runs=${line.id}`;
    });
  };

  const drawOne = (given) => {
    const figure = asChosen(given);
    const place = document.getElementById(figure.id);
    const isFirst = !isDrawn(figure);
    if (isFirst) place.replaceChildren();
    if (isFirst && figure.lines) pointAt(figure, place);
    const narrow = place.clientWidth < 560;
    const layout = layoutOf(figure, narrow);
    // On narrow screens names are shown only under the pointer.
    const bare = (trace) => (trace.mode === "markers+text" && trace.x.length > 1 ? { ...trace, mode: "markers" } : trace);
    Plotly.react(place, resolved(narrow ? figure.traces.map(bare) : figure.traces), resolved(layout), { displayModeBar: false, responsive: true });
    place.removeAllListeners("plotly_click");
    place.on("plotly_click", follow(figure));
  };
  // A figure is drawn when its section opens: inside a folded one there is no width to draw for.
  const isVisible = (figure) => !document.getElementById(figure.id).closest("details:not([open])");
  const isDrawn = (figure) => document.getElementById(figure.id).classList.contains("js-plotly-plot");
  const draw = () => {
    if (typeof Plotly !== "undefined") for (const figure of figures) if (isVisible(figure)) drawOne(figure);
  };

  const inflate = async (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };

  // In print, sections and notes are open, and the theme is light.
  let opened = [];
  const printing = (on) => () => {
    root.classList.toggle("printing", on);
    if (on) opened = [...document.querySelectorAll("details.fold:not([open]), details.note:not([open])")];
    for (const one of opened) one.open = on;
    draw();
    if (!on) opened = [];
  };
  addEventListener("beforeprint", printing(true));
  addEventListener("afterprint", printing(false));
  for (const fold of folds) {
    fold.addEventListener("toggle", () => {
      sayFolds();
      if (fold.open && typeof Plotly !== "undefined")
        for (const figure of figures) if (fold.contains(document.getElementById(figure.id))) drawOne(figure);
    });
  }

  const start = async () => {
    if (!figures.length) return;
    const script = document.createElement("script");
    script.textContent = await inflate(packed.textContent.trim());
    document.head.append(script);
    packed.remove();
    for (const figure of figures) {
      if (!isVisible(figure) || isDrawn(figure)) continue;
      drawOne(figure);
      await new Promise((go) => { setTimeout(go); }); // keep the page responsive between figures
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    root.dataset.figures = "drawn";
  };

  if (typeof DecompressionStream === "undefined") {
    for (const figure of figures) {
      const place = document.getElementById(figure.id);
      place.classList.add("empty");
      place.textContent = "This browser is too old to draw the figure; the tables have its numbers.";
    }
  } else {
    start();
  }
})();
