// The field: the light of the charger, one word, one large answer, one sentence why, the session.

import { LOST, OLD } from "/assets/live.js";
import { amps, digits, duration, energy, kilowatts, moment, number } from "/assets/format.js";
import { text } from "/assets/i18n.js";
import { binding, pause, remark, sentence } from "/assets/reasons.js";
import { by, fill, make, put, say, set } from "/assets/view.js";

/** Seconds without any data after which the page says that it loads. */
const PATIENCE = 0.4;

const FAULTS = {
  F14: { fact: "fault-ventilation", more: "fault-ventilation-more" },
  F15: { fact: "fault-vehicle", more: "fault-vehicle-more" },
  F19: { fact: "fault-board", more: "fault-board-more" },
};

let wasLost = false;

/** Shows the state, or that it is not known. */
export function showField(live) {
  const { status, age } = live;
  const isLost = age >= LOST;
  const face = {
    ...(status ? known(status) : unknown(age)),
    ...(isLost ? lost(live) : status && age >= OLD ? { more: old(age) } : {}),
  };
  shine(isLost ? "off" : (status?.colour ?? "white"));
  by("main").classList.toggle("old", age >= OLD);
  by("state").hidden = !face.word;
  if (face.icon) set(by("icon"), { href: `#${face.icon}` });
  put("word", face.word);
  put("caption", face.caption);
  const [value, unit] = face.slot ?? [];
  by("slot").hidden = !value;
  put("value", value);
  put("unit", unit);
  by("slot").classList.toggle("long", Boolean(unit) && value.length > 4);
  put("say", face.say);
  by("say").classList.toggle("one", face.isOneWord === true);
  put("sentence", face.sentence);
  by("reason").hidden = !face.sentence;
  put("fact", face.fact);
  put("more", face.more);
  by("break").hidden = !face.more || !(face.sentence || face.fact);
  if (!isLost) say("alarm", status?.fault && face.fact);
  if (isLost !== wasLost) say("said", isLost ? "" : text("connected-again"));
  wasLost = isLost;
  by("retry").hidden = !isLost;
  fill(by("facts"), status?.session ? facts(status) : []);
  const title = [face.word, value && [value, unit].filter(Boolean).join("\u00a0")];
  document.title = [title.filter(Boolean).join(", "), text("brand")].filter(Boolean).join(" · ");
}

/** What the charger says of itself, by its state: icon, word, caption, slot or say, sentence with
 *  the limit or another fact, and what it means. */
function known(status) {
  const { limit, session } = status;
  const why = binding(limit);
  const sentenced = { sentence: sentence(why, limit.effective_ma) };
  switch (status.state) {
    case "booting":
      return { icon: "wait", word: text("booting"), more: text("booting-more") };
    case "idle":
      return { icon: "plug", word: text("idle"), say: text("idle-say"), isOneWord: true, fact: text("idle-fact") };
    case "wait_limit": {
      const since = { caption: text("since"), slot: digits(Date.parse(status.since)) };
      const more = why === "paused" ? "paused-more" : "wait-limit-more";
      return { ...pause(limit.binding[0]), ...since, ...sentenced, more: text(more) };
    }
    case "ready_b2":
      return { icon: "plug", word: text("ready"), ...offer(status), ...sentenced, more: text("ready-more") };
    case "charging":
      return { icon: "bolt", word: text("charging"), slot: power(status.power_w), ...sentenced, more: remark(why) };
    case "charging_no_flow":
      return { icon: "bolt", word: text("no-flow"), ...offer(status), ...sentenced, more: text("no-flow-more") };
    case "stopping_ev":
      return { icon: "wait", word: text("stopping"), slot: power(status.power_w), ...sentenced };
    case "finished":
      return {
        icon: "tick",
        word: text("finished"),
        slot: session && [number(session.energy_wh / 1000, 1), text("unit-kwh")],
        fact: text("finished-fact"),
        more: text("finished-more"),
      };
    case "fault_auto":
      return fault(status, "fault-wait");
    case "fault_latched":
      return fault(status, "fault-unplug");
    default:
      return { word: status.text };
  }
}

function fault({ fault: { code, text: phrase }, since }, say) {
  const { fact, more } = FAULTS[code] ?? {};
  const time = moment(Date.parse(since));
  return {
    icon: "alert",
    word: text("fault"),
    say: text(say),
    fact: fact ? text(fact) : phrase,
    more: more ? text(more, { code, time }) : `${code}, ${time}`,
  };
}

/** What is offered, as power if the voltage is known. */
function offer({ offered_ma, voltage_mv }) {
  const caption = text("offered");
  if (!voltage_mv) return { caption, slot: [amps(Math.max(...offered_ma)), text("unit-a")] };
  const watts = offered_ma.reduce((sum, phase, i) => sum + (phase * voltage_mv[i]) / 1e6, 0);
  return { caption, slot: power(watts) };
}

const power = (watts) => (watts === undefined ? undefined : [kilowatts(watts), text("unit-kw")]);

function unknown(age) {
  return age >= PATIENCE ? { icon: "wait", word: text("loading") } : {};
}

/** No contact: what was known last stays, and the light goes out. */
function lost({ status, age, wait }) {
  const more = wait === undefined ? text("lost-trying") : text("lost-waiting", { seconds: Math.ceil(wait) });
  return { icon: "gap", word: text("lost"), sentence: undefined, fact: status && old(age), more };
}

const old = (age) => text("old", { age: duration(age) });

function facts({ session }) {
  const pairs = [
    [text("consumption"), energy(session.energy_wh)],
    [text("charging-time"), duration(session.charging_s)],
    [text("connected"), moment(Date.parse(session.start))],
  ];
  return pairs.map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, make("bdi", {}, value))),
  );
}

/** The light: the page, the browser's frame and the icon of the tab. */
function shine(light) {
  const root = document.documentElement;
  root.dataset.light = light;
  const style = getComputedStyle(root);
  const [field, lamp] = ["--field", "--lamp"].map((name) => style.getPropertyValue(name).trim());
  set(document.querySelector("meta[name=theme-color]"), { content: field });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="12" cy="12" r="10" fill="${lamp}" stroke="#7b8386"/></svg>`;
  const href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  const link = document.querySelector("link[rel=icon]");
  if (link.href !== href) link.href = href;
}
