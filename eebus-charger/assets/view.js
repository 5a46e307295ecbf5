// The document tree in a few words.

/** The element with this id. */
export const by = (id) => document.getElementById(id);

/** Sets the text of an element. Unchanged text is left alone, so that live regions say only what
 *  is new. */
export function say(id, words = "") {
  if (by(id).textContent !== words) by(id).textContent = words;
}

/** Sets the text of an element that is hidden without one. */
export function put(id, words = "") {
  say(id, words);
  by(id).hidden = !words;
}

/** Sets attributes of an element. */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  return element;
}

/** A new HTML element with attributes and content. */
export function make(name, attributes = {}, ...content) {
  const element = set(document.createElement(name), attributes);
  element.append(...content);
  return element;
}

/** A new SVG element. */
export function draw(name, attributes = {}, ...content) {
  const element = set(document.createElementNS("http://www.w3.org/2000/svg", name), attributes);
  element.append(...content);
  return element;
}

/** An icon of the sprite. */
export function icon(name) {
  return draw("svg", { class: "i", "aria-hidden": "true" }, draw("use", { href: `#${name}` }));
}

/** Replaces what is in an element if it differs, so that a reader's place in it is kept. */
export function fill(element, content) {
  const fresh = element.cloneNode(false);
  fresh.append(...content);
  if (!fresh.isEqualNode(element)) element.replaceChildren(...fresh.childNodes);
}
