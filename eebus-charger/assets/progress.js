// The progress of the running session: the curve, one point of it in words, and all as a table.

import { clock, currents, energy, number, power, step } from "/assets/format.js";
import { frame, marks, nearest, paths, top } from "/assets/chart.js";
import { locale, nodes, text } from "/assets/i18n.js";
import { OLD } from "/assets/live.js";
import { binding, sentence } from "/assets/reasons.js";
import { by, draw, fill, make, say, set } from "/assets/view.js";

/** Milliseconds after which the whole curve is fetched again; if it did not come, and if it did. */
const SOON = 2000;
const FRESH = 60_000;
/** So many steps has the choice of a point, labels the axis, and rows the table, at most. */
const STEPS = 200;
const LABELS = 4;
/** Labels with seconds are long. */
const LONG_LABELS = 2;
const ROWS = 24;

/** The kinds of columns: words, numbers. */
const COLUMNS = ["w", "n nw", "n nw", "n nw", "w"];

export class Progress {
  #arrived;
  /** The session that the points belong to. */
  #session;
  #points = [];
  /** When the whole curve is fetched next. */
  #due = 0;
  #isFetching = false;
  /** The chosen time in ms; nothing while now is shown. */
  #chosen;
  #wasChosen = false;
  #isTable = false;
  #frame;

