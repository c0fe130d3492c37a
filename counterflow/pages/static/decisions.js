// Decisions: a row opens to its chain of reasons, the address names it, keys step through them.
"use strict";
(() => {
  const key = (sheet, row) => {
    const t = sheet.value("interval_start", row);
    return sheet.value("unit", row) + "|" + CF.data.times[t < 0 ? 0 : t];
  };

  const compared = (sheet, row) => {
    const offered = sheet.value("offered", row);
    const reference = sheet.value("reference", row);
    const limit = sheet.value("conduct_limit", row);
    const used = sheet.value("offer_used", row);
    const top = Math.max(...[offered, reference, limit, used].filter((v) => Number.isFinite(v)), 1e-9);
    const list = CF.make("dl", { class: "bars" });
    for (const [label, value] of [["column.reference", reference], ["column.conduct_limit", limit],
      ["column.offered", offered], ["column.offer_used", used]]) {
      if (value === null) continue;
      const width = Number.isFinite(value) ? Math.max(0, Math.min(100, 100 * value / top)) : 100;
      list.append(CF.make("div", {}, CF.label(label, "dt"), CF.make("dd", {},
        CF.make("span", { class: "bar", style: `width:${width * 0.6}%` }),
        CF.make("span", { class: "value", text: CF.number(value, 2) }))));
    }
    return list;
  };

  CF.details.decision = (sheet, row) => {
    const box = CF.make("div", { class: "why" });
    const at = key(sheet, row);
    const chain = (CF.data.chains.of || {})[at];
    if (chain) {
      box.append(CF.make("h4", {}, CF.label("why.chain")),
        CF.make("ol", { class: "chain" }, chain.map((i) => CF.make("li", { text: CF.data.chains.sentences[i] }))));
    } else box.append(CF.make("p", { class: "soft" }, CF.label("why.no_chain")));
    if (sheet.value("reference", row) !== null) {
      box.append(CF.make("h4", {}, CF.label("why.compared")), compared(sheet, row));
    }
    const t = sheet.value("interval_start", row);
    const time = CF.data.times[t < 0 ? 0 : t];
    const links = CF.make("p", { class: "links" });
    const link = (label, changes) => links.append(CF.make("a", { href: "#",
      onclick: (event) => { event.preventDefault(); CF.go(changes); } }, CF.label(label)), " ");
    if (CF.data.map) link("why.on_map", { panel: "prices", bus: sheet.value("impact_subject", row) || sheet.value("bus", row), t: time });
    const constraint = sheet.value("constraint", row);
    if (constraint && CF.sheets.suppliers) link("why.suppliers", { panel: "pivotal", constraint, t: time });
    link("why.only_unit", { q: sheet.value("unit", row) });
    const command = `counterflow explain ${(CF.data.folder_of || {})[time.slice(0, 10)] || CF.data.folder} --unit ${sheet.value("unit", row)} --at ${time}`;
    box.append(links, CF.make("p", { class: "command" }, CF.label("why.command"), " ", CF.make("code", { text: command })),
      CF.make("details", {}, CF.make("summary", {}, CF.label("why.record")), CF.details.plain(sheet, row)));
    return box;
  };

  // Open the decision that the address names.
  const follow = () => {
    const sheet = CF.sheets.decisions;
    if (!sheet || !CF.chosen.unit) return;
    const t = CF.interval();
    let found = -1;
    for (let row = 0; row < sheet.given.rows; row += 1) {
      if (sheet.value("unit", row) !== CF.chosen.unit) continue;
      const own = sheet.value("interval_start", row);
      if (t >= 0 && own !== t && own !== -1) continue;
      if (CF.chosen.c && sheet.value("component", row) !== CF.chosen.c) continue;
      found = row;
      break;
    }
    if (found >= 0) sheet.reveal(found);
  };
  CF.followDecision = follow;

  const keys = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inside = event.target.closest("input, select, textarea");
    if (inside) {
      if (event.key === "Escape") inside.blur();
      return;
    }
    const sheet = CF.sheets.decisions || CF.sheets[Object.keys(CF.sheets)[0]];
    if (event.key === "/") {
      event.preventDefault();
      document.getElementById("q").focus();
    } else if (!sheet) return;
    else if (["n", "j"].includes(event.key) || (event.key === "ArrowDown" && sheet.at >= 0)) { event.preventDefault(); sheet.step(1); }
    else if (["p", "k"].includes(event.key) || (event.key === "ArrowUp" && sheet.at >= 0)) { event.preventDefault(); sheet.step(-1); }
    else if (event.key === "Enter" && sheet.at >= 0 && !event.target.closest("button, a, summary")) sheet.toggle(sheet.at);
    else if (event.key === "Escape" && sheet.at >= 0) {
      sheet.opened.clear();
      sheet.at = -1;
      sheet.draw();
      CF.choose({ unit: "", c: "" }, "row");
    }
  };

  CF.ready.push(() => {
    const sheet = CF.sheets.decisions;
    if (sheet) {
      sheet.onSelect = (row) => {
        const t = sheet.value("interval_start", row);
        CF.choose({ unit: sheet.value("unit", row), t: t < 0 ? "" : CF.data.times[t],
          c: sheet.value("component", row), panel: "" }, "row");
      };
    }
    document.addEventListener("keydown", keys);
    for (const card of document.querySelectorAll("[data-filter]")) {
      card.addEventListener("click", () => {
        const filter = card.dataset.filter;
        if (filter.startsWith("bus:")) { CF.go({ panel: "prices", bus: filter.slice(4) }); return; }
        if (sheet) {
          sheet.setView(filter);
          document.getElementById("decisions").scrollIntoView();
        }
      });
    }
  });
})();
