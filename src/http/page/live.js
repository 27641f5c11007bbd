// The live figures. Pictures come as server-sent events of /api/live (read with fetch, since EventSource cannot bring a token); rates and
// latencies are differences of two looks at /metrics. Everything is put in as text, never as markup.
"use strict";

const HISTORY_S = 300;
const METRICS_EVERY_MS = 2000;
const RETRY_MS = 2000;

const byId = (id) => document.getElementById(id);
const token = { value: sessionStorage.getItem("lifetide-token") || "" };

/** A question to the API, with the token if there is one. */
function ask(path, options = {}) {
  const headers = token.value ? { Authorization: `Bearer ${token.value}` } : {};
  return fetch(path, { headers, ...options });
}

function make(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  return element;
}

function draw(tag, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  if (text !== undefined) element.textContent = text;
  return element;
}

const whole = new Intl.NumberFormat();
const words = (name) => name.replaceAll("_", " ");

/** A time of the API, always UTC, as people write it. */
const moment = (text) => `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`;

/** Milliseconds in the unit that fits. */
function duration(ms) {
  if (ms == null) return "–";
  const [size, unit] = [[3_600_000, "h"], [60_000, "min"], [1000, "s"], [1, "ms"]].find(([size]) => ms >= size) || [1, "ms"];
  return `${unit === "ms" ? Math.round(ms) : Number((ms / size).toPrecision(2))} ${unit}`;
}

/** Minor units for people; digits only where the amount is small. */
function money(minor, currency) {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits;
  const major = minor / 10 ** digits;
  const rounded = new Intl.NumberFormat(undefined, { style: "currency", currency, maximumFractionDigits: 0 });
  return (Math.abs(major) >= 1000 ? rounded : format).format(major);
}

function fillRows(tableId, rows) {
  const body = byId(tableId).tBodies[0];
  const names = [...byId(tableId).tHead.rows[0].cells].map((cell) => cell.textContent);
  body.replaceChildren(...rows.map((cells) => {
    const row = make("tr");
    cells.forEach((cell, place) => {
      // on a telephone, rows of wide tables stand as lists, and each cell says what it is
      const holder = make(place === 0 ? "th" : "td", undefined, { "data-name": names[place], ...(place === 0 ? { scope: "row" } : {}) });
      holder.append(cell);
      row.append(holder);
    });
    return row;
  }));
}

/** A `meter` that looks the same in every browser. */
function bar(value, most, label) {
  const highest = Math.max(most, 1);
  const whole = make("div", undefined, { class: "meter", role: "meter", "aria-valuemin": 0, "aria-valuemax": highest, "aria-valuenow": value, "aria-label": label });
  const part = make("div");
  part.style.width = `${(100 * value) / highest}%`;
  whole.append(part);
  return whole;
}

// ---- moves between stages: those left on one side, those entered on the other, and bands between them

const STAGES = ["none", "visitor", "lead", "onboarding", "consideration", "first_time", "repeat", "loyal", "advocate", "at_risk", "lapsed", "reactivated"];
// a shop's own stages come last, by name
const rank = (stage) => (STAGES.includes(stage) ? STAGES.indexOf(stage) : STAGES.length);
const inOrder = (a, b) => rank(a) - rank(b) || a.localeCompare(b);

function stacked(moves, side, height) {
  const sums = new Map();
  moves.forEach((move) => sums.set(move[side], (sums.get(move[side]) || 0) + move[2]));
  const names = [...sums.keys()].sort(inOrder);
  const gap = Math.min(18, height / (names.length * 2 || 1));
  const all = [...sums.values()].reduce((sum, value) => sum + value, 0);
  const scale = (height - gap * names.length) / Math.max(all, 1);
  let top = gap / 2;
  return { scale, nodes: new Map(names.map((name) => {
    const node = { top, size: sums.get(name) * scale, used: 0, count: sums.get(name) };
    top += node.size + gap;
    return [name, node];
  })) };
}

