// Sheets: tables that are sorted, filtered, grouped, folded, opened in place and copied.
"use strict";
(() => {
  const PAGE = 40;
  const SIGNS = { fail: "✕", pass: "✓", mitigated: "■", kept: "○", exempt: "–", "not measurable": "?" };
  CF.sheets = {};
  CF.details = {};

  const getter = (cells) => {
    if ("c" in cells) return () => cells.c;
    if (cells.d) return (row) => cells.d[cells.i[row]];
    if (cells.t) return (row) => cells.t[row];
    return (row) => cells.v[row];
  };
  const asNumber = (value) => (value === "inf" ? Infinity : value === "-inf" ? -Infinity : value);
  const isText = (kind) => kind === "text" || kind === "state";

  // "> 10", "<= 5", "3..8", or a part of the text.
  const condition = (column, asked) => {
    const text = asked.trim().toLowerCase();
    if (!text) return null;
    if (!isText(column.kind) && column.kind !== "time") {
      const range = text.match(/^(-?[\d.]+)\s*\.\.\s*(-?[\d.]+)$/);
      if (range) return (value) => value >= +range[1] && value <= +range[2];
      const sign = text.match(/^(>=|<=|>|<|=)\s*(-?[\d.]+)$/);
      if (sign) {
        const limit = +sign[2];
        return { ">": (v) => v > limit, "<": (v) => v !== null && v < limit, ">=": (v) => v >= limit,
          "<=": (v) => v !== null && v <= limit, "=": (v) => v === limit }[sign[1]];
      }
    }
    return (value) => CF.written(column.kind, value).toLowerCase().includes(text)
      || String(value).toLowerCase().includes(text);
  };

  class Sheet {
    constructor(id, given, home) {
      this.id = id;
      this.given = given;
      this.home = home;
      this.columns = given.columns.map((column) => ({ ...column, get: getter(given.data[column.name]) }));
      this.by = Object.fromEntries(this.columns.map((column) => [column.name, column]));
      this.visible = this.columns.filter((column) => !column.hidden);
      this.dims = {};
      for (const column of this.columns) if (column.dim) this.dims[column.dim] = column.get;
      this.sort = given.sort ? { name: given.sort, down: true, size: true } : null;
      this.group = "";
      this.fold = Boolean(given.fold);
      this.view = given.views ? given.views[0] : "";
      this.asked = {};
      this.shown = PAGE;
      this.opened = new Set();
      this.unfolded = new Set();
      this.closed = new Set();
      this.texts = [];
      this.at = -1;
      this.opens = Boolean(given.detail) || this.columns.some((column) => column.hidden);
      if (this.visible.length <= 5 && !given.detail) home.classList.add("narrow");
      this.frame();
      this.draw();
    }

    value(name, row) { return asNumber(this.by[name].get(row)); }

    text(row) {
      if (this.texts[row] === undefined) {
        this.texts[row] = this.columns.filter((column) => isText(column.kind))
          .map((column) => column.get(row) + " " + CF.state(column.get(row))).join(" ").toLowerCase();
      }
      return this.texts[row];
    }

    frame() {
      const tools = CF.make("div", { class: "tools" }, this.home.querySelector("h3"));
      if (this.given.views) {
        this.views = CF.make("div", { class: "views", role: "group" });
        for (const view of this.given.views) {
          this.views.append(CF.make("button", { type: "button", "data-view": view,
            onclick: () => this.setView(view) },
          CF.label("view." + view), CF.make("span", { class: "n" })));
        }
        tools.append(this.views);
      }
      if (this.given.group) {
        const select = CF.make("select", { onchange: () => { this.group = select.value; this.draw(); } },
          CF.make("option", { value: "" , "data-w": "table.no_group", text: CF.word("table.no_group") }),
          ...this.given.group.map((name) => CF.make("option", { value: name,
            "data-w": this.by[name].label, text: CF.word(this.by[name].label) })));
        this.grouping = select;
        tools.append(CF.make("label", {}, CF.label("table.group"), " ", select));
      }
      if (this.given.fold) {
        const box = CF.make("input", { type: "checkbox", checked: true,
          onchange: () => { this.fold = box.checked; this.draw(); } });
        tools.append(CF.make("label", { class: "check" }, box, " ", CF.label("table.fold")));
      }
      this.count = CF.make("span", { class: "count" });
      tools.append(this.count, CF.make("button", { type: "button", class: "copy", onclick: () => this.copy() },
        CF.label("table.copy")));
      this.head = CF.make("thead");
      this.table = CF.make("table", { "aria-labelledby": "sheet-" + this.id }, this.head);
      this.more = CF.make("button", { type: "button", class: "more", hidden: true,
        onclick: () => { this.shown += 200; this.draw(); } });
      this.home.append(tools, CF.make("div", { class: "scroll", tabindex: "0", role: "region",
        "aria-labelledby": "sheet-" + this.id }, this.table), this.more);
      this.table.addEventListener("click", (event) => this.clicked(event));
      this.headers();
    }

    headers() {
      const names = CF.make("tr");
      const filters = CF.make("tr", { class: "filter-row" });
      for (const column of this.visible) {
        const button = CF.make("button", { type: "button", onclick: () => this.sortBy(column.name) },
          CF.label(column.label), column.unit ? CF.make("small", { text: column.unit }) : null,
          CF.make("i", { class: "arrow", "aria-hidden": "true" }));
        names.append(CF.make("th", { scope: "col", class: isText(column.kind) || column.kind === "time" ? "" : "num",
          "data-column": column.name }, button));
        const input = CF.make("input", { type: "text", size: "4", "aria-label": CF.word("table.filter") + " " + CF.word(column.label),
          oninput: () => { this.asked[column.name] = condition(column, input.value); this.shown = PAGE; this.draw(); } });
        filters.append(CF.make("td", {}, input));
      }
      this.head.replaceChildren(names);
      if (this.given.rows > 12) this.head.append(filters);
    }

    // As it was when the page was opened.
    reset() {
      for (const set of [this.opened, this.unfolded, this.closed]) set.clear();
      this.view = this.given.views ? this.given.views[0] : "";
      this.asked = {};
      this.group = "";
      this.at = -1;
      for (const input of this.head.querySelectorAll("input")) input.value = "";
      if (this.grouping) this.grouping.value = "";
    }

    setView(view) { this.view = view; this.shown = PAGE; this.draw(); }

    sortBy(name) {
      const same = this.sort && this.sort.name === name;
      const first = !isText(this.by[name].kind) && this.by[name].kind !== "time";
      this.sort = { name, down: same ? !this.sort.down : first, size: false };
      this.draw();
    }

    inView(row) {
      if (!this.view || this.view === "all") return true;
      const view = this.by.view.get(row);
      return this.view === "notable" ? view !== "passed" : view === this.view
        || (this.view === "conduct" && this.by.conduct_result.get(row) === "fail")
        || (this.view === "impact" && this.by.impact_result.get(row) === "fail");
    }

    rows(anyView = false) {
      const out = [];
      const asked = Object.entries(this.asked).filter(([, test]) => test);
      for (let row = 0; row < this.given.rows; row += 1) {
        if ((anyView || this.inView(row)) && CF.passes(this, row)
          && asked.every(([name, test]) => test(this.value(name, row)))) out.push(row);
      }
      return out;
    }

    // What a line shows: of a fold the worst row, but the money of all of them.
    shownValue(line, name) {
      if (!line.rows || line.rows.length < 2 || this.by[name].kind !== "money") return this.value(name, line.row);
      return line.rows.reduce((sum, row) => sum + (this.value(name, row) || 0), 0);
    }

    order(rows, folds = false) {
      if (!this.sort) return rows;
      const { name, down, size } = this.sort;
      const kind = this.by[name].kind;
      const key = (item) => {
        const value = folds ? this.shownValue(item, name) : this.value(name, item);
        if (isText(kind)) return CF.written(kind, value);
        return size && value !== null ? Math.abs(value) : value;
      };
      const empty = (value) => value === null || value === "" || value === undefined;
      return rows.map((item, i) => [key(item), i, item]).sort(([a, i], [b, j]) => {
        if (empty(a) || empty(b)) return empty(a) - empty(b) || i - j;
        const less = typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b;
        return (down ? -less : less) || i - j;
      }).map(([, , item]) => item);
    }

    // Long runs of rows that are equal but for their numbers become one, the worst of them.
    folded(rows) {
      if (!this.fold || !this.given.fold || !this.dims.t) return rows.map((row) => ({ rows: [row], row }));
      const runs = new Map();
      for (const row of rows) {
        const key = this.given.fold.map((name) => this.value(name, row)).join("\u0001");
        if (!runs.has(key)) runs.set(key, []);
        runs.get(key).push(row);
      }
      const out = [];
      const money = (row) => Math.abs(this.by.money_effect ? this.value("money_effect", row) || 0 : 0);
      const worst = (row) => this.value(this.given.worst, row) ?? -Infinity;
      const worse = (a, b) => worst(b) > worst(a) || (worst(b) === worst(a) && money(b) > money(a));
      for (const [key, own] of runs) {
        own.sort((a, b) => this.dims.t(a) - this.dims.t(b));
        let part = [];
        const close = () => {
          if (!part.length) return;
          const row = part.reduce((a, b) => (worse(a, b) ? b : a));
          out.push({ rows: part, row, key: key + "@" + this.dims.t(part[0]) });
          part = [];
        };
        for (const row of own) {
          if (part.length && this.dims.t(row) > this.dims.t(part[part.length - 1]) + 1) close();
          part.push(row);
        }
        close();
      }
      return out;
    }

    items() {
      const folds = this.order(this.folded(this.rows()), true);
      const lines = [];
      const add = (fold) => {
        lines.push({ kind: fold.rows.length > 1 ? "fold" : "row", ...fold });
        if (fold.rows.length > 1 && this.unfolded.has(fold.key)) {
          for (const row of fold.rows) lines.push({ kind: "row", rows: [row], row, inside: true });
        }
      };
      if (!this.group) { folds.forEach(add); return lines; }
      const groups = new Map();
      for (const fold of folds) {
        const name = CF.written(this.by[this.group].kind, this.value(this.group, fold.row)) || "–";
        if (!groups.has(name)) groups.set(name, []);
        groups.get(name).push(fold);
      }
      for (const [name, own] of groups) {
        lines.push({ kind: "group", name, own });
        if (!this.closed.has(name)) own.forEach(add);
      }
      return lines;
    }

    draw() {
      this.lines = this.items();
      const body = CF.make("tbody");
      for (const line of this.lines.slice(0, this.shown)) {
        if (line.kind === "group") { body.append(this.groupRow(line)); continue; }
        const row = this.rowElement(line);
        body.append(row);
        if (line.kind === "row" && this.opened.has(line.row)) body.append(this.detailRow(line.row));
      }
      if (!this.lines.length) {
        body.append(CF.make("tr", {}, CF.make("td", { colspan: this.visible.length, class: "nothing" },
          CF.label(this.given.rows ? "table.nothing_left" : "table.nothing"))));
      }
      this.table.querySelectorAll("tbody").forEach((old) => old.remove());
      this.table.append(body);
      const left = this.lines.length - this.shown;
      this.more.hidden = left <= 0;
      this.more.textContent = CF.say({ k: "table.more", v: { n: ["count", Math.max(left, 0)] } });
      const rows = this.lines.reduce((n, line) => n + (line.kind === "group" || line.inside ? 0 : line.rows.length), 0);
      this.count.textContent = CF.say({ k: "table.count", v: { n: ["count", rows], all: ["count", this.given.rows] } });
      for (const th of this.head.querySelectorAll("th")) {
        const own = this.sort && this.sort.name === th.dataset.column;
        th.setAttribute("aria-sort", own ? (this.sort.down ? "descending" : "ascending") : "none");
        th.querySelector(".arrow").textContent = own ? (this.sort.down ? " ↓" : " ↑") : "";
      }
      if (this.views) {
        for (const button of this.views.children) {
          button.setAttribute("aria-pressed", String(button.dataset.view === this.view));
        }
        this.viewCounts();
      }
    }

    viewCounts() {
      const held = this.view;
      const all = this.rows(true);
      for (const button of this.views.children) {
        this.view = button.dataset.view;
        button.querySelector(".n").textContent = " " + CF.number(all.filter((row) => this.inView(row)).length, 0);
      }
      this.view = held;
    }

    rowElement(line) {
      const tr = CF.make("tr", { "data-row": line.row, class: [line.kind, line.inside ? "inside" : "",
        line.row === this.at && line.kind === "row" ? "selected" : ""].join(" ").trim() });
      if (line.kind === "fold") tr.dataset.fold = line.key;
      this.visible.forEach((column, i) => {
        const value = line.kind === "fold" && column.kind === "money" ? this.shownValue(line, column.name) : column.get(line.row);
        const text = isText(column.kind) || column.kind === "time";
        const td = CF.make("td", { class: text ? "" : "num" });
        if (column.kind === "state" && value) {
          const sign = SIGNS[value];
          td.append(CF.make("span", { class: "state " + (sign ? "s-" + value.replace(/\W/g, "-") : "") },
            sign ? CF.make("b", { class: "sign", "aria-hidden": "true", text: sign }) : null,
            (sign ? " " : "") + CF.state(value)));
        } else if (column.kind === "time" && line.kind === "fold") {
          td.append(this.span(line));
        } else td.textContent = (line.kind === "fold" && column.kind === "money" && value ? "Σ " : "") + CF.written(column.kind, value);
        if (i === 0 && (this.opens || line.kind === "fold")) {
          const opens = line.kind === "fold" ? this.unfolded.has(line.key) : this.opened.has(line.row);
          td.prepend(CF.make("button", { type: "button", class: "open", "aria-expanded": String(opens),
            "aria-label": CF.word(line.kind === "fold" ? "table.unfold" : "table.open"),
            text: opens ? "▾" : line.kind === "fold" ? "▸▸" : "▸" }));
        }
        tr.append(td);
      });
      if (!this.opens) tr.classList.add("fixed");
      return tr;
    }

    span(line) {
      const first = this.dims.t(line.rows[0]);
      const last = this.dims.t(line.rows[line.rows.length - 1]);
      return CF.say({ k: "table.span", v: { from: CF.time(first), to: CF.time(last),
        n: ["count", line.rows.length], worst: CF.time(this.dims.t(line.row)) } });
    }

    groupRow(line) {
      const n = line.own.reduce((sum, fold) => sum + fold.rows.length, 0);
      const money = this.by.money_effect
        ? line.own.reduce((sum, fold) => sum + fold.rows.reduce((s, row) => s + (this.value("money_effect", row) || 0), 0), 0) : null;
      const text = CF.say({ k: "table.group_count", v: { n: ["count", n] } })
        + (money === null ? "" : " · " + CF.word("column.money_effect") + " " + CF.number(money, 0, true) + " " + CF.data.currency);
      const open = !this.closed.has(line.name);
      return CF.make("tr", { class: "group", "data-group": line.name },
        CF.make("th", { colspan: this.visible.length, scope: "rowgroup" },
          CF.make("button", { type: "button", class: "open", "aria-expanded": String(open), text: (open ? "▾ " : "▸ ") + line.name }),
          CF.make("span", { class: "soft", text: " " + text })));
    }

    detailRow(row) {
      const make = CF.details[this.given.detail] || CF.details.plain;
      return CF.make("tr", { class: "detail", "data-of": row },
        CF.make("td", { colspan: this.visible.length }, make(this, row)));
    }

    clicked(event) {
      if (event.target.closest("a, input, .detail")) return;
      const tr = event.target.closest("tbody tr");
      if (!tr) return;
      if (tr.dataset.group !== undefined) {
        if (!this.closed.delete(tr.dataset.group)) this.closed.add(tr.dataset.group);
        this.draw();
      } else if (tr.dataset.fold !== undefined) {
        if (!this.unfolded.delete(tr.dataset.fold)) this.unfolded.add(tr.dataset.fold);
        this.draw();
      } else if (this.opens && tr.dataset.row !== undefined) this.toggle(+tr.dataset.row);
    }

    toggle(row, open = !this.opened.has(row)) {
      if (open) this.opened.add(row); else this.opened.delete(row);
      this.at = row;
      this.draw();
      if (this.onSelect) this.onSelect(row, open);
    }

    // Show a row whatever hides it: its view, its fold, its page.
    reveal(row) {
      const hidden = () => this.lines.findIndex((line) => line.kind === "row" && line.row === row);
      if (!this.inView(row)) this.view = "all";
      for (const name of Object.keys(this.asked)) this.asked[name] = null;
      this.draw();
      if (hidden() < 0) {
        const fold = this.lines.find((line) => line.kind === "fold" && line.rows.includes(row));
        if (fold) this.unfolded.add(fold.key);
        this.closed.clear();
        this.draw();
      }
      const at = hidden();
      if (at >= this.shown) { this.shown = at + PAGE; }
      this.opened.add(row);
      this.at = row;
      this.draw();
      const element = this.table.querySelector(`tr.row[data-row="${row}"]`);
      if (element) element.scrollIntoView({ block: "center" });
    }

    // Next or previous line; a fold on the way is opened.
    step(by) {
      const lines = this.lines.filter((line) => line.kind === "row");
      const now = lines.findIndex((line) => line.row === this.at);
      const next = now < 0 ? (by > 0 ? 0 : lines.length - 1) : now + by;
      if (lines[next]) {
        this.at = lines[next].row;
        if (this.lines.indexOf(lines[next]) >= this.shown) this.shown += PAGE;
        this.draw();
        const element = this.table.querySelector("tr.selected");
        if (element) element.scrollIntoView({ block: "nearest" });
        if (this.onSelect) this.onSelect(this.at, this.opened.has(this.at));
      } else if (!lines.length) {
        const fold = this.lines.find((line) => line.kind === "fold");
        if (fold) { this.unfolded.add(fold.key); this.draw(); this.step(by); }
      }
    }

    csv() {
      const quote = (value) => {
        let text = value === null || value === undefined ? "" : String(value);
        if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = "'" + text;
        return /[",\n\r]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
      };
      const cell = (column, row) => (column.kind === "time"
        ? CF.data.times[column.get(row)] ?? "" : column.get(row));
      const lines = [this.columns.map((column) => quote(column.name)).join(",")];
      for (const row of this.order(this.rows())) {
        lines.push(this.columns.map((column) => quote(cell(column, row))).join(","));
      }
      return lines.join("\r\n") + "\r\n";
    }

    async copy() {
      const text = this.csv();
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        const area = CF.make("textarea", { class: "off" });
        area.value = text;
        document.body.append(area);
        area.select();
        document.execCommand("copy");
        area.remove();
      }
      CF.announce(CF.say({ k: "table.copied", v: { n: ["count", text.split("\r\n").length - 2] } }));
    }
  }
  CF.Sheet = Sheet;

  CF.details.plain = (sheet, row) => {
    const list = CF.make("dl", { class: "facts" });
    for (const column of sheet.columns) {
      const value = column.get(row);
      if (value === null || value === "" || value === -1) continue;
      list.append(CF.make("div", {}, CF.label(column.label, "dt"),
        CF.make("dd", { text: CF.exact(column, value) })));
    }
    return list;
  };

  // A number with all its decimals and its unit.
  CF.exact = (column, value) => {
    const unit = column.unit ? " " + column.unit : "";
    if (typeof value !== "number" || column.kind === "time") return CF.written(column.kind, value);
    return value.toLocaleString("en-US", { maximumFractionDigits: 8 }).replace("-", "−") + unit;
  };

  CF.ready.push(() => {
    for (const home of document.querySelectorAll("[data-sheet]")) {
      const id = home.dataset.sheet;
      CF.sheets[id] = new Sheet(id, CF.data.sheets[id], home);
    }
    CF.onChoice((changes, source) => {
      if (source === "row") return;
      for (const sheet of Object.values(CF.sheets)) {
        if (source === "clear") sheet.reset();
        sheet.shown = PAGE;
        sheet.draw();
      }
    });
  });
})();
