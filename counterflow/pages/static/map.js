// The grid on a plane: hour, side, limits with flow and limit, pockets, and what makes a price.
// Small grids are SVG (printed, read out); large ones are points and lines of deck.gl, or of a canvas
// where no graphics card draws.
"use strict";
(() => {
  const home = document.querySelector("[data-map]");
  if (!home) return;
  const map = CF.data.map;
  const B = map.buses.length, L = map.branches.length, T = CF.data.times.length;
  const xy = CF.floats(map.xy);
  const index = new Map(map.buses.map((name, i) => [name, i]));
  const sides = {};
  for (const [name, side] of Object.entries(map.sides)) {
    sides[name] = { ...side, lmp: CF.floats(side.lmp), flow: CF.floats(side.flow),
      mec: typeof side.mec === "string" ? CF.floats(side.mec) : side.mec,
      mlc: side.mlc ? CF.floats(side.mlc) : null };
  }
  const paired = Boolean(sides.before);
  const state = { t: 0, side: "after", bus: -1, limit: "" };

  const lmp = (name, b) => { const v = sides[name].lmp[state.t * B + b]; return Number.isNaN(v) ? null : v; };
  const mec = (name, b) => { const m = sides[name].mec; return m.length === T ? m[state.t] : m[state.t * B + b]; };
  const mlc = (name, b) => (sides[name].mlc ? sides[name].mlc[state.t * B + b] : 0);
  const shown = (b) => {
    if (state.side !== "change") return lmp(state.side, b);
    const a = lmp("after", b), c = lmp("before", b);
    return a === null || c === null ? null : a - c;
  };
  const side = () => (state.side === "change" ? "after" : state.side);
  const binding = (name = side()) => sides[name].binding.filter((row) => row.t === state.t);
  const limitKey = (row) => row.constraint + "|" + row.contingency;

  // Viridis in seven steps for prices; blue - grey - orange for changes: both safe for the colour-blind.
  const VIRIDIS = [[68, 1, 84], [70, 50, 127], [54, 92, 141], [39, 127, 142], [31, 161, 135], [74, 194, 109], [159, 218, 58], [253, 231, 37]];
  const CHANGE = [[5, 87, 140], [86, 160, 200], [200, 206, 211], [233, 164, 92], [179, 78, 8]];
  const between = (colors, share) => {
    const at = Math.max(0, Math.min(0.9999, share)) * (colors.length - 1);
    const i = Math.floor(at), f = at - i;
    return colors[i].map((v, k) => Math.round(v + (colors[i + 1][k] - v) * f));
  };
  const color = (value) => {
    if (value === null) return [150, 150, 150];
    if (state.side === "change") {
      const top = map.scale.change || 1;
      return between(CHANGE, 0.5 + value / (2 * top));
    }
    return between(VIRIDIS, (value - map.scale.low) / (map.scale.high - map.scale.low));
  };

  // Branches of a limit: the branch itself, those of an interface; -1 ends the search.
  const branchAt = new Map(map.branches.map((name, i) => [name, i]));
  const branchesOf = (row) => {
    const own = map.interfaces[row.element] || map.interfaces[row.constraint];
    return (own || [row.element || row.constraint]).map((name) => branchAt.get(name)).filter((i) => i !== undefined);
  };
  const marked = () => {
    const out = new Map();
    for (const row of binding()) for (const branch of branchesOf(row)) out.set(branch, row);
    return out;
  };
  const pocket = () => new Set(state.limit && map.pockets[state.limit] ? map.pockets[state.limit].buses : []);

  const stage = CF.make("div", { class: "stage" });
  const slider = CF.make("input", { type: "range", min: 0, max: Math.max(T - 1, 0), value: 0, step: 1 });
  const hour = CF.make("output", {});
  const toggle = CF.make("div", { class: "views", role: "group" },
    ["before", "after", "change"].filter((name) => paired || name === "after").map((name) => CF.make("button", {
      type: "button", "data-side": name, onclick: () => { state.side = name; CF.choose({ side: name }, "map"); redraw(); } },
    CF.label(paired ? "side." + name : "side.cleared"))));
  slider.addEventListener("input", () => { state.t = +slider.value; redraw(true); });
  slider.addEventListener("change", () => CF.choose({ t: CF.data.times[state.t] }, "map"));
  const hourLabel = CF.make("label", { class: "slider" }, CF.label("map.hour"), slider, hour);
  hourLabel.hidden = T < 2;
  const legend = CF.make("div", { class: "map-legend" });
  const limits = CF.make("div", { class: "limits" });
  const price = CF.make("div", { class: "setter" });
  const picker = CF.make("input", { list: "bus-list", "aria-label": "bus" });
  const names = CF.make("datalist", { id: "bus-list" }, map.buses.slice(0, 3000).map((name) => CF.make("option", { value: name })));
  picker.addEventListener("change", () => { if (index.has(picker.value)) choose(index.get(picker.value)); });
  home.append(CF.make("div", { class: "tools" }, toggle, hourLabel,
    CF.make("label", {}, CF.label("filter.bus"), " ", picker, names)),
  CF.make("div", { class: "map-body" }, CF.make("div", { class: "map-main" }, stage, legend), CF.make("div", { class: "map-side" }, limits, price)));

  const choose = (bus) => { state.bus = bus; CF.choose({ bus: map.buses[bus], t: CF.data.times[state.t] }, "map"); redraw(); };

  // deck.gl where a graphics card draws; where WebGL is missing or done by software, the canvas.
  const hasCard = () => {
    const gl = document.createElement("canvas").getContext("webgl2");
    const info = gl && gl.getExtension("WEBGL_debug_renderer_info");
    const name = info ? gl.getParameter(info.UNMASKED_RENDERER_WEBGL) : gl ? "unknown" : "";
    return Boolean(name) && !/swiftshader|llvmpipe|software|basic render/i.test(name);
  };
  const RENDERERS = CF.mapRenderers({ map, state, stage, sides, side, xy, shown, color, marked, pocket, limitKey, choose });
  CF.drawMapBy = (name) => {
    stage.replaceChildren();
    CF.mapRenderer = name;
    draw = RENDERERS[name]();
    redraw();
  };

  // ---- what binds, and what makes a price -----------------------------------------------------
  const drawLimits = () => {
    const rows = binding();
    const head = CF.make("tr", {}, ["column.constraint", "column.flow_mw", "column.limit_mw", "column.shadow_price"]
      .map((label, i) => CF.make("th", { scope: "col", class: i ? "num" : "" }, CF.label(label))));
    const body = rows.map((row) => {
      const key = limitKey(row);
      const name = row.constraint + (row.contingency ? ` (${row.contingency})` : "");
      return CF.make("tr", { class: key === state.limit ? "selected" : "" },
        CF.make("td", {}, CF.make("button", { type: "button", class: "open", "aria-pressed": String(key === state.limit),
          text: name, onclick: () => { state.limit = key === state.limit ? "" : key; redraw(); } }),
        CF.make("small", { class: "soft", text: " " + CF.state(row.kind) })),
        ...[CF.number(row.flow, 1), CF.number(row.limit, 1), CF.number(row.price, 2)].map((text) => CF.make("td", { class: "num", text })));
    });
    limits.replaceChildren(CF.make("h4", { text: CF.say({ k: "map.binding", v: { n: ["count", rows.length], at: CF.data.labels[state.t] } }) }));
    if (rows.length) limits.append(CF.make("table", {}, CF.make("thead", {}, head), CF.make("tbody", {}, body)));
    const own = state.limit && map.pockets[state.limit];
    if (own) {
      limits.append(CF.make("p", { class: "pocket-text", text: CF.say({ k: own.imports ? "map.pocket" : "map.export",
        v: { constraint: state.limit.split("|")[0], n: ["count", own.buses.length], load: ["mw", own.load], output: ["mw", own.output],
          units: own.units.slice(0, 8).join(", ") || "–" } }) }));
    }
  };

  const dfax = (name, key, b) => {
    const packed = map.dfax[`${name}|${key}`] ?? map.dfax[`after|${key}`] ?? map.dfax[`before|${key}`];
    if (!packed) return null;
    const text = typeof packed === "string" ? packed : packed[state.t];
    if (!text) return 0;
    dfax.cache = dfax.cache || new Map();
    if (!dfax.cache.has(text)) dfax.cache.set(text, CF.floats(text));
    return dfax.cache.get(text)[b];
  };

  // Terms of a price: energy, each limit's shadow price times DFAX, loss.
  CF.priceTerms = (b, name = side()) => {
    const terms = [{ label: "term.energy", amount: mec(name, b) }];
    for (const row of binding(name)) {
      const factor = dfax(name, limitKey(row), b);
      if (factor) terms.push({ constraint: row.constraint, contingency: row.contingency, dfax: factor, price: row.price, amount: factor * row.price });
    }
    const loss = mlc(name, b);
    if (loss) terms.push({ label: "term.loss", amount: loss });
    return terms;
  };

  const drawPrice = () => {
    const b = state.bus;
    if (b < 0) { price.replaceChildren(CF.make("p", { class: "soft" }, CF.label("map.pick"))); return; }
    const name = side();
    const value = lmp(name, b);
    const terms = CF.priceTerms(b, name);
    const sum = terms.reduce((total, term) => total + (term.amount || 0), 0);
    const line = (label, middle, amount, total) => CF.make("tr", { class: total ? "total" : "" },
      CF.make("td", {}, label), CF.make("td", { class: "num soft", text: middle }), CF.make("td", { class: "num", text: CF.number(amount, 2) }));
    const body = terms.map((term) => line(term.label ? CF.label(term.label) : term.constraint + (term.contingency ? ` (${term.contingency})` : ""),
      term.label ? "" : `${CF.number(term.price, 2)} × ${CF.number(term.dfax, 4)}`, term.amount));
    if (value !== null && Math.abs(value - sum) > 0.01) body.push(line(CF.label("term.other"), "", value - sum));
    body.push(line(CF.label("term.lmp"), CF.data.per_mwh, value, true));
    price.replaceChildren(CF.make("h4", { text: CF.say({ k: "map.sets", v: { bus: map.buses[b], at: CF.data.labels[state.t] } }) }),
      CF.make("table", {}, CF.make("tbody", {}, body)));
    const known = map.setters.find((each) => each.t === state.t && each.bus === map.buses[b]);
    if (name === "after" && known && known.offers.length) {
      price.append(CF.make("h4", {}, CF.label("map.offers")), CF.make("ul", { class: "plain" }, known.offers.map((offer) => CF.make("li", {
        text: `${offer.name}${offer.owner ? ` (${offer.owner})` : ""}: ${CF.number(offer.price, 2)} × ${CF.number(offer.coefficient, 3)}` }))));
      if (known.reason) price.append(CF.make("p", { class: "soft", text: known.reason }));
    } else if (name === "after" && map.marginal[state.t] && map.marginal[state.t].length) {
      price.append(CF.make("h4", {}, CF.label("map.marginal")), CF.make("ul", { class: "plain" }, map.marginal[state.t].slice(0, 12).map((offer) => CF.make("li", {
        text: `${offer.name}${offer.owner ? ` (${offer.owner})` : ""}: ${CF.number(offer.price, 2)}` }))));
    }
    price.append(CF.make("p", { class: "command" }, CF.make("code", { text: `counterflow explain ${CF.data.folder} --bus ${map.buses[b]} --at ${CF.data.times[state.t]}` })));
  };

  // ---- bus table ------------------------------------------------------------------------------
  const tableHome = CF.make("div", { class: "sheet" }, CF.make("h3", { id: "sheet-buses" }, CF.label("buses.caption")));
  home.append(tableHome);
  const busData = () => {
    const parts = { bus: { d: map.buses, i: map.buses.map((_, i) => i) }, zone: { d: map.zone, i: map.zone.map((_, i) => i) } };
    const names = paired ? ["before", "after"] : ["after"];
    for (const name of names) parts["lmp_" + name] = { v: map.buses.map((_, b) => lmp(name, b)) };
    if (paired) parts.change = { v: map.buses.map((_, b) => { const a = lmp("after", b), c = lmp("before", b); return a === null || c === null ? null : a - c; }) };
    parts.mec = { v: map.buses.map((_, b) => mec("after", b)) };
    parts.mcc = { v: map.buses.map((_, b) => { const v = lmp("after", b); return v === null ? null : v - mec("after", b) - mlc("after", b); }) };
    parts.mlc = { v: map.buses.map((_, b) => mlc("after", b)) };
    return parts;
  };
  const busColumns = () => {
    const unit = CF.data.per_mwh;
    const priced = (name, label) => ({ name, label, kind: "price", unit });
    return [{ name: "bus", label: "column.bus", kind: "text", dim: "bus" }, { name: "zone", label: "column.zone", kind: "text", dim: "zone" },
      ...(paired ? [priced("lmp_before", "column.lmp_before")] : []), priced("lmp_after", paired ? "column.lmp_after" : "column.lmp"),
      ...(paired ? [priced("change", "column.change")] : []), priced("mec", "column.mec"), priced("mcc", "column.mcc"),
      ...(sides.after.mlc ? [priced("mlc", "column.mlc")] : [])];
  };
  let sheet = null;
  CF.details.bus = (own, row) => { setTimeout(() => choose(index.get(own.value("bus", row)))); return CF.make("p", { class: "soft" }, CF.label("map.chosen")); };
  const drawBuses = () => {
    if (!sheet) {
      sheet = new CF.Sheet("buses", { columns: busColumns(), rows: B, data: busData(), sort: paired ? "change" : "lmp_after", detail: "bus" }, tableHome);
      CF.sheets.buses = sheet;
      return;
    }
    const data = busData();
    sheet.given.data = data;
    sheet.columns.forEach((column) => {
      const cells = data[column.name];
      column.get = cells.d ? (row) => cells.d[cells.i[row]] : (row) => cells.v[row];
    });
    for (const column of sheet.columns) if (column.dim) sheet.dims[column.dim] = column.get;
    sheet.draw();
  };

  const drawLegend = () => {
    const change = state.side === "change";
    const stops = [0, 0.25, 0.5, 0.75, 1];
    const colors = change ? CHANGE : VIRIDIS;
    const gradient = stops.map((s) => `rgb(${between(colors, s)}) ${s * 100}%`).join(",");
    const low = change ? -map.scale.change : map.scale.low, high = change ? map.scale.change : map.scale.high;
    legend.replaceChildren(CF.make("span", { text: CF.number(low, 2, change) }), CF.make("i", { class: "ramp", style: `background:linear-gradient(90deg,${gradient})` }),
      CF.make("span", { text: CF.number(high, 2, change) + " " + CF.data.per_mwh }),
      CF.make("span", { class: "key" }, CF.make("i", { class: "key-binding" }), " ", CF.label("map.key_binding")),
      CF.make("span", { class: "soft" }, CF.label(map.located ? "map.coordinates" : "map.layout")),
      CF.make("span", { class: "soft" }, CF.label("map.by_" + CF.mapRenderer)));
  };

  let draw = null;
  let later = 0;
  const redraw = (dragging = false) => {
    slider.value = state.t;
    hour.textContent = CF.data.labels[state.t] || "";
    for (const button of toggle.children) button.setAttribute("aria-pressed", String(button.dataset.side === state.side));
    if (draw) draw();
    clearTimeout(later);
    const rest = () => { drawLegend(); drawLimits(); drawPrice(); drawBuses(); };
    if (dragging && B > 300) later = setTimeout(rest, 200); else rest();
  };
  CF.redrawMap = redraw;
  CF.mapState = state;

  const follow = (changes) => {
    const t = CF.interval();
    if (t >= 0) state.t = t;
    if (CF.chosen.bus && index.has(CF.chosen.bus)) state.bus = index.get(CF.chosen.bus);
    if (CF.chosen.constraint) {
      const row = binding().find((each) => each.constraint === CF.chosen.constraint);
      if (row) state.limit = limitKey(row);
    }
    if (changes && changes.side && (paired || changes.side === "after")) state.side = changes.side;
  };

  CF.ready.push(() => {
    // Open at the hour in which most happens: where a price changed most, else where they differ most.
    let best = -1;
    for (let t = 0; t < T; t += 1) {
      let low = Infinity, high = -Infinity, change = 0, most = -1, dearest = -1;
      for (let b = 0; b < B; b += 1) {
        const value = sides.after.lmp[t * B + b];
        if (Number.isNaN(value)) continue;
        low = Math.min(low, value); high = Math.max(high, value);
        const moved = paired ? Math.abs(value - sides.before.lmp[t * B + b]) || 0 : 0;
        if (moved > change + 1e-9) { change = moved; most = b; }
        if (value === high) dearest = b;
      }
      const changed = paired && map.scale.change > 0.005;
      const score = changed ? change : high - low;
      if (score > best + 1e-9) { best = score; state.t = t; state.bus = changed ? most : dearest; }
    }
    follow(CF.chosen);
    CF.drawMapBy(!map.deck ? "svg" : hasCard() ? "deck" : "canvas");
    CF.onChoice((changes, source) => {
      if (source === "map" || source === "row") return;
      follow(changes);
      redraw();
    });
  });
})();