  /** `arrived` is called when there is something new to show. */
  constructor(arrived) {
    this.#arrived = arrived;
    by("scrub").addEventListener("input", ({ target }) => {
      const isNow = Number(target.value) >= Number(target.max);
      this.#choose(isNow ? undefined : this.#start + Number(target.value) * 1000);
    });
    by("scrub").addEventListener("keydown", ({ key }) => key === "Escape" && this.#choose(undefined));
    by("back").addEventListener("click", () => {
      this.#choose(undefined);
      by("scrub").focus();
    });
    by("shape").addEventListener("click", () => {
      this.#isTable = !this.#isTable;
      arrived();
    });
    this.#point(by("plot"));
  }

  /** Takes what the charger says now, and fetches the rest when it is due. */
  hear({ status }) {
    if (status.session?.id !== this.#session) {
      this.#session = status.session?.id;
      this.#points = [];
      this.#due = 0;
      this.#chosen = undefined;
    }
    if (this.#session === undefined) return;
    if (performance.now() >= this.#due) this.#fetch(this.#session);
    // The clock of the points counts seconds: the last word of each counts.
    const point = now(status);
    if (this.#points.at(-1)?.time >= point.time) this.#points.pop();
    this.#points.push(point);
  }

  async #fetch(session) {
    if (this.#isFetching) return;
    this.#isFetching = true;
    this.#due = performance.now() + SOON;
    try {
      const answer = await fetch("/api/v1/sessions/current/curve?points=600", {
        signal: AbortSignal.timeout(10_000),
      });
      if (!answer.ok) throw new Error(`no curve: ${answer.status}`);
      const { start, points } = await answer.json();
      if (session !== this.#session || points.length === 0) return;
      const begin = Date.parse(start);
      this.#points = points.map((point) => ({ ...point, time: begin + point.t_s * 1000 }));
      this.#due = performance.now() + FRESH;
      this.#arrived();
    } catch {
      // It is tried again soon; what is known stays.
    } finally {
      this.#isFetching = false;
    }
  }

  get #start() {
    return this.#points[0].time;
  }

  #choose(time) {
    this.#chosen = time;
    this.#arrived();
  }

  show({ status, age }) {
    const session = status?.session;
    const points = this.#points;
    by("progress").hidden = !session || points.length === 0;
    if (by("progress").hidden) return;

    const [start, end] = [points[0].time, points.at(-1).time];
    const scale = top(points);
    this.#frame = frame(start, end, scale, session.energy_wh);
    const chosen = this.#chosen === undefined ? undefined : nearest(points, this.#chosen);
    const point = chosen ?? points.at(-1);
    this.#read(point, chosen, end - start, age >= OLD);
    by("plot").hidden = this.#isTable;
    by("table").hidden = !this.#isTable;
    if (this.#isTable) {
      fill(by("table"), [table(points, start, end)]);
    } else {
      this.#draw(points, chosen, scale, age >= OLD);
    }
  }

  /** One point in words: above the chart, and for a screen reader as the value of the slider. */
  #read(point, chosen, span, isOld) {
    const withSeconds = span < 600_000;
    const when = chosen || isOld ? text("at", { time: clock(point.time, withSeconds) }) : text("now");
    say("when", when);
    by("back").hidden = !chosen;
    say("shape", text(this.#isTable ? "as-chart" : "as-table"));
    const { power_w, energy_wh, current_ma, limit_ma, reason } = point;
    const words = {
      power: power_w === undefined ? undefined : power(power_w),
      energy: energy(energy_wh),
      current: current_ma && currents(current_ma),
      limit: sentence(reason, limit_ma),
    };
    const bdi = (value) => make("bdi", {}, value);
    fill(by("read-power"), words.power ? [bdi(words.power)] : []);
    const sum = chosen ? "until-then" : "so-far";
    fill(by("read-energy"), [nodes(sum, { energy: bdi(words.energy) })]);
    fill(by("read-current"), words.current ? [bdi(words.current)] : []);
    fill(by("read-limit"), [words.limit]);

    // The value of a slider that has the focus is read aloud with every change: now changes too
    // often for that.
    const scrub = by("scrub");
    const length = step(span / 1000, STEPS);
    const last = Math.ceil(span / 1000 / length) * length;
    set(scrub, { max: last, step: length, "aria-label": text("curve-label") });
    scrub.value = chosen ? (this.#chosen - this.#start) / 1000 : last;
    if (chosen || scrub !== document.activeElement || this.#wasChosen) {
      const energy = text(sum, { energy: words.energy });
      const all = [when, words.power, energy, words.current, words.limit].filter(Boolean);
      set(scrub, { "aria-valuetext": new Intl.ListFormat(locale, { type: "unit" }).format(all) });
    }
    this.#wasChosen = chosen !== undefined;
    const since = clock(this.#start, withSeconds);
    say("about-curve", text("curve-about", { time: since }));
  }

  #draw(points, chosen, scale, isOld) {
    const { x, y, sum } = this.#frame;
    for (const [id, d] of Object.entries(paths(points, this.#frame))) set(by(id), { d });
    const last = points.at(-1);
    const percent = (value) => `${value.toFixed(1)}%`;
    say("scale", text("kw", { number: number(scale / 1000, 0, 1) }));
    say("total", energy(last.energy_wh));
    set(by("total"), { y: percent(sum(last)) });
    place(by("pulse"), !isOld && last.power_w !== undefined && { cy: percent(y(last)) });
    const at = chosen && percent(x(chosen.time) / 10);
    place(by("at"), chosen && { x1: at, x2: at });
    place(by("dot"), chosen?.power_w !== undefined && { cx: at, cy: percent(y(chosen)) });

    const [start, end] = [points[0].time, last.time];
    const span = (end - start) / 1000;
    const every = step(span, span < LABELS * 60 ? LONG_LABELS : LABELS);
    const labels = marks(start, end, every).flatMap((time) => {
      const across = x(time) / 10;
      // A label at the edge would be cut.
      if (across < 11 || across > 89) return [];
      const attributes = { x: percent(across), y: 16, "text-anchor": "middle" };
      return [draw("text", attributes, clock(time, every < 60))];
    });
    fill(by("hours"), labels);
  }

  /** Mouse, pen and finger choose the point below them. A finger that moves up or down scrolls. */
  #point(plot) {
    const choose = ({ clientX }) => {
      // The vehicle may be gone while a finger is still there.
      if (this.#points.length === 0) return;
      const { left, width } = plot.getBoundingClientRect();
      const time = this.#frame.time(((clientX - left) / width) * 1000);
      const end = this.#points.at(-1).time;
      this.#choose(time >= end ? undefined : Math.max(time, this.#start));
    };
    plot.addEventListener("pointerdown", (event) => {
      if (!event.isPrimary || event.button !== 0) return;
      plot.setPointerCapture(event.pointerId);
      by("scrub").focus({ preventScroll: true, focusVisible: false });
      if (event.pointerType !== "touch") choose(event);
    });
    plot.addEventListener("pointermove", (event) => {
      if (plot.hasPointerCapture(event.pointerId)) choose(event);
    });
    plot.addEventListener("pointerup", (event) => {
      if (plot.hasPointerCapture(event.pointerId)) choose(event);
    });
  }
}

/** The point of this moment, on the charger's clock. */
function now({ time, power_w, session: { energy_wh }, current_ma, limit }) {
  const [limit_ma, reason] = [limit.effective_ma, binding(limit)];
  return { time: Date.parse(time), power_w, energy_wh, current_ma, limit_ma, reason };
}

/** Attributes of a mark, or nothing to see. */
function place(mark, attributes) {
  set(mark, attributes ? { ...attributes, visibility: "visible" } : { visibility: "hidden" });
}

/** The points of full steps of time, and the last one. */
function table(points, start, end) {
  const every = step((end - start) / 1000, ROWS);
  const rows = [...new Set([...marks(start, end, every), end])].map((time) => {
    const point = nearest(points, time);
    const { power_w, energy_wh, current_ma, limit_ma, reason } = point;
    return row("td", [
      clock(time, every < 60),
      power_w === undefined ? "" : power(power_w),
      energy(energy_wh),
      current_ma ? currents(current_ma) : "",
      sentence(reason, limit_ma),
    ]);
  });
  const keys = ["column-time", "column-power", "column-energy", "column-current", "column-limit"];
  const names = row("th", keys.map((key) => text(key)));
  const head = make("thead", { role: "rowgroup" }, names);
  const body = make("tbody", { role: "rowgroup" }, ...rows);
  return make("table", { class: "hist", role: "table", "aria-labelledby": "about-curve" }, head, body);
}

/** A row. The roles are said again because cards on a phone are no table to some browsers. */
function row(name, values) {
  const role = name === "th" ? { role: "columnheader", scope: "col" } : { role: "cell" };
  const cells = values.map((value, column) =>
    make(name, { ...role, class: COLUMNS[column] }, value),
  );
  return make("tr", { role: "row" }, ...cells);
}
