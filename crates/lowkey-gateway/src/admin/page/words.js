// Times and amounts as people read them, and elements that hold text.

/** The two largest units of so many seconds. */
export function time(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor(whole / 3600) % 24} h`;
}

/** Bytes, in the largest unit that leaves something in front of the point. */
export function amount(bytes) {
  for (const [unit, name] of [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]]) {
    if (bytes >= unit) return `${(bytes / unit).toFixed(2)} ${name}`;
  }
  return `${Math.round(bytes)} B`;
}

/** So many of something. */
export function number(n) {
  return n.toLocaleString("en");
}

/** A time of the clock, here. */
export function clock(milliseconds) {
  return new Date(milliseconds).toLocaleTimeString([], { hour12: false });
}

/** An element with text in it: names come from strangers, so nothing is ever markup. */
export function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = visible(String(text));
  if (className) made.className = className;
  return made;
}

/** `text` without what would turn, hide or move what stands around it. */
export function visible(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
}

/** The text of an element, changed only if it is another one. */
export function say(at, text) {
  const shown = visible(text);
  if (at.textContent !== shown) at.textContent = shown;
}
