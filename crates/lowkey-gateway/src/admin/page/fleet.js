// Which devices there are, and what is known of each: read as a whole, then kept up by events.

/** The devices by name. It owns them; others read. */
export class Fleet {
  #devices = new Map();
  #clock;
  /** The gateway that answers, if there are several. */
  #asked = null;

  constructor(clock) {
    this.#clock = clock;
  }

  get size() {
    return this.#devices.size;
  }

  get(name) {
    return this.#devices.get(name);
  }

  all() {
    return this.#devices.values();
  }

  /** What the server says of all of them now. Sessions that have begun or ended since are known by their number. */
  load(answer) {
    const before = this.#devices;
    // Of several gateways each counts its own sessions, and we hear the events of the one that we ask.
    const asked = answer.server.gateway;
    this.#asked = asked ?? null;
    this.#devices = new Map();
    const ago = (seconds) => (seconds === null ? null : Date.now() - seconds * 1000);
    for (const of of answer.devices) {
      const old = before.get(of.device);
      const device = {
        name: of.device,
        registered: of.registered,
        session: null,
        lastEnded: old?.lastEnded ?? -1,
        lastSeen: ago(of.last_seen_seconds_ago),
        from: of.from,
        ended: of.ended?.why ?? null,
        refused: of.refused?.times ?? 0,
        refusedWhy: of.refused?.why ?? null,
        displaced: of.displaced?.times ?? 0,
        removed: ago(of.removed_seconds_ago),
        gateway: of.gateway ?? null,
      };
      const session = of.session;
      const isHere = asked === undefined || of.gateway === asked;
      if (session && (!isHere || session.number > device.lastEnded)) {
        device.session = {
          number: session.number, since: ago(session.connected_seconds), from: session.from, mode: session.mode,
          isHere,
        };
      }
      // Confirmed while the answer was on its way.
      const isNewer = () => old.session.number > Math.max(session?.number ?? -1, device.lastEnded);
      if (old?.session?.isHere && (!session || isHere) && isNewer()) {
        device.session = old.session;
      }
      this.#devices.set(device.name, device);
    }
  }

  /** The server was started again: it counts its sessions from the beginning, and none of the old ones is there. */
  forgetSessions() {
    for (const device of this.#devices.values()) {
      if (device.session?.isHere) device.session = null;
      device.lastEnded = -1;
    }
  }

  /** What an event says. Returns whether the whole has to be read again. */
  hear(event) {
    switch (event.event) {
      case "lowkey.confirmed": return this.#confirmed(event);
      case "lowkey.ended": return this.#ended(event);
      case "lowkey.missed":
      case "lowkey.paired":
      case "lowkey.registry_loaded": return true;
      default: return false;
    }
  }

  #confirmed(event) {
    const device = this.#devices.get(event.device);
    if (!device) return true;
    const before = device.session?.isHere ? device.session.number : -1;
    if (event.session > Math.max(before, device.lastEnded)) {
      const since = this.#clock.of(event.time);
      device.session = { number: event.session, since, from: event.from ?? null, mode: event.mode, isHere: true };
      device.gateway = this.#asked;
      device.from = device.session.from;
    }
    return false;
  }

  #ended(event) {
    const device = this.#devices.get(event.device);
    if (!device) return true;
    device.lastEnded = Math.max(device.lastEnded, event.session);
    if (event.reason === "displaced" || event.reason === "moved") device.displaced += 1;
    if (device.session && (!device.session.isHere || device.session.number > event.session)) return false;
    device.session = null;
    device.ended = event.reason;
    device.lastSeen = this.#clock.of(event.time);
    return false;
  }
}

/** In which state a device is: `connected`, `absent`, `never` seen, or `removed` from the registry. */
export function state(device) {
  if (device.session) return "connected";
  if (!device.registered) return "removed";
  return device.lastSeen === null ? "never" : "absent";
}

/** Since when it is so, or null. */
export function since(device) {
  if (device.session) return device.session.since;
  return device.registered ? device.lastSeen : device.removed;
}
