// One device: what is known of it, what happened to it, what the doctor says.

import { amount, element, number, say, time } from "./words.js";

const AGAIN_MS = 5000;

/** The dialog. The device that it shows stands behind the # of the address as well, so that it can be sent around. */
export class Dialog {
  #ask;
  #at = document.getElementById("device");
  #name = null;
  #again = 0;

  constructor(ask) {
    this.#ask = ask;
    document.getElementById("close").addEventListener("click", () => this.#at.close());
    this.#at.addEventListener("close", () => {
      // It may have been opened again by now.
      if (this.#at.open) return;
      this.#name = null;
      history.replaceState(null, "", location.pathname);
    });
    // Times go on, and attempts are judged later.
    setInterval(() => { if (this.#name !== null && !document.hidden) this.#read(this.#name); }, AGAIN_MS);
    addEventListener("hashchange", () => this.openFromAddress());
  }

  openFromAddress() {
    const name = new URLSearchParams(location.hash.slice(1)).get("device");
    if (name === null) this.#at.close();
    else if (name !== this.#name) this.open(name);
  }

  async open(name) {
    this.#name = name;
    history.replaceState(null, "", `#device=${encodeURIComponent(name)}`);
    say(document.getElementById("device-name"), name);
    say(document.getElementById("device-state"), "asking …");
    for (const id of ["facts", "history", "device-findings"]) document.getElementById(id).replaceChildren();
    if (!this.#at.open) this.#at.showModal();
    await this.#read(name);
  }

  /** Something happened to this device. */
  hear(name) {
    if (name !== this.#name || this.#again) return;
    this.#again = setTimeout(() => {
      this.#again = 0;
      if (this.#name === name) this.#read(name);
    }, 1000);
  }

  async #read(name) {
    const about = encodeURIComponent(name);
    let devices, diagnosis;
    try {
      [devices, diagnosis] = await Promise.all([
        this.#ask(`/devices?name=${about}`), this.#ask(`/doctor?about=${about}`),
      ]);
    } catch (error) {
      if (this.#name === name) say(document.getElementById("device-state"), error.message);
      return;
    }
    if (this.#name !== name) return;
    this.#show(devices.devices[0]);
    document.getElementById("device-findings").replaceChildren(...findings(diagnosis));
  }

  #show(device) {
    const at = document.getElementById("device-state");
    if (!device) {
      say(at, "No device has this name, and none had it lately.");
      return;
    }
    const session = device.session;
    say(at, session ? `Connected for ${time(session.connected_seconds)}.` : absent(device));
    const facts = session ? [
      ["from", session.from], ["mode", session.mode], ["id", session.id], ["key", session.key],
      ["last record", `${time(session.last_record_seconds)} ago`],
      ["received", `${amount(session.received_bytes)}, ${number(session.records_received)} records`],
      ["sent", `${amount(session.sent_bytes)}, ${number(session.records_sent)} records`],
    ] : [["last from", device.from]];
    if (device.gateway) facts.push(["gateway", device.gateway]);
    facts.push(["sessions", number(device.sessions)]);
    const ago = (what, seconds) => { if (seconds !== null) facts.push([what, `${time(seconds)} ago`]); };
    ago("first seen", device.first_seen_seconds_ago);
    ago("paired", device.paired_seconds_ago);
    if (device.displaced) {
      const { by, from, times, last_seconds_ago: last } = device.displaced;
      const where = `the session from ${from ?? "somewhere"} by one from ${by ?? "somewhere"}`;
      facts.push(["displaced", `${number(times)} times, ${time(last)} ago ${where}`]);
    }
    if (device.refused) {
      const { why, times, last_seconds_ago: last, from } = device.refused;
      facts.push(["refused", `${number(times)} times, ${time(last)} ago from ${from ?? "somewhere"}: ${why}`]);
    }
    if (device.backend_failed) {
      const { times, last_seconds_ago: last } = device.backend_failed;
      facts.push(["service behind failed", `${number(times)} times, ${time(last)} ago`]);
    }
    const labels = Object.entries(device.labels).map(([label, value]) => `${label}=${value}`).join(", ");
    if (labels) facts.push(["labels", labels]);
    const shown = facts.filter(([, value]) => value !== null).flatMap(([what, value]) => [
      element("dt", what), element("dd", value),
    ]);
    document.getElementById("facts").replaceChildren(...shown);
    const past = device.history.map((event) => element("li", happened(event)));
    document.getElementById("history").replaceChildren(...past);
  }
}

function absent(device) {
  if (!device.registered) {
    const when = device.removed_seconds_ago;
    return `No longer in the registry${when === null ? "" : `, for ${time(when)}`}.`;
  }
  const seen = device.last_seen_seconds_ago;
  if (seen === null) return "Never seen.";
  return `Absent for ${time(seen)}${device.ended ? `; its last session ended as ${device.ended.why}` : ""}.`;
}

function happened(event) {
  const why = event.why ? `: ${event.why}` : "";
  const lasted = event.lasted_seconds ? `, after ${time(event.lasted_seconds)}` : "";
  return `${time(event.seconds_ago)} ago ${event.what}${why}${lasted}`;
}

/** What the doctor says, at most so many. */
export function findings(diagnosis, most = 50) {
  const shown = diagnosis.findings.slice(0, most).map((finding) => {
    const at = element("div", undefined, "finding");
    const where = [finding.from, finding.gateway && `at ${finding.gateway}`].filter(Boolean).join(" ");
    const from = where ? ` (${where})` : "";
    const what = element("p");
    what.append(element("strong", `${finding.who}${from}: `), finding.what);
    at.append(what);
    for (const text of [finding.why, finding.advice]) if (text) at.append(element("p", text));
    if (finding.run) {
      const run = element("p", "run: ");
      run.append(element("code", finding.run));
      at.append(run);
    }
    return at;
  });
  const more = diagnosis.findings.length - shown.length;
  if (more > 0) shown.push(element("p", `and ${number(more)} more: lowkey doctor says them all`));
  if (shown.length === 0) shown.push(element("p", "Nothing is wrong, as far as the server knows."));
  return shown;
}
