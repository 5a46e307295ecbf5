// Why so much: a headline, a sentence, and the ladder of all limits.

import { current } from "/assets/format.js";
import { text } from "/assets/i18n.js";
import { binding, label, meaning } from "/assets/reasons.js";
import { by, draw, fill, make, say } from "/assets/view.js";

/** The least current in mA that a vehicle can charge with. */
const LEAST = 6000;
const PHASES = ["L1", "L2", "L3"];

export function showLimits({ status }) {
  by("why").hidden = !status;
  if (!status) return;
  const { limit } = status;
  const rungs = limit.reasons
    .filter(({ ma }) => ma)
    .map((slot) => rung(slot, limit.binding.includes(slot.source)))
    .sort((a, b) => b.binds - a.binds || a.lowest - b.lowest);
  const most = Math.max(1, ...rungs.map(({ lowest }) => lowest));
  say("ladder-h", headline(limit.effective_ma, rungs));
  say("ladder-text", paragraph(limit, rungs));
  fill(by("ladder"), rungs.map((each) => row(each, limit.effective_ma, most)));

  const others = limit.reasons.filter(({ ma }) => !ma).map(({ source }) => label(source));
  by("others").hidden = others.length === 0;
  say("others-h", text("others", { count: others.length }));
  say("others-list", others.join(", "));
}

/** What one source states: its lowest value, and the phase of it if the phases differ. */
function rung({ source, ma }, binds) {
  const lowest = Math.min(...ma);
  const differs = ma.some((phase) => phase !== lowest);
  return { source, binds, lowest, phase: differs ? PHASES[ma.indexOf(lowest)] : undefined };
}

function headline(effective, rungs) {
  if (effective < LEAST) return text("why-nothing");
  const isFree = rungs.some(({ source, binds }) => binds && source === "hw");
  return isFree ? text("why-free") : text("why", { current: current(effective) });
}

/** What the first binding source wants, then the second one, or what would be without the first. */
function paragraph(limit, rungs) {
  const [, second] = limit.binding;
  const next = rungs.find(({ binds }) => !binds);
  const sentences = [meaning(binding(limit))];
  if (second) {
    sentences.push(text("why-also", { source: label(second) }));
  } else if (limit.binding.length === 1 && next?.lowest >= LEAST) {
    sentences.push(text("why-without", { current: current(next.lowest) }));
  }
  return sentences.join(" ");
}

function row({ source, binds, lowest, phase }, effective, most) {
  const share = (milliamps) => `${((100 * milliamps) / most).toFixed(1)}%`;
  const bar = (name, width) => draw("rect", { class: name, width, height: 6, rx: 3 });
  const cut = share(effective);
  const bars = draw(
    "svg",
    { "aria-hidden": "true" },
    bar("r0", share(lowest)),
    bar("r1", share(Math.min(lowest, effective))),
    draw("line", { class: "cut", x1: cut, x2: cut, y1: -4, y2: 10 }),
  );
  const value = phase ? text("on-phase", { current: current(lowest), phase }) : current(lowest);
  const name = make("b", {}, label(source));
  return make("li", binds ? { class: "hold" } : {}, name, " ", make("span", { class: "a" }, value), bars);
}
