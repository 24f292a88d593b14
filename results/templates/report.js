"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures-data").textContent);
  const packed = document.getElementById("plotly-packed");

  // Commands: copying, where the browser lets a page from file:// do it; selecting them otherwise.
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      const said = button.textContent;
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(source);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = said; }, 1600);
    });
  }

  // Colours in the figures are CSS variables, so that light, dark and print come from one style sheet.
  const resolved = (value, style) => {
    if (Array.isArray(value)) return value.map((item) => resolved(item, style));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item, style)]));
    const name = typeof value === "string" && value.match(/^var\((--[a-z-]+)\)$/);
    return name ? style.getPropertyValue(name[1]).trim() : value;
  };

  const layoutOf = (figure, narrow) => {
    const axis = (given) => ({
      gridcolor: "var(--line)", linecolor: "var(--line)", zeroline: false, automargin: true, tickfont: { color: "var(--muted)" },
      ...given, title: { ...given.title, standoff: 10, font: { color: "var(--muted)", size: 13 } },
    });
    return {
      ...figure.layout,
      xaxis: axis(figure.layout.xaxis), yaxis: axis(figure.layout.yaxis),
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: "var(--ink)" },
      margin: { l: narrow ? 48 : 64, r: 22, t: narrow ? 18 : 26, b: narrow ? 44 : 52 }, dragmode: false, hovermode: "closest",
      hoverlabel: { bgcolor: "var(--card)", bordercolor: "var(--line)", font: { color: "var(--ink)" }, align: "left" },
      legend: { orientation: "h", x: 0, y: narrow ? -0.24 : -0.18, yanchor: "top", font: { size: narrow ? 11 : 12 } },
    };
  };

  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    for (const figure of figures) {
      const place = document.getElementById(figure.id);
      const layout = layoutOf(figure, place.clientWidth < 560);
      Plotly.react(place, resolved(figure.traces, style), resolved(layout, style), { displayModeBar: false, responsive: true });
    }
  };

  const inflate = async (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };

  const start = async () => {
    if (!figures.length) return;
    const script = document.createElement("script");
    script.textContent = await inflate(packed.textContent.trim());
    document.head.append(script);
    packed.remove();
    for (const figure of figures) document.getElementById(figure.id).replaceChildren();
    draw();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    const printing = (on) => () => { document.documentElement.classList.toggle("printing", on); draw(); };
    addEventListener("beforeprint", printing(true));
    addEventListener("afterprint", printing(false));
    document.documentElement.dataset.figures = "drawn";
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
