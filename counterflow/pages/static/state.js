// What is chosen: one global filter and one selection, both in the address.
"use strict";
(() => {
  const NAMES = ["unit", "t", "c", "owner", "zone", "constraint", "bus", "q", "view", "panel", "side"];
  const listeners = [];
  CF.chosen = {};

  const read = () => {
    const hash = location.hash.slice(1);
    const out = {};
    if (hash && !hash.includes("=")) return { panel: decodeURIComponent(hash) };
    for (const [name, value] of new URLSearchParams(hash)) if (NAMES.includes(name)) out[name] = value;
    return out;
  };
  const write = () => {
    const pairs = NAMES.filter((name) => CF.chosen[name]).map(
      (name) => `${name}=${encodeURIComponent(CF.chosen[name])}`);
    const hash = pairs.length ? "#" + pairs.join("&") : location.pathname + location.search;
    history.replaceState(null, "", hash);
  };

  CF.onChoice = (listener) => listeners.push(listener);
  CF.choose = (changes, source = "") => {
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === "") delete CF.chosen[name];
      else CF.chosen[name] = value;
    }
    write();
    for (const listener of listeners) listener(changes, source);
  };

  // Position of the chosen interval, -1 where none is.
  CF.interval = () => {
    if (!CF.chosen.t) return -1;
    const exact = CF.data.times.indexOf(CF.chosen.t);
    if (exact >= 0) return exact;
    const wanted = Date.parse(CF.chosen.t);
    const same = CF.data.times.findIndex((time) => Date.parse(time) === wanted);
    return same >= 0 ? same : CF.data.labels.indexOf(CF.chosen.t);
  };

  // Whether a row of a sheet passes the global filter; dimensions it does not have do not count.
  CF.passes = (sheet, row) => {
    const { owner, zone, constraint, q } = CF.chosen;
    const at = CF.filterTime;
    const dims = sheet.dims;
    if (at >= 0 && dims.t) {
      const value = dims.t(row);
      if (value !== -1 && value !== at) return false;
    }
    const unit = dims.unit ? dims.unit(row) : null;
    if (owner) {
      const own = dims.owner ? dims.owner(row) : unit ? CF.data.owner_of[unit] : null;
      if ((dims.owner || dims.unit) && own !== owner) return false;
    }
    if (zone && (dims.zone || dims.bus || dims.unit)) {
      const bus = dims.bus ? dims.bus(row) : unit ? CF.data.bus_of[unit] : null;
      const own = dims.zone ? dims.zone(row) : CF.data.zone_of[bus];
      if (own !== zone) return false;
    }
    if (constraint && dims.constraint && dims.constraint(row) !== constraint) return false;
    return !q || sheet.text(row).includes(q.toLowerCase());
  };

  const options = () => {
    const owners = new Set(Object.values(CF.data.owner_of || {}));
    const zones = new Set(Object.values(CF.data.zone_of || {}));
    const limits = new Set();
    for (const sheet of Object.values(CF.data.sheets)) {
      for (const column of sheet.columns) {
        const cells = sheet.data[column.name];
        if (column.dim === "constraint" && cells.d) cells.d.forEach((name) => name && limits.add(name));
        if (column.dim === "owner" && cells.d) cells.d.forEach((name) => name && owners.add(name));
      }
    }
    const sorted = (set) => [...set].filter(Boolean).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    return { owner: sorted(owners), zone: sorted(zones), constraint: sorted(limits) };
  };

  const fill = () => {
    const given = options();
    for (const name of ["owner", "zone", "constraint"]) {
      const select = document.getElementById("f-" + name);
      select.replaceChildren(CF.make("option", { value: "", "data-w": "filter.all", text: CF.word("filter.all") }),
        ...given[name].map((value) => CF.make("option", { value, text: value })));
      select.parentElement.hidden = given[name].length < 2;
      select.addEventListener("change", () => CF.choose({ [name]: select.value }, "filter"));
    }
    const hour = document.getElementById("f-t");
    hour.replaceChildren(CF.make("option", { value: "", "data-w": "filter.all", text: CF.word("filter.all") }),
      ...CF.data.labels.map((label, i) => CF.make("option", { value: CF.data.times[i], text: label })));
    hour.parentElement.hidden = CF.data.labels.length < 2;
    hour.addEventListener("change", () => {
      CF.filterTime = CF.data.times.indexOf(hour.value);
      CF.choose({ t: hour.value, unit: "", c: "" }, "filter");
    });
    const search = document.getElementById("q");
    let wait = 0;
    search.addEventListener("input", () => {
      clearTimeout(wait);
      wait = setTimeout(() => CF.choose({ q: search.value }, "filter"), 120);
    });
    document.getElementById("clear").addEventListener("click", () => {
      CF.filterTime = -1;
      CF.choose(Object.fromEntries(NAMES.map((name) => [name, ""])), "clear");
    });
    document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  };
  const show = () => {
    for (const name of ["owner", "zone", "constraint"]) {
      document.getElementById("f-" + name).value = CF.chosen[name] || "";
    }
    document.getElementById("f-t").value = CF.filterTime >= 0 ? CF.data.times[CF.filterTime] : "";
    document.getElementById("q").value = CF.chosen.q || "";
  };

  CF.filterTime = -1;
  CF.chosen = read();
  CF.ready.push(() => { fill(); show(); CF.onChoice(show); });
  window.addEventListener("hashchange", () => {
    CF.chosen = read();
    for (const listener of listeners) listener({ ...CF.chosen, whole: true }, "address");
  });
})();
