// Numbers, times and durations in the user's language. Integers in base units come in.

import { locale, text } from "/assets/i18n.js";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/** A number with so many decimals. */
export function number(value, least = 0, most = least) {
  const format = { minimumFractionDigits: least, maximumFractionDigits: most };
  // A small negative value is not to read "-0.0".
  const rounded = Math.round(value * 10 ** most) === 0 ? 0 : value;
  return rounded.toLocaleString(locale, format);
}

/** The number of a power in kW. */
export const kilowatts = (watts) => number(watts / 1000, 1);

/** `6.8 kW` */
export const power = (watts) => text("kw", { number: kilowatts(watts) });

/** `22.1 kWh` */
export const energy = (wattHours) => text("kwh", { number: number(wattHours / 1000, 1) });

/** A limit: `16 A`, `6.5 A`. */
export const current = (milliamps) => text("a", { number: amps(milliamps) });

/** The number of a limit in A. Limits are rounded down, never up. */
export const amps = (milliamps) => number(Math.floor(milliamps / 100) / 10, 0, 1);

/** Measured currents of the phases: `15.9 · 15.9 · 15.8 A`. */
export function currents(milliamps) {
  return text("a", { number: milliamps.map((phase) => number(phase / 1000, 1)).join(" · ") });
}

/** A time of the day; with its date unless it is today. */
export function moment(time) {
  const isToday = new Date().toDateString() === new Date(time).toDateString();
  return day(isToday ? {} : { day: "numeric", month: "short" }).format(time);
}

/** A time of the day; with seconds where the difference matters. */
export const clock = (time, withSeconds = false) => day(withSeconds ? { second: "2-digit" } : {}).format(time);

/** A time of the day as digits and, on a 12 h clock, the word beside them. */
export function digits(time) {
  const parts = day({}).formatToParts(time);
  const half = parts.find(({ type }) => type === "dayPeriod")?.value;
  const rest = parts.filter(({ type }) => type !== "dayPeriod").map(({ value }) => value);
  return [rest.join("").trim(), half];
}

/** Two digits for the hour on a 24 h clock, as on its face; as many as it needs on the other. */
function day(options) {
  const { hour12 } = new Intl.DateTimeFormat(locale, { hour: "numeric" }).resolvedOptions();
  return new Intl.DateTimeFormat(locale, { ...options, hour: hour12 ? "numeric" : "2-digit", minute: "2-digit" });
}

/** A duration in seconds: `2 h 17 min`, `4 min`, `8 s`. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / HOUR);
  const minutes = Math.floor((whole % HOUR) / MINUTE);
  if (whole >= HOUR) return text("hours-minutes", { hours, minutes });
  if (whole >= MINUTE) return text("minutes", { minutes });
  return text("seconds", { seconds: whole });
}

/** The step, in seconds, that cuts a span into at most so many parts. */
export function step(span, parts) {
  const steps = [1, 2, 5, 10, 15, 30];
  const all = [
    ...steps,
    ...steps.map((minutes) => minutes * MINUTE),
    ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ];
  return all.find((each) => span <= each * parts) ?? Math.ceil(span / parts / DAY) * DAY;
}