function showFlow(moves) {
  const flow = byId("flow");
  const [width, height] = [flow.clientWidth || 600, flow.clientHeight || 350];
  const [left, right] = [stacked(moves, 0, height), stacked(moves, 1, height)];
  const margin = width < 600 ? 116 : 130;
  const [begin, end] = [margin, width - margin];
  const picture = draw("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  [...moves].sort((a, b) => inOrder(a[0], b[0]) || inOrder(a[1], b[1])).forEach(([from, to, count]) => {
    const [source, target] = [left.nodes.get(from), right.nodes.get(to)];
    const [y, z] = [source.top + source.used, target.top + target.used];
    const [leaving, entering] = [count * left.scale, count * right.scale];
    source.used += leaving;
    target.used += entering;
    const middle = (begin + end) / 2;
    const path = `M${begin},${y} C${middle},${y} ${middle},${z} ${end},${z} v${entering} C${middle},${z + entering} ${middle},${y + leaving} ${begin},${y + leaving} Z`;
    const band = draw("path", { d: path, class: "link" });
    band.append(draw("title", {}, `${words(from)} to ${words(to)}: ${whole.format(count)}`));
    picture.append(band);
  });
  const label = (name, node, x, anchor) => {
    picture.append(draw("rect", { x: anchor === "end" ? begin - 4 : end, y: node.top, width: 4, height: Math.max(node.size, 1), class: "node" }));
    const text = `${name === "none" ? "new" : words(name)} ${whole.format(node.count)}`;
    picture.append(draw("text", { x, y: node.top + node.size / 2 + 4, "text-anchor": anchor }, text));
  };
  left.nodes.forEach((node, name) => label(name, node, begin - 8, "end"));
  right.nodes.forEach((node, name) => label(name, node, end + 8, "start"));
  flow.replaceChildren(picture);
  fillRows("flow-table", [...moves].sort((a, b) => b[2] - a[2]).map(([from, to, count]) => [words(from), words(to), whole.format(count)]));
}

// ---- how values are spread

function showValues(spread, equity) {
  const parts = spread.map(({ currency, bins }) => {
    const most = Math.max(...bins.map(([, count]) => count));
    const expected = equity.find(([code]) => code === currency);
    const caption = `Customers by what they are worth in ${currency}` + (expected ? `; expected of all: ${money(expected[1], currency)}` : "");
    const table = make("table", undefined, { class: "bars" });
    table.append(make("caption", caption), make("tbody"));
    bins.forEach(([from, count]) => {
      const row = make("tr");
      const begin = new Intl.NumberFormat(undefined, { style: "currency", currency, maximumFractionDigits: 0 }).format(from);
      const holder = make("td");
      holder.append(bar(count, most, `${count} customers from ${begin} on`));
      row.append(make("th", `from ${begin}`, { scope: "row" }), make("td", whole.format(count)), holder);
      table.tBodies[0].append(row);
    });
    return table;
  });
  byId("values").replaceChildren(...(parts.length ? parts : [make("p", "Nobody has ordered yet.", { class: "soft" })]));
}

// ---- tables and tiles

function showPlays(plays) {
  const rows = plays.filter((play) => play.mode !== "off" || play.weeks.length).map((play) => {
    const total = (of) => play.weeks.reduce((sum, week) => sum + of(week), 0);
    const revenue = new Map();
    play.weeks.forEach((week) => week.revenue.forEach(({ minor, currency }) => revenue.set(currency, (revenue.get(currency) || 0) + minor)));
    const refused = total((week) => week.suppressed.reduce((sum, { count }) => sum + count, 0));
    const lifts = play.weeks.filter((week) => week.lift);
    const last = lifts[lifts.length - 1];
    const percent = (share) => `${share > 0 ? "+" : ""}${(share * 100).toFixed(1)} %`;
    const lift = last ? `${percent(last.lift.difference)} (${percent(last.lift.low)} to ${percent(last.lift.high)}), week of ${last.week}` : "no control arm";
    const earned = [...revenue].map(([currency, minor]) => money(minor, currency)).join(", ") || "–";
    const name = words(play.play) + (play.mode === "live" ? "" : ` (${play.mode || "former"})`);
    return [name, whole.format(total((week) => week.sent)), whole.format(refused), whole.format(total((week) => week.orders)), earned, lift];
  });
  fillRows("plays", rows);
}

/** Each step with all that came to it or further; last, the orders. Steps that the shop does not tell of are left out. */
function showAttempts(attempts) {
  const told = attempts.filter(([, left, ordered]) => left + ordered > 0);
  const came = (steps) => steps.reduce((sum, [, left, ordered]) => sum + left + ordered, 0);
  const [all, orders] = [came(told), told.reduce((sum, [, , ordered]) => sum + ordered, 0)];
  const row = (step, count, left) => {
    const share = all > 0 ? `${((count / all) * 100).toFixed(1)} %` : "–";
    return [words(step), `${whole.format(count)} (${share})`, left, bar(count, all, `${step}: ${share} of all attempts`)];
  };
  const steps = told.map(([step, left], place) => row(step, came(told.slice(place)), whole.format(left)));
  fillRows("attempts", all > 0 ? [...steps, row("ordered", orders, "–")] : []);
}

