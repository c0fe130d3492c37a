// Three ways to draw the map: SVG, a canvas, deck.gl. Each draws once and gives a function that
// draws again what is chosen now.
"use strict";
CF.mapRenderers = ({ map, state, stage, sides, side, xy, shown, color, marked, pocket, limitKey, choose }) => {
  const B = map.buses.length, L = map.branches.length;
  const SVG = "http://www.w3.org/2000/svg";

  // ---- SVG ------------------------------------------------------------------------------------
  const svgRenderer = () => {
    const high = Math.max(...xy.filter((_, i) => i % 2 === 1), 1);
    const svg = document.createElementNS(SVG, "svg");
    const put = (tag, attributes) => {
      const node = document.createElementNS(SVG, tag);
      for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
      return node;
    };
    const px = (b) => 60 + xy[2 * b];
    const py = (b) => 50 + high - xy[2 * b + 1];
    svg.setAttribute("viewBox", `0 0 1120 ${high + 80}`);
    svg.setAttribute("role", "img");
    const size = B > 400 ? 4 : B > 60 ? 8 : 15;
    const lines = [], dots = [], labels = [];
    const under = put("g", { class: "branches" }), over = put("g", { class: "buses" }), text = put("g", { class: "names" });
    for (let l = 0; l < L; l += 1) {
      const [a, b] = [map.ends[2 * l], map.ends[2 * l + 1]];
      const line = put("line", { x1: px(a), y1: py(a), x2: px(b), y2: py(b) });
      const title = put("title", {});
      line.append(title);
      under.append(line);
      lines.push([line, title]);
    }
    for (let b = 0; b < B; b += 1) {
      const dot = put("circle", { cx: px(b), cy: py(b), r: size, tabindex: B <= 120 ? 0 : -1 });
      const title = put("title", {});
      dot.append(title);
      dot.addEventListener("click", () => choose(b));
      dot.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(b); });
      over.append(dot);
      dots.push([dot, title]);
      if (B <= 30) {
        const name = put("text", { x: px(b), y: py(b) - size - 6, "text-anchor": "middle" });
        text.append(name);
        labels.push(name);
      }
    }
    svg.append(under, over, text);
    stage.append(svg);
    return () => {
      const hot = marked(), inside = pocket();
      svg.setAttribute("aria-label", `${CF.word("map.alt")} ${CF.data.labels[state.t]}`);
      lines.forEach(([line, title], l) => {
        const row = hot.get(l);
        const flow = sides[side()].flow[state.t * L + l];
        line.setAttribute("class", (row ? "binding" : l >= L - map.links ? "link" : "") + (row && state.limit === limitKey(row) ? " chosen" : ""));
        title.textContent = `${map.branches[l]}: ${CF.number(Number.isNaN(flow) ? null : flow, 1)} MW`
          + (row ? ` / ${CF.number(row.limit, 1)} MW, ${CF.number(row.price, 2)} ${CF.data.per_mwh}` : "");
      });
      dots.forEach(([dot, title], b) => {
        const value = shown(b);
        dot.setAttribute("fill", `rgb(${color(value)})`);
        dot.setAttribute("class", (inside.has(b) ? "pocket " : "") + (b === state.bus ? "chosen" : ""));
        title.textContent = `${map.buses[b]}: ${CF.number(value, 2, state.side === "change")} ${CF.data.per_mwh}`;
      });
      labels.forEach((name, b) => { name.textContent = `${map.buses[b]} ${CF.number(shown(b), 2, state.side === "change")}`; });
    };
  };

  // ---- deck.gl --------------------------------------------------------------------------------
  const deckRenderer = () => {
    const { Deck, OrthographicView } = window.deck;
    const { ScatterplotLayer, LineLayer } = window.deck;
    const positions = new Float32Array(2 * B), from = new Float32Array(2 * L), to = new Float32Array(2 * L);
    for (let b = 0; b < B; b += 1) { positions[2 * b] = xy[2 * b]; positions[2 * b + 1] = -xy[2 * b + 1]; }
    for (let l = 0; l < L; l += 1) {
      for (const [k, ends] of [[0, from], [1, to]]) {
        ends[2 * l] = positions[2 * map.ends[2 * l + k]];
        ends[2 * l + 1] = positions[2 * map.ends[2 * l + k] + 1];
      }
    }
    const high = Math.max(...Array.from({ length: B }, (_, b) => xy[2 * b + 1]));
    stage.classList.add("deck");
    const box = stage.getBoundingClientRect();
    const deck = new Deck({ parent: stage, views: new OrthographicView({ flipY: true }), controller: true,
      initialViewState: { target: [500, -high / 2, 0], zoom: Math.log2(Math.min(box.width / 1050, box.height / (high + 50))) },
      getTooltip: ({ index: b, layer }) => (layer && layer.id === "buses" && b >= 0
        ? { text: `${map.buses[b]}: ${CF.number(shown(b), 2, state.side === "change")} ${CF.data.per_mwh}` } : null),
      onClick: ({ index: b, layer }) => { if (layer && layer.id === "buses" && b >= 0) choose(b); } });
    CF.deck = deck;
    const colors = new Uint8Array(4 * B);
    const lines = new LineLayer({ id: "branches", data: { length: L, attributes: {
      getSourcePosition: { value: from, size: 2 }, getTargetPosition: { value: to, size: 2 } } },
    getColor: [140, 150, 160, 110], getWidth: 1, widthUnits: "pixels" });
    return () => {
      const inside = pocket();
      for (let b = 0; b < B; b += 1) {
        const rgb = color(shown(b));
        colors[4 * b] = rgb[0]; colors[4 * b + 1] = rgb[1]; colors[4 * b + 2] = rgb[2];
        colors[4 * b + 3] = state.limit && inside.size && !inside.has(b) ? 60 : 235;
      }
      const hot = [...marked().keys()];
      deck.setProps({ layers: [lines,
        new LineLayer({ id: "binding", data: hot, getSourcePosition: (l) => [from[2 * l], from[2 * l + 1]],
          getTargetPosition: (l) => [to[2 * l], to[2 * l + 1]], getColor: [213, 94, 0], getWidth: 5, widthUnits: "pixels" }),
        new ScatterplotLayer({ id: "buses", pickable: true, data: { length: B, attributes: {
          getPosition: { value: positions, size: 2 }, getFillColor: { value: colors.slice(), size: 4, normalized: true } } },
        getRadius: 3, radiusUnits: "pixels", radiusMinPixels: 1.5,
        parameters: { depthCompare: "always" } })] });
    };
  };

  // ---- canvas ---------------------------------------------------------------------------------
  // Points and lines without a graphics card: the lines are kept as a picture of the view.
  const canvasRenderer = () => {
    stage.classList.add("deck");
    const canvas = CF.make("canvas", { role: "img" });
    const tip = CF.make("div", { class: "tip", hidden: true });
    stage.append(canvas, tip);
    const box = stage.getBoundingClientRect();
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const width = Math.max(box.width, 100), height = 520;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.style.cssText = `width:${width}px;height:${height}px`;
    const context = canvas.getContext("2d");
    const under = document.createElement("canvas");
    under.width = canvas.width;
    under.height = canvas.height;
    const lines = under.getContext("2d");
    let high = 1;
    for (let b = 0; b < B; b += 1) high = Math.max(high, xy[2 * b + 1]);
    const fit = Math.min((width - 20) / 1000, (height - 20) / high);
    const view = { scale: fit, x: (width - 1000 * fit) / 2, y: (height - high * fit) / 2 };
    const px = (b) => view.x + xy[2 * b] * view.scale;
    const py = (b) => view.y + (high - xy[2 * b + 1]) * view.scale;
    const drawLines = () => {
      lines.setTransform(ratio, 0, 0, ratio, 0, 0);
      lines.clearRect(0, 0, width, height);
      lines.strokeStyle = "rgba(140,150,160,.45)";
      lines.lineWidth = 1;
      lines.beginPath();
      for (let l = 0; l < L; l += 1) {
        const a = map.ends[2 * l], c = map.ends[2 * l + 1];
        lines.moveTo(px(a), py(a));
        lines.lineTo(px(c), py(c));
      }
      lines.stroke();
    };
    const buckets = Array.from({ length: 64 }, () => []);
    const span = () => (state.side === "change" ? [-(map.scale.change || 1), 2 * (map.scale.change || 1)]
      : [map.scale.low, map.scale.high - map.scale.low]);
    const drawPoints = () => {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      context.drawImage(under, 0, 0);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      const inside = pocket();
      const [low, range] = span();
      const size = Math.max(1.6, Math.min(7, view.scale * 4));
      for (const bucket of buckets) bucket.length = 0;
      for (let b = 0; b < B; b += 1) {
        const value = shown(b);
        if (value === null) continue;
        buckets[Math.max(0, Math.min(63, Math.floor(64 * (value - low) / range)))].push(b);
      }
      buckets.forEach((bucket, i) => {
        context.fillStyle = `rgb(${color(low + range * (i + 0.5) / 64)})`;
        for (const b of bucket) {
          if (state.limit && inside.size) context.globalAlpha = inside.has(b) ? 1 : 0.3;
          context.fillRect(px(b) - size, py(b) - size, 2 * size, 2 * size);
        }
      });
      context.globalAlpha = 1;
      context.strokeStyle = "#d55e00";
      context.lineWidth = 5;
      for (const l of marked().keys()) {
        context.beginPath();
        context.moveTo(px(map.ends[2 * l]), py(map.ends[2 * l]));
        context.lineTo(px(map.ends[2 * l + 1]), py(map.ends[2 * l + 1]));
        context.stroke();
      }
      if (state.bus >= 0) {
        context.lineWidth = 3;
        context.beginPath();
        context.arc(px(state.bus), py(state.bus), size + 4, 0, 7);
        context.stroke();
      }
    };
    let asked = false;
    const all = () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => { asked = false; drawLines(); drawPoints(); });
    };
    const nearest = (x, y) => {
      let best = -1, least = 144;
      for (let b = 0; b < B; b += 1) {
        const d = (px(b) - x) ** 2 + (py(b) - y) ** 2;
        if (d < least) { least = d; best = b; }
      }
      return best;
    };
    let held = null;
    canvas.addEventListener("pointerdown", (event) => {
      held = { x: event.offsetX, y: event.offsetY, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!held) {
        const b = nearest(event.offsetX, event.offsetY);
        tip.hidden = b < 0;
        if (b >= 0) {
          tip.textContent = `${map.buses[b]}: ${CF.number(shown(b), 2, state.side === "change")} ${CF.data.per_mwh}`;
          tip.style.left = `${event.offsetX + 12}px`;
          tip.style.top = `${event.offsetY + 8}px`;
        }
        return;
      }
      view.x += event.offsetX - held.x;
      view.y += event.offsetY - held.y;
      held = { x: event.offsetX, y: event.offsetY, moved: true };
      all();
    });
    canvas.addEventListener("pointerup", (event) => {
      if (held && !held.moved) {
        const b = nearest(event.offsetX, event.offsetY);
        if (b >= 0) choose(b);
      }
      held = null;
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const factor = Math.exp(-event.deltaY / 500);
      view.x = event.offsetX - (event.offsetX - view.x) * factor;
      view.y = event.offsetY - (event.offsetY - view.y) * factor;
      view.scale *= factor;
      all();
    }, { passive: false });
    drawLines();
    return () => {
      canvas.setAttribute("aria-label", `${CF.word("map.alt")} ${CF.data.labels[state.t]}`);
      drawPoints();
    };
  };

  return { svg: svgRenderer, canvas: canvasRenderer, deck: () => { CF.load("deck"); return deckRenderer(); } };
};
