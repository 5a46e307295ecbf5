// The status document, kept up to date by the event stream.
//
// Every stream begins with the whole document; patches follow (RFC 7396). The browser would
// reconnect by itself, but gives up on some errors, does not notice a silence, and does not tell
// how long it waits: a stream that fails is closed and replaced after a pause that grows.

/** Seconds without a word after which values are old, and after which the contact is lost. */
export const OLD = 5;
export const LOST = 15;

/** Seconds between attempts. */
const PAUSES = [1, 2, 4, 8, 15];
/** Seconds without a word after which the stream is taken for dead: a living one has at least one
 *  event per second. */
const SILENCE = 4;

/** The live document. `changed` is called with `true` after every event, and with `false` once per
 *  second and when the contact breaks. */
export class Live {
  #changed;
  #stream;
  #failures = 0;
  #heard = performance.now();
  #attempted = 0;
  #next;

  /** What the charger last said of itself. */
  status;

  constructor(changed) {
    this.#changed = changed;
    this.#connect();
    setInterval(() => this.#tick(), 1000);
    // A device that slept has missed what happened, and its timers did not run either.
    const resume = () => document.hidden || (this.age > 2 && this.retry());
    document.addEventListener("visibilitychange", resume);
    addEventListener("pageshow", resume);
    addEventListener("online", resume);
  }

  /** Seconds since the charger was last heard. */
  get age() {
    return (performance.now() - this.#heard) / 1000;
  }

  /** Seconds until the next attempt; nothing while one runs. */
  get wait() {
    return this.#next && Math.max(0, (this.#next - performance.now()) / 1000);
  }

  /** Tries at once. */
  retry() {
    this.#failures = 0;
    this.#connect();
  }

  #connect() {
    this.#stream?.close();
    this.#next = undefined;
    this.#attempted = performance.now();
    const stream = new EventSource("/api/v1/events");
    let isFirst = true;
    stream.addEventListener("status", ({ data }) => {
      const patch = JSON.parse(data);
      this.status = isFirst ? patch : merge(this.status, patch);
      isFirst = false;
      this.#failures = 0;
      this.#heard = performance.now();
      this.#changed(true);
    });
    stream.addEventListener("error", () => this.#fail());
    this.#stream = stream;
  }

  #fail() {
    this.#stream.close();
    const pause = PAUSES[Math.min(this.#failures++, PAUSES.length - 1)];
    this.#next = performance.now() + pause * 1000;
    this.#changed(false);
  }

  #tick() {
    const silent = Math.min(this.age, (performance.now() - this.#attempted) / 1000);
    if (this.#next ? performance.now() >= this.#next : silent > SILENCE) this.#connect();
    this.#changed(false);
  }
}

/** RFC 7396: objects are merged, `null` removes, everything else replaces. */
export function merge(target, patch) {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const merged = target !== null && typeof target === "object" && !Array.isArray(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) {
      delete merged[name];
    } else {
      merged[name] = merge(merged[name], value);
    }
  }
  return merged;
}
