// Asks the server, hears its events, and has the parts of the page show what is so: a few times a second at most,
// however much happens.

import { Dialog, findings } from "./device.js";
import { Fleet } from "./fleet.js";
import { Glance } from "./glance.js";
import { Table } from "./table.js";
import { clock, element, say } from "./words.js";

const DRAW_MS = 500;
const GLANCE_MS = 5000;
const LOAD_MS = 5000;
const RELOAD_MS = 60_000;
const EVENTS = 50;

/** From the server's clock to ours. */
const clocks = {
  ahead: 0,
  note(answer) {
    const date = Date.parse(answer.headers.get("date") ?? "");
    if (Number.isNaN(date)) return;
    const ahead = Date.now() - date;
    this.ahead = Math.abs(ahead) > 2000 ? ahead : 0; // a date says no less than a second
  },
  of(time) {
    const then = Date.parse(time);
    return Number.isNaN(then) ? Date.now() : Math.min(Date.now(), then + this.ahead);
  },
};

async function ask(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  clocks.note(answer);
  return answer.json();
}

const fleet = new Fleet(clocks);
const dialog = new Dialog(ask);
const table = new Table(fleet, (name) => dialog.open(name));
const glance = new Glance();
const past = [];
/** What was heard before the devices were read for the first time. */
const early = [];
const page = { changed: true, loading: false, stale: false, loaded: 0, open: false, run: null };

function link(text, className) {
  const at = document.getElementById("link");
  say(at, text);
  at.className = className;
}

/** Reads all devices, unless that was just done; then a little later. */
async function load() {
  page.stale = true;
  if (page.loading) return;
  page.loading = true;
  const wait = page.loaded + LOAD_MS - Date.now();
  if (page.loaded && wait > 0) await new Promise((done) => setTimeout(done, wait));
  page.stale = false;
  const asked = Date.now();
  try {
    fleet.load(await ask("/devices"));
    page.changed = true;
    // What had happened when it was asked is in the answer; a clock says that to a few seconds.
    const news = early.splice(0).filter((event) => fleet.hear(event) && clocks.of(event.time) > asked - 3000);
    page.stale ||= news.length > 0;
    if (page.open) link("live", "live");
  } catch {
    // The link says that the server is gone; the events bring us here again.
  }
  page.loaded = Date.now();
  page.loading = false;
  if (page.stale) load();
}

async function look() {
  if (document.hidden) return;
  try {
    glance.show(await ask("/overview"), performance.now());
  } catch {
    return;
  }
  if (Date.now() - page.loaded > RELOAD_MS) load(); // attempts are judged later, and no event says of whom one was
}

function hear(message) {
  const event = JSON.parse(message.data);
  page.changed = true;
  // What stands in front of an event's id is which run of a server it is of.
  const [run] = message.lastEventId.split("-");
  if (page.run !== null && run !== page.run) {
    fleet.forgetSessions();
    early.length = 0;
    load();
  }
  page.run = run;
  if (page.loaded === 0) early.push(event);
  else if (fleet.hear(event)) load();
  if (event.device !== undefined) dialog.hear(event.device);
  past.unshift(event);
  past.length = Math.min(past.length, EVENTS);
}

function draw() {
  if (document.hidden || !page.changed) return;
  page.changed = false;
  table.show();
  const at = document.getElementById("events");
  while (at.children.length > past.length) at.lastElementChild.remove();
  while (at.children.length < past.length) {
    const line = element("li");
    line.append(element("time"), element("span"));
    at.append(line);
  }
  past.forEach((event, n) => {
    const [when, what] = at.children[n].children;
    say(when, `${clock(clocks.of(event.time))} `);
    const details = Object.entries(event).filter(([name]) => !QUIET.has(name)).map(([name, is]) => `${name}=${is}`);
    say(what, [event.device ?? "", event.message ?? event.event, ...details].filter(Boolean).join(" "));
    what.className = event.level === "WARN" || event.level === "ERROR" ? "bad" : "";
  });
}

const QUIET = new Set(["device", "event", "level", "message", "session", "target", "time"]);

function listen() {
  const events = new EventSource("/events?last=20");
  events.addEventListener("open", () => {
    page.open = true;
    link("reading what is so …", "");
    load();
    look();
  });
  events.addEventListener("message", hear);
  events.addEventListener("error", () => {
    page.open = false;
    link("no connection to the server; asking again", "lost");
    // A browser gives up after an answer that is none.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
}

document.getElementById("ask").addEventListener("click", async ({ target }) => {
  const at = document.getElementById("findings");
  target.disabled = true;
  at.replaceChildren(element("p", "asking …"));
  try {
    at.replaceChildren(...findings(await ask("/doctor")));
  } catch (error) {
    at.replaceChildren(element("p", error.message));
  }
  target.disabled = false;
  target.focus();
});
document.addEventListener("visibilitychange", () => {
  page.changed = true;
  draw();
  look();
});
setInterval(draw, DRAW_MS);
// Times grow by themselves.
setInterval(() => { page.changed = true; }, 1000);
setInterval(look, GLANCE_MS);
listen();
dialog.openFromAddress();
