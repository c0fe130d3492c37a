// Figures: drawn when they come into view, in the colours of the page, before printing all of them.
"use strict";
(() => {
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const layoutOf = (chart) => {
    const axis = { gridcolor: css("--rule"), zerolinecolor: css("--rule-strong"), linecolor: css("--rule-strong"), automargin: true };
    const layout = { ...chart.layout, height: chart.height, autosize: true,
      margin: { l: 56, r: 12, t: 12, b: 52 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: css("--sans"), size: 12, color: css("--ink") },
      hoverlabel: { bgcolor: css("--ground"), bordercolor: css("--rule-strong"), font: { color: css("--ink") } },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", xanchor: "left", font: { size: 11 } } };
    for (const name of Object.keys(chart.layout)) {
      if (/^[xy]axis\d*$/.test(name)) layout[name] = { ...chart.layout[name], ...axis };
    }
    for (const name of ["xaxis", "yaxis"]) layout[name] = { ...(layout[name] || chart.layout[name]), ...axis };
    for (const [place, key] of Object.entries(chart.labels)) {
      if (place.startsWith("trace:")) continue;
      const unit = key === "axis.lmp" || key === "axis.offer" || key === "axis.reference" ? ` (${CF.data.per_mwh})` : "";
      layout[place] = { ...layout[place], title: { text: CF.word(key) + unit } };
    }
    return layout;
  };
  const tracesOf = (chart) => chart.data.map((trace) => {
    const key = chart.labels["trace:" + trace.name];
    const named = key ? { ...trace, name: CF.word(key) } : { ...trace };
    if (named.line && named.line.color === "#1b2733") named.line = { ...named.line, color: css("--ink") };
    return named;
  });

  const draw = (home) => {
    const chart = CF.data.charts[home.dataset.chart];
    const plot = home.querySelector(".plot");
    CF.load("plotly");
    if (!window.Plotly) { plot.replaceChildren(CF.label("page.failed", "p")); return; }
    if (!home.dataset.drawn) plot.replaceChildren();
    home.dataset.drawn = "yes";
    Plotly.react(plot, tracesOf(chart), layoutOf(chart), { displaylogo: false, responsive: true, displayModeBar: false });
  };

  CF.redrawCharts = () => document.querySelectorAll("[data-chart][data-drawn]").forEach(draw);
  CF.drawAllCharts = () => document.querySelectorAll("[data-chart]").forEach(draw);
  CF.ready.push(() => {
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) { seen.unobserve(entry.target); draw(entry.target); }
      }
    }, { rootMargin: "300px" });
    document.querySelectorAll("[data-chart]").forEach((home) => seen.observe(home));
    window.addEventListener("beforeprint", CF.drawAllCharts);
  });
})();
