// Texts and the language they are in. A catalogue maps a key to a pattern: a string, or a list of
// strings, variables and selections (see build/catalogue.rs, which makes them from Fluent files).

const CATALOGUES = { en: "/assets/en.json", de: "/assets/de.json" };
const NAMES = { en: "English", de: "Deutsch" };
const KEPT = "language";

let catalogue = {};
let plurals = new Intl.PluralRules("en");

/** The locale of numbers and times, such as `de-AT`. */
export let locale = "en";

/** The languages there are, as pairs of tag and own name. */
export const languages = Object.entries(NAMES);

/** Loads the language that the user chose before, else the first of the browser's that exists. */
export function begin() {
  let kept;
  try {
    kept = localStorage.getItem(KEPT);
  } catch {
    // Storage is forbidden: then the browser's languages alone decide.
  }
  const known = navigator.languages.map(primary).find((tag) => tag in CATALOGUES);
  return use(kept in CATALOGUES ? kept : (known ?? "en"));
}

/** Loads a language and keeps the choice. */
export async function choose(tag) {
  await use(tag);
  try {
    localStorage.setItem(KEPT, tag);
  } catch {
    // The choice then lasts as long as the page.
  }
}

async function use(tag) {
  const answer = await fetch(CATALOGUES[tag], { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`no texts: ${answer.status}`);
  catalogue = await answer.json();
  locale = navigator.languages.find((each) => primary(each) === tag) ?? tag;
  plurals = new Intl.PluralRules(locale);
  document.documentElement.lang = locale;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = text(element.dataset.text);
  }
}

/** The tag of the language in use. */
export const language = () => primary(locale);

/** The text of a key with its values. */
export function text(key, values = {}) {
  return [...parts(catalogue[key] ?? key, values)].join("");
}

/** The same as nodes: values that are nodes stay so, and words around them are dimmed. */
export function nodes(key, values) {
  const made = document.createDocumentFragment();
  for (const part of parts(catalogue[key] ?? key, values)) {
    if (part instanceof Node) {
      made.append(part);
    } else {
      const words = document.createElement("span");
      words.className = "dim";
      words.textContent = part;
      made.append(words);
    }
  }
  return made;
}

function* parts(pattern, values) {
  if (typeof pattern === "string") {
    yield pattern;
    return;
  }
  for (const part of pattern) {
    if (typeof part === "string") {
      yield part;
    } else if ("var" in part) {
      const value = values[part.var];
      yield typeof value === "number" ? value.toLocaleString(locale) : value;
    } else {
      yield* parts(chosen(part, values[part.select]), values);
    }
  }
}

function chosen({ cases, default: other }, value) {
  const plural = typeof value === "number" ? plurals.select(value) : other;
  return cases[value] ?? cases[plural] ?? cases[other];
}

function primary(tag) {
  return tag.split("-")[0].toLowerCase();
}
