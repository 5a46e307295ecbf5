// The status box, warnings first, and the notes under the field.

import { duration } from "/assets/format.js";
import { text } from "/assets/i18n.js";
import { by, fill, icon, make } from "/assets/view.js";

/** So many notes are shown at most. */
const NOTES = 3;

const WARNINGS = {
  ems_lost: "warning-ems-lost",
  meter_discontinuity: "warning-meter-discontinuity",
};

const NETWORKS = {
  ethernet: { picture: "net", name: "network-ethernet" },
  wifi: { picture: "wifi", name: "network-wifi" },
};

const MANAGER = {
  not_connected: "manager-not-connected",
  connecting: "manager-connecting",
  waiting_for_peer: "manager-waiting",
  connected: "manager-connected",
  interrupted: "manager-interrupted",
};

export function showStrip({ status, age }) {
  if (!status) return;
  const boxes = [...status.warnings.map(warning), network(status.network), manager(status.ems, age)].filter(Boolean);
  by("status").hidden = boxes.length === 0;
  fill(by("strip"), boxes);
  const requests = status.peers.filter(({ state }) => state === "waiting");
  by("notes").hidden = requests.length === 0;
  fill(by("notes"), requests.slice(0, NOTES).map(request));
}

function box(picture, name, ...words) {
  return make("div", {}, icon(picture), make("p", {}, make("b", {}, name)), make("p", { class: "dim" }, ...words));
}

function warning(name) {
  return box("alert", text("warning"), name in WARNINGS ? text(WARNINGS[name]) : name);
}

function network(network) {
  const { picture, name } = NETWORKS[network?.active] ?? {};
  return picture && box(picture, text(name), make("bdi", {}, network.address));
}

/** The energy manager, if one is paired (CH-086). */
function manager(ems, age) {
  if (!ems?.ski) return undefined;
  const picture = ems.state === "interrupted" ? "alert" : "hub";
  const heard = ems.heartbeat_age_ms;
  const state = ems.state === "connected" && heard !== undefined
    ? text("manager-heard", { age: duration(heard / 1000 + age) })
    : text(MANAGER[ems.state]);
  return box(picture, text("source-opev"), state);
}

/** A device that waits for the user's decision. */
function request({ ski }) {
  const number = make("bdi", { class: "mono" }, ski.match(/.{4}/g).join(" ").toUpperCase());
  const words = make("div", {}, text("request"), " ", number);
  return make("div", { class: "note" }, icon("info"), make("p", { class: "k" }, text("information")), words);
}
