// Which devices there are, and what is known of each: read as a whole, then kept up by events.

/** The devices by name. It owns them; others read. */
export class Fleet {
  #devices = new Map();
  #clock;

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

  /**
   * What the server says of all of them now. Sessions that have begun or ended since are known by their number; of
   * several gateways each counts its own.
   */
  load(answer) {
    const before = this.#devices;
    const asked = answer.server?.gateway ?? null;
    this.#devices = new Map();
    const ago = (seconds) => (seconds === null ? null : Date.now() - seconds * 1000);
    for (const of of answer.devices) {
      const old = before.get(of.device);
      const device = {
        name: of.device,
        registered: of.registered,
        session: null,
        lastEnded: old?.lastEnded ?? new Map(),
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
      const isOver = ({ gateway, number }) => number <= (device.lastEnded.get(gateway) ?? -1);
      if (session && !isOver({ gateway: device.gateway, number: session.number })) {
        device.session = {
          gateway: device.gateway, number: session.number, since: ago(session.connected_seconds), from: session.from,
          mode: session.mode,
        };
      }
      // Confirmed while the answer was on its way, at the gateway that has answered: of the others it knows best.
      const last = session && device.gateway === asked ? session.number : -1;
      const isElsewhere = session && device.gateway !== asked;
      if (old?.session?.gateway === asked && !isElsewhere && old.session.number > last && !isOver(old.session)) {
        device.session = old.session;
        device.gateway = asked;
      }
      this.#devices.set(device.name, device);
    }
  }

  /** The server was started again: it counts its sessions from the beginning, and none of the old ones is there. */
  forgetSessions() {
    for (const device of this.#devices.values()) {
      device.session = null;
      device.lastEnded = new Map();
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
    const { session, lastEnded } = device;
    const gateway = event.gateway ?? null;
    const since = this.#clock.of(event.time);
    const last = Math.max(session?.gateway === gateway ? session.number : -1, lastEnded.get(gateway) ?? -1);
    // What another gateway tells comes a little later.
    const isLate = session && session.gateway !== gateway && session.since > since;
    if (event.session > last && !isLate) {
      device.session = { gateway, number: event.session, since, from: event.from ?? null, mode: event.mode };
      device.from = device.session.from;
      device.gateway = gateway;
    }
    return false;
  }

  #ended(event) {
    const device = this.#devices.get(event.device);
    if (!device) return true;
    const { session, lastEnded } = device;
    const gateway = event.gateway ?? null;
    lastEnded.set(gateway, Math.max(lastEnded.get(gateway) ?? -1, event.session));
    if (event.reason === "displaced" || event.reason === "moved") device.displaced += 1;
    if (session && (session.gateway !== gateway || session.number > event.session)) return false;
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
