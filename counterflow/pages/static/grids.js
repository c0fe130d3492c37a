// Heat maps that are tables: names by hours, a sign in every cell that says something.
"use strict";
(() => {
  const GLYPH = { "mark.fail": "✕", "mark.pass": "·", "mark.on": "■", "mark.start": "▲", "mark.stop": "▼" };

  const count = (value, top) => (value ? `--heat:${Math.round(15 + 85 * value / top)}%` : "");

  // Dark where the index is low: a sequential scale that ends at 2.
  const risk = (value) => {
    if (value === null) return "";
    const share = Math.max(0, Math.min(1, 1 - value / 2));
    return `--heat:${(share * 100).toFixed(0)}%`;
  };

  const draw = (home) => {
    const grid = CF.data.grids[home.dataset.grid];
    const heads = grid.heads || CF.data.labels;
    const head = CF.make("tr", {}, CF.make("th", { scope: "col" }, CF.label(grid.label)),
      heads.map((label) => CF.make("th", { scope: "col", class: "hour", text: label })));
    const top = Math.max(1, ...grid.cells.flat().filter(Boolean));
    const body = grid.names.map((name, i) => CF.make("tr", {}, CF.make("th", { scope: "row", text: name }),
      grid.cells[i].map((value, t) => {
        const mark = grid.marks[grid.mark[i][t]];
        const said = mark ? CF.word(mark) : CF.word("mark.none");
        const number = value === null ? "" : CF.written(grid.value, value);
        const title = `${name}, ${heads[t]}: ${said}${number ? ", " + number : ""}`;
        const glyph = grid.scale === "count" ? (value ? number : "") : GLYPH[mark] || "";
        const cell = CF.make("td", { class: mark ? mark.replace(".", "-") : "", title,
          style: grid.scale === "risk" ? risk(value) : grid.scale === "count" ? count(value, top) : null });
        if (grid.target && mark) {
          cell.append(CF.make("button", { type: "button", "aria-label": title, "data-i": i, "data-at": t, text: glyph }));
        } else cell.append(CF.make("span", { class: "glyph", "aria-hidden": "true", text: glyph }));
        return cell;
      })));
    const table = CF.make("table", { class: "heat " + grid.scale }, CF.make("thead", {}, head), CF.make("tbody", {}, body));
    table.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const sheet = CF.sheets[grid.target];
      const name = grid.names[+button.dataset.i];
      sheet.asked.name = (value) => value === name;
      sheet.asked.interval_start = (value) => value === +button.dataset.at;
      sheet.draw();
      CF.announce(button.getAttribute("aria-label"));
      const relief = CF.sheets.relief;
      if (relief) {
        relief.asked.name = sheet.asked.name;
        relief.asked.interval_start = sheet.asked.interval_start;
        relief.draw();
      }
      sheet.home.scrollIntoView({ block: "nearest" });
    });
    home.querySelector(".scroll").replaceChildren(table);
  };

  CF.drawGrids = () => document.querySelectorAll("[data-grid]").forEach(draw);
  CF.ready.push(CF.drawGrids);
})();
