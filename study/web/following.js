"use strict";
// The live report: it reloads when the study has changed, and keeps the reader's place.
(() => {
  const { mark, file } = JSON.parse(document.getElementById("following").textContent);
  const STATE = `${location.pathname.replace(/\/report(\/report\.html)?\/*$/, "/report")}/state`;
  const KEY = `report ${location.pathname}`;
  const ASK = 2000, AGAIN = 10_000, GONE = 15_000; // ms between questions, between reloads, and without an answer
  const QUIET = 1500; // ms after the reader scrolls, types or selects without a reload
  const began = Date.now();
  let touched = 0;

  // The reader's place: open folds, scrolled tables, and the page's position relative to the nearest named element.
  const named = (elements) => {
    const seen = new Map();
    return [...elements].map((element) => {
      const summary = element.querySelector(":scope > summary");
      const heading = summary?.querySelector("h2") ?? summary; // the sentence next to it changes while the study runs
      const words = (heading?.textContent ?? "").replace(/[\d,.]+/g, "#").trim();
      const key = `${element.closest("[id]")?.id ?? ""}/${words}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
      return [`${key}/${seen.get(key)}`, element];
    });
  };
  const folds = () => named(document.querySelectorAll("details"));
  const tables = () => named(document.querySelectorAll(".scroll"));
  const anchors = () => [...document.querySelectorAll("header[id], section[id], figure[id]")];

  const keep = () => {
    const above = anchors().filter((element) => element.getBoundingClientRect().top <= innerHeight / 4).pop();
    const place = {
      folds: Object.fromEntries(folds().map(([key, element]) => [key, element.open])),
      tables: Object.fromEntries(tables().map(([key, element]) => [key, [element.scrollLeft, element.scrollTop]])),
      id: above?.id, top: above?.getBoundingClientRect().top, y: scrollY,
    };
    try {
      sessionStorage.setItem(KEY, JSON.stringify(place));
    } catch { /* a browser without storage: the page begins at its top */ }
  };

  const back = () => {
    let place = null;
    try {
      place = JSON.parse(sessionStorage.getItem(KEY));
      sessionStorage.removeItem(KEY);
    } catch { /* as above */ }
    if (!place) return;
    for (const [key, element] of folds()) if (key in place.folds) element.open = place.folds[key];
    for (const [key, element] of tables()) if (key in place.tables) [element.scrollLeft, element.scrollTop] = place.tables[key];
    const anchor = place.id && document.getElementById(place.id);
    const top = anchor ? scrollY + anchor.getBoundingClientRect().top - place.top : place.y;
    scrollTo({ top, behavior: "instant" });
  };

  const said = document.createElement("p");
  said.id = "following-says";
  const style = document.createElement("style");
  style.textContent =
    "#following-says { position: fixed; right: 1rem; bottom: 1rem; margin: 0; padding: .3rem .8rem; max-width: min(30rem, calc(100vw - 2rem));" +
    " background: var(--card); color: var(--muted); border: 1px solid var(--line); border-radius: 10px; font-size: .82rem; overflow-wrap: anywhere; }" +
    " #following-says:empty { display: none; } @media print { #following-says { display: none; } }";
  document.head.append(style);
  document.body.append(said);
  const tell = (text) => { if (said.textContent !== text) said.textContent = text; };

  const again = (over) => {
    if (!over && (document.hidden || !getSelection().isCollapsed)) return false;
    if (Date.now() - touched < QUIET || (!over && Date.now() - began < AGAIN)) return false;
    keep();
    location.reload();
    return true;
  };

  const ask = async () => {
    let wait = ASK;
    try {
      const answer = await fetch(`${STATE}?mark=${mark}`, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.statusText);
      const state = await answer.json();
      tell(state.told);
      if (state.mark !== mark && again(state.status !== "running")) return;
    } catch {
      tell(`The server no longer answers: this is its last version of the report.${file ? ` The final report is written to ${file} when the study ends.` : ""}`);
      wait = GONE;
    }
    setTimeout(ask, wait);
  };

  history.scrollRestoration = "manual";
  back();
  for (const kind of ["scroll", "wheel", "pointerdown", "keydown", "touchmove"])
    addEventListener(kind, () => { touched = Date.now(); }, { capture: true, passive: true });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) touched = 0; });
  ask();
})();
