// Start: language, theme, print, and where the address points.
"use strict";
(() => {
  const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* a private window */ } };
  const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };

  const theme = (name) => {
    document.documentElement.dataset.theme = name;
    CF.redrawCharts();
    if (CF.redrawMap) CF.redrawMap();
  };

  const language = (name) => {
    CF.language = name;
    document.documentElement.lang = name === "zh" ? "zh-CN" : name;
    CF.translate();
    for (const sheet of Object.values(CF.sheets)) { sheet.texts = []; sheet.draw(); }
    CF.drawGrids();
    CF.redrawCharts();
    if (CF.redrawMap) CF.redrawMap();
    const first = document.querySelector("[data-whatif] input");
    if (first) first.dispatchEvent(new Event("input"));
  };

  const scrollTo = (id) => {
    const section = document.getElementById(id);
    if (section) { section.scrollIntoView(); section.focus({ preventScroll: true }); }
  };
  CF.go = (changes) => {
    CF.choose(changes, "link");
    if (changes.panel) scrollTo(changes.panel);
    else if (changes.unit || changes.q) { CF.followDecision(); scrollTo("decisions"); }
  };

  const follow = () => {
    if (CF.chosen.unit) CF.followDecision();
    else if (CF.chosen.panel) scrollTo(CF.chosen.panel);
  };

  for (const start of CF.ready) start();
  document.getElementById("language").addEventListener("click", () => language(CF.language === "en" ? "zh" : "en"));
  document.getElementById("theme").addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const next = dark ? "light" : "dark";
    keep("counterflow-theme", next);
    theme(next);
  });
  document.getElementById("print").addEventListener("click", () => window.print());
  for (const link of document.querySelectorAll("[data-panel]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      CF.go({ panel: link.dataset.panel });
    });
  }
  CF.onChoice((changes, source) => { if (source === "address") follow(); });
  const saved = kept("counterflow-theme");
  if (saved === "dark" || saved === "light") theme(saved);
  follow();
  document.documentElement.dataset.ready = "yes";
})();
