// The server at a glance: counts, rates, the service behind, what stores, the registry, pairing windows.

import { amount, element, number, say, time } from "./words.js";

export class Glance {
  #tiles = new Map();
  #before = null;

  /** Shows what `/overview` says at this time, in milliseconds. */
  show(overview, now) {
    const { totals, devices, registry, service, store } = overview;
    this.#tile("Connected", `${number(totals.sessions)} of ${number(devices)}`);
    this.#tile("Absent", number(Math.max(0, devices - totals.sessions)));
    const rate = (field) => this.#rate(totals, field, now);
    this.#tile("New sessions", rate("sessions_begun"));
    this.#tile("Refused", rate("refused"));
    this.#tile("Refused in all", number(totals.refused));
    this.#tile("In", this.#rate(totals, "received_bytes", now, amount));
    this.#tile("Out", this.#rate(totals, "sent_bytes", now, amount));
    const down = service && !service.up;
    const behind = service ? (service.up ? "up" : `down for ${time(service.down_seconds)}`) : "none";
    this.#tile("Service behind", behind, down ? "bad" : "");
    if (store) {
      const stores = store.up ? "up" : `cannot store for ${time(store.down_seconds)}`;
      this.#tile("What stores", stores, store.up ? "" : "bad");
      this.#tile("Devices that wait for it", number(store.devices_waiting));
      if (store.aside) this.#tile("Messages set aside", number(store.aside.messages));
    }
    const since = registry.in_force_seconds;
    this.#tile("Registry in force for", since === null ? "ever" : time(since), registry.stale ? "bad" : "");
    if (overview.gateways) this.#tile("Gateways", number(overview.gateways.length));
    this.#before = { totals, now };
    warn(overview);
    windows(overview.windows);
  }

  #rate(totals, field, now, shown = (n) => (n < 10 ? n.toFixed(1) : number(Math.round(n)))) {
    const before = this.#before;
    if (!before || now <= before.now) return "…";
    // A server that was started again counts from 0.
    const more = Math.max(0, totals[field] - before.totals[field]);
    return `${shown(more / ((now - before.now) / 1000))}/s`;
  }

  #tile(what, text, className = "") {
    let at = this.#tiles.get(what);
    if (!at) {
      at = element("dd");
      const pair = element("div");
      pair.append(element("dt", what), at);
      document.getElementById("glance").append(pair);
      this.#tiles.set(what, at);
    }
    say(at, text);
    at.className = className;
  }
}

function warn({ registry, server, service, store, gateways }) {
  const warnings = [];
  for (const { name, error, lets_nobody_in: isStale, store_up: stores } of gateways ?? []) {
    if (error) warnings.push(`The gateway ${name} does not say what it knows: ${error}`);
    else if (isStale && name !== server.gateway) warnings.push(`The gateway ${name} lets nobody in.`);
    if (stores === false && name !== server.gateway) warnings.push(`What stores for the gateway ${name} cannot store.`);
  }
  if (!server.accepting) warnings.push("The server takes no devices: it begins or stops.");
  if (server.clock_wrong) warnings.push("The server's clock is wrong: no pinning that expires is let in.");
  if (registry.lets_nobody_in) warnings.push("The registry may be out of date for so long that nobody is let in.");
  if (registry.stale) warnings.push(`The registry in force is not the file's: ${registry.stale}`);
  if (registry.left_out) warnings.push(`${number(registry.left_out)} pinnings are left out: their PSK cannot be had.`);
  if (service && !service.up) warnings.push(`The service behind, ${service.name}, is down: ${service.error}`);
  if (store && !store.up) {
    const wait = `devices that wait: ${number(store.devices_waiting)}`;
    warnings.push(`What stores, ${store.name}, cannot store: ${store.error}; ${wait}`);
  }
  if (store?.aside?.messages) {
    const { messages, devices, full } = store.aside;
    const room = full.length ? `; there is no room for more of ${full.length} of them, which wait` : "";
    warnings.push(`Messages that were refused for good: ${number(messages)}, of devices: ${number(devices)}${room}. See "lowkey aside list".`);
  }
  const at = document.getElementById("warnings");
  const now = warnings.join("\n");
  if (at.dataset.shown === now) return; // said once, and not at every look
  at.dataset.shown = now;
  at.replaceChildren(...warnings.map((warning) => element("p", warning)));
}

function windows(open) {
  const shown = open.slice(0, 50).map((window) => {
    const who = window.caller === "server" ? "calling" : "waiting for";
    return element("li", `${who} ${window.device}, code ${window.code}: ${window.state}, ${time(window.seconds_left)} left`);
  });
  if (shown.length === 0) shown.push(element("li", "none"));
  document.getElementById("windows").replaceChildren(...shown);
}