/** Which part of the shop the figures are of. */
function showShare(picture) {
  const running = picture.slots.filter((line) => line.state === "running" || line.state === "lagging").map((line) => line.slot);
  const isWhole = running.length === picture.slot_count;
  const text = isWhole ? `All customers: all ${picture.slot_count} slots are here.`
    : `Only a part of the customers: these figures are of ${running.length} of ${picture.slot_count} slots (${running.join(", ") || "none"}). ` +
      "The rest are with other instances, or on their way; the search looks everywhere.";
  if (byId("share").textContent !== text) byId("share").textContent = text;
  byId("share").classList.toggle("part", !isWhole);
}

function behind(line) {
  return Object.values(line.lag_records).reduce((sum, records) => sum + records, 0);
}

function show(picture) {
  byId("instance").textContent = picture.instance_id;
  const customers = picture.slots.reduce((sum, line) => sum + (line.size ? line.size.customers : 0), 0);
  byId("tile-customers").textContent = whole.format(customers);
  byId("tile-equity").textContent = picture.equity_minor.map(([currency, minor]) => money(minor, currency)).join("\n") || "–";
  byId("tile-lag").textContent = whole.format(picture.slots.reduce((sum, line) => sum + behind(line), 0));
  const stages = picture.stages.filter(([, count]) => count > 0).sort((a, b) => inOrder(a[0], b[0]));
  const most = Math.max(1, ...stages.map(([, count]) => count));
  fillRows("stages", stages.map(([stage, count]) => [words(stage), whole.format(count), bar(count, most, `${count} customers are ${words(stage)}`)]));
  showFlow(picture.moves.filter(([, , count]) => count > 0));
  showValues(picture.spread, picture.equity_minor);
  showShare(picture);
  showAttempts(picture.attempts);
  showPlays(picture.plays);
  fillRows("slots", picture.slots.map((line) => [String(line.slot), line.state, line.size ? whole.format(line.size.customers) : "–",
    line.size ? whole.format(line.size.deadlines) : "–", line.size && line.size.time ? moment(line.size.time) : "–", whole.format(behind(line))]));
}

// ---- lines over time

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const times = { at: [], transitions: [], half: [], most: [] };
const plots = [];
/** Durations that people know, for an axis of them. */
const STEPS_MS = [1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 360_000_000, 3_600_000_000];

function plot(holder, series, told, isLogarithmic) {
  const marks = isLogarithmic ? { splits: (_, __, low, high) => STEPS_MS.filter((step) => step >= low && step <= high), filter: (_, splits) => splits } : {};
  const axis = { stroke: () => css("--soft"), grid: { stroke: () => css("--line"), width: 1 }, ticks: { stroke: () => css("--line"), width: 1 } };
  const lines = series.map(([label, colour]) => ({ label, stroke: () => css(colour), width: 2, value: (_, v) => (v == null ? "–" : told(v)) }));
  const size = () => ({ width: Math.max(holder.clientWidth, 200), height: 210 });
  const range = (_, low, high) => [0, high > 0 ? high * 1.1 : 1];
  // told times are UTC everywhere on the page
  const tzDate = (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC");
  const clock = { label: "UTC", value: (_, at) => (at == null ? "–" : new Date(at * 1000).toISOString().slice(11, 19)) };
  const drawn = new uPlot({ ...size(), tzDate, series: [clock, ...lines], axes: [axis, { ...axis, ...marks, size: 64, values: (_, ticks) => ticks.map((tick) => (tick == null ? null : told(tick))) }], scales: { y: isLogarithmic ? { distr: 3 } : { range } } }, [[], ...series.map(() => [])], holder);
  drawn.root.querySelector(".u-legend").setAttribute("aria-label", "Legend");
  new ResizeObserver(() => drawn.setSize(size())).observe(holder);
  plots.push(drawn);
  return drawn;
}

/** The legend tells the newest point while nobody points at another one. */
function renew(drawn, data) {
  drawn.setData(data);
  if (drawn.cursor.idx == null) drawn.setLegend({ idx: data[0].length - 1 }, false);
}

function sample(text) {
  const found = { transitions: 0, events: 0, buckets: [] };
  text.split("\n").forEach((line) => {
    const value = Number(line.slice(line.lastIndexOf(" ") + 1));
    if (line.startsWith("lifetide_lifecycle_transitions_total")) found.transitions += value;
    else if (line.startsWith("lifetide_events_processed_total")) found.events += value;
    else if (line.startsWith("lifetide_end_to_end_latency_seconds_bucket")) {
      const upper = /le="([^"]+)"/.exec(line)[1];
      found.buckets.push([upper === "+Inf" ? Infinity : Number(upper), value]);
    }
  });
  return found;
}

