// Words and numbers: every text of the page comes from the dictionary, every number from here.
"use strict";
const CF = {};
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  CF.words = read("words");
  CF.data = read("data");
  CF.language = document.documentElement.lang;
  CF.ready = [];

  const DIGITS = { price: 2, money: 0, mw: 1, factor: 2, number: 1, percent: 1, count: 0 };

  CF.word = (key) => {
    const entry = CF.words[key];
    return entry ? entry[CF.language] || entry.en : key;
  };
  CF.has = (key) => key in CF.words;

  CF.number = (value, digits, signed) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "–";
    if (value === Infinity || value === "inf") return "∞";
    if (value === -Infinity || value === "-inf") return "−∞";
    const text = Math.abs(value).toLocaleString("en-US", {
      minimumFractionDigits: digits, maximumFractionDigits: digits,
    });
    const zero = /^[0.,]*$/.test(text);
    const sign = value < 0 && !zero ? "−" : signed && !zero ? "+" : "";
    return sign + text;
  };

  CF.time = (position) => (position < 0 ? "" : CF.data.labels[position]);
  CF.moment = (iso) => {
    const position = CF.data.times.indexOf(iso);
    return position < 0 ? iso : CF.time(position);
  };

  CF.state = (value) => {
    if (!value) return "";
    if (CF.has("state." + value)) return CF.word("state." + value);
    const colon = value.indexOf(":");
    if (colon > 0 && CF.has("state." + value.slice(0, colon))) {
      return CF.word("state." + value.slice(0, colon)) + " " + value.slice(colon + 1);
    }
    return value;
  };

  // A cell as a reader sees it; the same kinds as `blocks.Column`.
  CF.written = (kind, value) => {
    if (kind === "time") return CF.time(value);
    if (kind === "state") return CF.state(value);
    if (kind === "text") return value === null || value === undefined ? "" : String(value);
    if (kind === "percent") return value === null ? "–" : CF.number(value * 100, 1) + " %";
    if (kind === "number" && Number.isInteger(value)) return CF.number(value, 0);
    return CF.number(value, DIGITS[kind] ?? 2);
  };

  const filled = (text) => CF.word(text.k).replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (_, name, one, many) => {
    const value = (text.v || {})[name];
    if (one !== undefined) return value[1] === 1 ? one : many;
    if (value && value.k) return filled(value);
    if (!Array.isArray(value)) return String(value);
    const [kind, number] = value;
    if (kind === "time") return CF.moment(number);
    const signed = kind.startsWith("signed_");
    const plain = kind.replace("signed_", "");
    const digits = plain === "number" && Number.isInteger(number) ? 0 : DIGITS[plain];
    return CF.number(number, digits, signed) + (plain === "percent" ? "%" : "");
  });
  CF.say = filled;

  CF.translate = (root = document) => {
    for (const node of root.querySelectorAll("[data-w]")) node.textContent = CF.word(node.dataset.w);
    for (const node of root.querySelectorAll("[data-t]")) {
      node.textContent = filled(JSON.parse(node.dataset.t));
    }
  };

  // Elements are made, never written as markup: names from data are text.
  CF.make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (name === "class") node.className = value;
      else if (name === "text") node.textContent = value;
      else node.setAttribute(name, value === true ? "" : value);
    }
    for (const child of children.flat()) {
      if (child !== null && child !== undefined) node.append(child);
    }
    return node;
  };
  CF.label = (key, tag = "span") => CF.make(tag, { "data-w": key, text: CF.word(key) });

  // Scripts of others are text until something needs them: the first view does not wait for them.
  const loaded = new Set();
  CF.load = (name) => {
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const holder of document.querySelectorAll(`[data-vendor="${name}"]`)) {
      document.head.append(CF.make("script", { text: holder.textContent }));
    }
  };

  CF.announce = (text) => { document.getElementById("live").textContent = text; };

  CF.floats = (base64) => {
    const raw = atob(base64);
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
    return new Float32Array(bytes.buffer);
  };
})();
