// The overview page: one live document, shown by four parts.

import { begin, choose, language, languages } from "/assets/i18n.js";
import { showField } from "/assets/field.js";
import { showLimits } from "/assets/limits.js";
import { Live } from "/assets/live.js";
import { Progress } from "/assets/progress.js";
import { showStrip } from "/assets/strip.js";
import { by, make } from "/assets/view.js";

/** Milliseconds between attempts to load the texts. */
const AGAIN = 2000;

const live = new Live(news);
const progress = new Progress(soon);
let hasTexts = false;
let isDue = false;

by("retry").firstElementChild.addEventListener("click", () => live.retry());
by("language").append(...languages.map(([value, name]) => make("option", { value }, name)));
by("language").addEventListener("change", async ({ target }) => {
  await choose(target.value).catch(() => {});
  target.value = language();
  soon();
});
start();

async function start() {
  try {
    await begin();
  } catch {
    setTimeout(start, AGAIN);
    return;
  }
  hasTexts = true;
  by("language").value = language();
  soon();
}

/** The charger has said something, or a second has passed. */
function news(isEvent) {
  if (isEvent) progress.hear(live);
  soon();
}

/** Shows everything with the next picture; never while the page is hidden. */
function soon() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    if (!hasTexts) return;
    showField(live);
    progress.show(live);
    showStrip(live);
    showLimits(live);
  });
}
