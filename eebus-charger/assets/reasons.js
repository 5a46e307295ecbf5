// Why a current is what it is: one row per reason, one per source of limits.

import { current } from "/assets/format.js";
import { text } from "/assets/i18n.js";

/** `isRemarkable`: worth a second sentence wherever the first one stands. */
const REASONS = {
  hardware: { sentence: "limit-hardware", why: "why-hardware" },
  fault: { sentence: "limit-fault", why: "why-fault" },
  supply: { sentence: "limit-supply", why: "why-supply" },
  opev_limit: { sentence: "limit-opev", why: "why-opev" },
  opev_not_yet_heard: { sentence: "limit-opev-wait", why: "why-opev-wait", isRemarkable: true },
  opev_lost: { sentence: "limit-opev-lost", why: "why-opev-lost", isRemarkable: true },
  opev_failed: { sentence: "limit-opev-failed", why: "why-opev-failed", isRemarkable: true },
  opev_not_renewed: { sentence: "limit-opev-old", why: "why-opev-old", isRemarkable: true },
  user_max: { sentence: "limit-user-max", why: "why-user-max" },
  paused: { sentence: "limit-paused", why: "why-paused" },
};
/** No source binds: a part of the charger does not renew its limits (CH-602). */
const HUNG = { sentence: "limit-hung", why: "why-hung", isRemarkable: true };

const SOURCES = {
  hw: { label: "source-hw", pause: "paused-hw", icon: "pause" },
  supply: { label: "source-supply", pause: "paused-supply", icon: "pause" },
  opev: { label: "source-opev", pause: "paused-opev", icon: "hub" },
  user_max: { label: "source-user-max", pause: "paused-user-max", icon: "tune" },
  enable: { label: "source-enable", pause: "paused", icon: "pause" },
};
const NOBODY = { pause: "paused-hung", icon: "wait" };

/** The reason of the first source that binds; none if no source does. */
export const binding = ({ binding: [first], reasons }) =>
  reasons.find(({ source }) => source === first)?.reason;

/** `10 A: limited by energy manager` */
export const sentence = (reason, milliamps) => text(row(reason).sentence, { current: current(milliamps) });

/** What the reason means. */
export const meaning = (reason) => text(row(reason).why);

/** What the reason means if that is worth a second sentence. */
export const remark = (reason) => (row(reason).isRemarkable ? meaning(reason) : undefined);

/** What a source is called. */
export const label = (source) => text(SOURCES[source].label);

/** Word and icon of a pause by a source. */
export function pause(source) {
  const { pause: word, icon } = SOURCES[source] ?? NOBODY;
  return { word: text(word), icon };
}

const row = (reason) => REASONS[reason] ?? HUNG;
