// Other thresholds: counts from what the run measured, nothing is cleared again.
"use strict";
(() => {
  const counts = (data, conduct, impact) => {
    const units = new Set();
    let failed = 0, replaced = 0, missing = 0, money = 0;
    for (let i = 0; i < data.unit.length; i += 1) {
      const ratio = data.conduct[i] === "inf" ? Infinity : data.conduct[i];
      if (!(ratio > conduct + 1e-12)) continue;
      failed += 1;
      const effect = data.impact[i];
      if (data.needs[i] && effect === null) { missing += 1; continue; }
      if (data.needs[i] && !((effect === "inf" ? Infinity : effect) > impact + 1e-12)) continue;
      replaced += 1;
      units.add(data.unit[i]);
      money += data.money[i];
    }
    return { failed, replaced, units: units.size, missing, money };
  };
  CF.whatIf = counts;

  CF.ready.push(() => {
    const home = document.querySelector("[data-whatif]");
    if (!home) return;
    const data = CF.data.whatif;
    const slider = (label, low, high, value) => {
      const shown = CF.make("output", { text: value.toFixed(2) });
      const input = CF.make("input", { type: "range", min: low, max: high, step: "0.05", value });
      home.append(CF.make("label", { class: "slider" }, CF.label(label), input, shown));
      return { input, shown };
    };
    const conduct = slider("whatif.conduct", 0.5, 3, 1);
    const impact = slider("whatif.impact", 0.5, 3, 1);
    const cut = slider("whatif.rsi", 0.5, 2, 1);
    const result = CF.make("ul", { class: "cards", "aria-live": "polite" });
    home.append(result);
    const draw = () => {
      for (const each of [conduct, impact, cut]) each.shown.textContent = (+each.input.value).toFixed(2);
      const found = counts(data, +conduct.input.value, +impact.input.value);
      const low = data.rsi.filter((value) => value <= +cut.input.value).length;
      const cards = [["column.conduct_failed", CF.number(found.failed, 0)], ["column.replaced", CF.number(found.replaced, 0)],
        ["column.units", CF.number(found.units, 0)], ["column.not_measured", CF.number(found.missing, 0)],
        ["column.money_effect", CF.number(found.money, 0, true) + " " + CF.data.currency]];
      if (data.rsi.length) cards.push(["whatif.tests_below", `${CF.number(low, 0)} / ${CF.number(data.rsi.length, 0)}`]);
      result.replaceChildren(...cards.map(([label, text]) => CF.make("li", {}, CF.make("div", { class: "card" },
        CF.make("span", { class: "label" }, CF.label(label)), CF.make("span", { class: "number", text })))));
    };
    for (const each of [conduct, impact, cut]) each.input.addEventListener("input", draw);
    if (!data.rsi.length) cut.input.parentElement.hidden = true;
    draw();
  });
})();
