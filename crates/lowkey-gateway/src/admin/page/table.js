// The table: of all devices those that are wanted, in the order that is wanted, and no more rows than a page has.

import { since, state } from "./fleet.js";
import { element, number, say, time } from "./words.js";

const ROWS = 100;
const STATES = { connected: "connected", absent: "absent", never: "never seen", removed: "not registered" };
const ORDERS = {
  name: (device) => device.name,
  state: (device) => Object.keys(STATES).indexOf(state(device)),
  time: (device) => since(device) ?? Infinity,
  from: (device) => device.session?.from ?? device.from ?? "",
  mode: (device) => device.session?.mode ?? "",
  ended: (device) => device.ended ?? "",
  refused: (device) => -device.refused,
};

export class Table {
  #fleet;
  #open;
  #body = document.querySelector("#devices tbody");
  #order = "name";
  #descends = false;
  #page = 0;
  #wanted = [];

  /** `open` is called with the name of a device that is chosen. */
  constructor(fleet, open) {
    this.#fleet = fleet;
    this.#open = open;
    for (const heading of document.querySelectorAll("#devices thead th")) {
      heading.querySelector("button").addEventListener("click", () => this.#sortBy(heading.dataset.order));
    }
    for (const id of ["name", "state"]) {
      document.getElementById(id).addEventListener("input", () => this.#choose());
    }
    document.getElementById("before").addEventListener("click", () => this.#turn(-1));
    document.getElementById("behind").addEventListener("click", () => this.#turn(1));
    this.#sortBy("name");
  }

  /** Shows what is so now. Whoever is in the table keeps the rows that they are at. */
  show() {
    if (!this.#body.matches(":focus-within")) this.#choose();
    else this.#draw();
  }

  #sortBy(order) {
    this.#descends = this.#order === order && !this.#descends && this.#wanted.length > 0;
    this.#order = order;
    for (const heading of document.querySelectorAll("#devices thead th")) {
      const direction = this.#descends ? "descending" : "ascending";
      if (heading.dataset.order === order) heading.setAttribute("aria-sort", direction);
      else heading.removeAttribute("aria-sort");
    }
    this.#page = 0;
    this.#choose();
  }

  #turn(pages) {
    this.#page += pages;
    this.#choose();
  }

  #choose() {
    const pattern = matcher(document.getElementById("name").value.trim());
    const wanted = document.getElementById("state").value;
    const is = {
      all: () => true,
      refused: (device) => device.refused > 0,
      displaced: (device) => device.displaced > 0,
    }[wanted] ?? ((device) => state(device) === wanted);
    const key = ORDERS[this.#order];
    const chosen = [];
    for (const device of this.#fleet.all()) {
      if (is(device) && pattern(device.name)) chosen.push([key(device), device.name]);
    }
    const way = this.#descends ? -1 : 1;
    const less = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    chosen.sort((a, b) => way * less(a[0], b[0]) || less(a[1], b[1]));
    this.#wanted = chosen.map(([, name]) => name);
    const last = Math.max(0, Math.ceil(this.#wanted.length / ROWS) - 1);
    this.#page = Math.min(Math.max(0, this.#page), last);
    document.getElementById("before").disabled = this.#page === 0;
    document.getElementById("behind").disabled = this.#page === last;
    this.#draw();
  }

  #draw() {
    const first = this.#page * ROWS;
    const names = this.#wanted.slice(first, first + ROWS);
    while (this.#body.rows.length > names.length) this.#body.lastElementChild.remove();
    while (this.#body.rows.length < names.length) this.#body.append(this.#row());
    names.forEach((name, n) => fill(this.#body.rows[n], this.#fleet.get(name), name));
    const [from, to] = [names.length === 0 ? 0 : first + 1, first + names.length];
    const all = this.#wanted.length === this.#fleet.size ? "" : `, ${number(this.#fleet.size)} in all`;
    const count = `rows ${number(from)} to ${number(to)} of ${number(this.#wanted.length)}${all}`;
    say(document.getElementById("count"), count);
  }

  #row() {
    const row = document.createElement("tr");
    const heading = element("th");
    heading.scope = "row";
    const button = element("button");
    button.type = "button";
    button.addEventListener("click", () => this.#open(row.dataset.name));
    heading.append(button);
    row.append(heading, element("td"), element("td"), element("td"));
    for (let n = 0; n < 3; n += 1) row.append(element("td", undefined, "wide"));
    return row;
  }
}

function fill(row, device, name) {
  row.dataset.name = name;
  const [heading, ...cells] = row.cells;
  say(heading.firstElementChild, name);
  if (!device) return cells.forEach((cell) => say(cell, ""));
  const is = state(device);
  const began = since(device);
  const from = [device.session?.from ?? device.from, device.gateway && `at ${device.gateway}`].filter(Boolean);
  const refused = device.refused ? `${device.refusedWhy} (${number(device.refused)})` : "";
  const texts = [
    STATES[is], began === null ? "" : time((Date.now() - began) / 1000), from.join(" "),
    device.session?.mode ?? "", device.ended ?? "", refused,
  ];
  texts.forEach((text, n) => say(cells[n], text));
  cells[0].className = is === "connected" ? "good" : "bad";
}

/** Whether a name is meant: a part of it, or a pattern with `*` and `?` as `lowkey show` takes it. */
function matcher(text) {
  if (!/[*?]/.test(text)) return (name) => name.includes(text);
  const escaped = text.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*+/g, ".*").replace(/\?/g, ".");
  const pattern = new RegExp(`^${escaped}$`, "su");
  return (name) => pattern.test(name);
}
