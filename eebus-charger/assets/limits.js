// Why so much: a headline, a sentence, and the ladder of all limits.

import { current, moment } from "/assets/format.js";
import { text } from "/assets/i18n.js";
import { label, meaning } from "/assets/reasons.js";
import { by, draw, fill, make, put } from "/assets/view.js";

/** The least current in mA that a vehicle can charge with. */
const LEAST = 6000;
/** Milliseconds; a limit that ends sooner is one that is renewed all the time. */
const SOON = 60_000;
const PHASES = ["L1", "L2", "L3"];

export class Limits {
  #arrived;
  #summary;
  #view;

  /** `arrived` is called when there is something new to show. */
  constructor(arrived) {
    this.#arrived = arrived;
  }

  /** Fetches the whole view whenever its summary in the status has changed. */
  async hear({ status }) {
    const summary = JSON.stringify(status.limit);
    if (summary === this.#summary) return;
    this.#summary = summary;
    try {
      const answer = await fetch("/api/v1/limits");
      if (!answer.ok) throw new Error(`no limits: ${answer.status}`);
      const view = await answer.json();
      if (summary !== this.#summary) return;
      this.#view = view;
      this.#arrived();
    } catch {
      // The next event tries again.
      this.#summary = undefined;
    }
  }

  show({ status }) {
    by("why").hidden = !this.#view;
    if (!this.#view) return;
    const { slots, binding } = this.#view;
    const effective = status.limit.effective_ma;
    const rungs = slots
      .filter(({ ma }) => ma)
      .map((slot) => rung(slot, binding.includes(slot.id)))
      .sort((a, b) => b.binds - a.binds || a.lowest - b.lowest);
    const most = Math.max(1, ...rungs.map(({ lowest }) => lowest));
    put("why-h", headline(effective, rungs));
    put("why-text", paragraph(status.limit, rungs));
    fill(by("ladder"), rungs.map((each) => row(each, effective, most)));

    const others = slots.filter(({ ma }) => !ma).map(({ id }) => label(id));
    by("others").hidden = others.length === 0;
    put("others-h", text("others", { count: others.length }));
    put("others-list", others.join(", "));
  }
}

/** A slot with its lowest value, and the phase of it if the phases differ. */
function rung(slot, binds) {
  const lowest = Math.min(...slot.ma);
  const differs = slot.ma.some((ma) => ma !== lowest);
  return { ...slot, binds, lowest, phase: differs ? PHASES[slot.ma.indexOf(lowest)] : undefined };
}

function headline(effective, rungs) {
  if (effective < LEAST) return text("why-nothing");
  const isFree = rungs.some(({ id, binds }) => binds && id === "hw");
  return isFree ? text("why-free") : text("why", { current: current(effective) });
}

/** What the first binding source wants, then what would be without it. */
function paragraph({ reasons }, rungs) {
  const bound = rungs.filter(({ binds }) => binds);
  const next = rungs.find(({ binds }) => !binds);
  const sentences = [meaning(reasons[0]?.id)];
  const until = bound.map(({ valid_until }) => Date.parse(valid_until)).find((end) => end > Date.now() + SOON);
  if (until) sentences.push(text("why-until", { time: moment(until) }));
  if (bound.length > 1) {
    sentences.push(text("why-also", { source: label(bound[1].id) }));
  } else if (bound.length === 1 && next?.lowest >= LEAST) {
    sentences.push(text("why-without", { current: current(next.lowest) }));
  }
  return sentences.join(" ");
}

function row({ id, binds, lowest, phase }, effective, most) {
  const share = (milliamps) => `${((100 * milliamps) / most).toFixed(1)}%`;
  const bar = (name, width) => draw("rect", { class: name, width, height: 6, rx: 3 });
  const cut = share(effective);
  const ladder = draw(
    "svg",
    { "aria-hidden": "true" },
    bar("r0", share(lowest)),
    bar("r1", share(Math.min(lowest, effective))),
    draw("line", { class: "cut", x1: cut, x2: cut, y1: -4, y2: 10 }),
  );
  const value = phase ? text("on-phase", { current: current(lowest), phase }) : current(lowest);
  const name = make("b", {}, label(id));
  return make("li", binds ? { class: "hold" } : {}, name, " ", make("span", { class: "a" }, value), ladder);
}