/** The quantile of what was added between two looks, in ms; null where nothing was. */
function quantile(share, before, after) {
  const added = after.map(([upper, count], place) => [upper, count - (before[place] ? before[place][1] : 0)]);
  const wanted = share * (added.length ? added[added.length - 1][1] : 0);
  if (!(wanted > 0)) return null;
  let [below, counted] = [0, 0];
  for (const [upper, count] of added) {
    if (count >= wanted) return upper === Infinity ? below * 1000 : (below + (upper - below) * ((wanted - counted) / Math.max(count - counted, 1))) * 1000;
    [below, counted] = [upper, count];
  }
  return null;
}

async function watchMetrics(rate, latency) {
  let before;
  for (;;) {
    try {
      const answer = await fetch("/metrics");
      const [now, found] = [performance.now() / 1000, sample(await answer.text())];
      if (before) {
        const span = now - before.now;
        times.at.push(Date.now() / 1000);
        times.transitions.push((found.transitions - before.found.transitions) / span);
        times.half.push(quantile(0.5, before.found.buckets, found.buckets));
        times.most.push(quantile(0.99, before.found.buckets, found.buckets));
        while (times.at[0] < times.at[times.at.length - 1] - HISTORY_S) Object.values(times).forEach((list) => list.shift());
        renew(rate, [times.at, times.transitions]);
        renew(latency, [times.at, times.half, times.most]);
        const last = (list) => list[list.length - 1];
        byId("tile-events").textContent = ((found.events - before.found.events) / span).toFixed(1);
        byId("tile-transitions").textContent = last(times.transitions).toFixed(1);
        byId("tile-latency").textContent = `${duration(last(times.half))}\n${duration(last(times.most))}`;
      }
      before = { now, found };
    } catch {
      before = undefined;
    }
    await new Promise((done) => setTimeout(done, METRICS_EVERY_MS));
  }
}

// ---- the stream

function tell(text) {
  if (byId("connection").textContent !== text) byId("connection").textContent = text;
}

async function read(answer) {
  const [reader, decoder] = [answer.body.getReader(), new TextDecoder()];
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    const events = rest.split("\n\n");
    rest = events.pop();
    events.forEach((event) => {
      const data = event.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart()).join("\n");
      if (data) show(JSON.parse(data));
    });
    tell("live");
  }
}

/** The form instead of empty figures, and why; `null`: the figures. */
function lock(why) {
  byId("token-form").hidden = why === null;
  document.body.classList.toggle("locked", why !== null);
  byId("token-why").textContent = why || "";
}

/** Until a token is missing; then the form begins it again. */
async function watch() {
  for (;;) {
    try {
      const answer = await ask("/api/live");
      if (answer.status === 401 || answer.status === 403) {
        lock(answer.status === 403 ? (await answer.json()).detail
          : token.value ? "This token is wrong." : "The figures are shown to who has the token that the configuration names.");
        if (token.value) byId("token").select();
        tell(answer.status === 403 ? "turned off" : token.value ? "the token is wrong" : "a token is needed");
        return;
      }
      lock(null);
      if (answer.ok) await read(answer);
    } catch (error) {
      // a defect of this page must not look like a broken line alone
      console.error(error);
    }
    tell("not connected, trying again");
    await new Promise((done) => setTimeout(done, RETRY_MS));
  }
}

byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token.value = byId("token").value;
  sessionStorage.setItem("lifetide-token", token.value);
  // the same words are read out again only if they were gone
  byId("token-why").textContent = "";
  watch();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plots.forEach((drawn) => drawn.redraw()));
watch();
watchMetrics(
  plot(byId("rate"), [["transitions", "--first"]], (rate) => String(Number(rate.toPrecision(2)))),
  plot(byId("latency"), [["median", "--first"], ["99 %", "--second"]], duration, true),
);
