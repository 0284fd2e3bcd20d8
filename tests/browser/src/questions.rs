//! What an operator asks, answered by the page.

use crate::{Scene, tab::Tab};
use serde_json::json;
use xtask::command::Result;

/// Who is missing and since when; what happened to one last; is the service behind healthy; which two boards share a
/// page; did a revocation hold.
pub(crate) fn five(scene: &mut Scene<'_>) -> Result<()> {
    let (tab, site) = (&scene.tab, scene.site);
    let here = site.connect(7, "192.0.2.7:50000")?;
    let gone = site.connect(8, "192.0.2.8:50000")?;
    let revoked = site.connect(9, "192.0.2.10:50000")?;
    choose(tab, "pump-7", "connected")?;
    tab.until(&row("pump-7", "connected"))?;

    // Missing, and since when.
    drop(gone);
    choose(tab, "pump-8", "absent")?;
    tab.until(&row("pump-8", "absent"))?;
    let cells = tab.text("#devices tbody tr")?;
    if !cells.contains(" s192.0.2.8") || !cells.contains("closed") {
        return Err(format!("it does not say since when, from where and how: {cells}").into());
    }

    // What happened to one last.
    open(tab, "pump-8")?;
    tab.until("document.querySelectorAll('#history li').length > 1")?;
    let history = tab.text("#history")?;
    if !history.contains("closed") || !history.contains("connected") {
        return Err(format!("its history: {history}").into());
    }
    tab.value("document.getElementById('close').click()")?;

    // Two boards with one page, from two addresses.
    let mut twins = Vec::new();
    for turn in 0..8 {
        twins.push(site.connect(11, if turn % 2 == 0 { "192.0.2.11:1" } else { "198.51.100.11:1" })?);
    }
    tab.value("document.getElementById('ask').click()")?;
    tab.until("document.getElementById('findings').textContent.includes('pump-11')")?;
    let said = tab.text("#findings")?;
    if !["192.0.2.11", "198.51.100.11"].iter().all(|address| said.contains(address)) {
        return Err(format!("both addresses are not named: {said}").into());
    }

    // The service behind.
    site.service_goes_down();
    tab.until("document.getElementById('glance').textContent.includes('Service behinddown for ')")?;
    tab.until("document.getElementById('warnings').textContent.includes('is down')")?;
    site.service_comes_back()?;
    tab.until("document.getElementById('glance').textContent.includes('Service behindup')")?;

    // A revocation.
    site.revoke("pump-9")?;
    choose(tab, "pump-9", "removed")?;
    tab.until(&row("pump-9", "not registered"))?;
    open(tab, "pump-9")?;
    tab.until(
        "document.getElementById('device-state').textContent.startsWith('No longer in the registry, for ')",
    )?;
    tab.until("document.getElementById('history').textContent.includes('revoked')")?;
    drop((here, revoked, twins));
    Ok(())
}

/// What the page takes from a server that counts its sessions from the beginning: it is played to the page's own
/// scripts, as no other server could have the address for certain.
pub(crate) fn again(scene: &mut Scene<'_>) -> Result<()> {
    scene.tab.call("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": TWO_RUNS }))?;
    scene.tab.call("Page.reload", &json!({}))?;
    scene.tab.until("document.getElementById('count').textContent === 'rows 1 to 2 of 2'")?;
    scene.tab.value("leave()").map(drop)?;
    for (name, before) in [("here", "connected"), ("there", "absent")] {
        scene.tab.until(&row(name, before))?;
    }
    scene.tab.value("startAgain()").map(drop)?;
    // The session of the first run has a larger number than all of the second.
    for (name, after) in [("here", "absent"), ("there", "connected")] {
        scene.tab.until(&row(name, after))?;
    }
    // Its clock was an hour ahead of ours, and is right by now.
    scene.tab.value("confirm()").map(drop)?;
    scene.tab.until(&row("here", "connected"))?;
    let time = "document.querySelector('#devices tbody tr').cells[2].textContent";
    if scene.tab.value(&format!("/ (s|min)$/.test({time}) && !/ h /.test({time})"))? != true {
        return Err("times are those of a clock that was put right".into());
    }
    Ok(())
}

/// A server in front of the page's scripts: in its first run `here` is connected and `there` has left, in its second it
/// is the other way round.
const TWO_RUNS: &str = "
let connected = { here: 8 };
let ahead = 3_600_000;
let source;
window.EventSource = class extends EventTarget {
  readyState = 1;
  constructor() { super(); source = this; setTimeout(() => this.dispatchEvent(new Event('open'))); }
};
const told = (run, event) => source.dispatchEvent(new MessageEvent('message', {
  lastEventId: `${run}-1`, data: JSON.stringify({ level: 'INFO', time: new Date().toISOString(), ...event }),
}));
const device = (name) => ({
  device: name, registered: true, from: null, labels: {}, last_seen_seconds_ago: 1, sessions: 1, session:
  name in connected ? { number: connected[name], connected_seconds: 1, from: null, mode: 'KK' } : null,
});
const asked = window.fetch;
window.fetch = async (path, options) => path === '/devices'
  ? new Response(JSON.stringify({ devices: ['here', 'there'].map(device) }), {
      headers: { date: new Date(Date.now() + ahead).toUTCString() },
    })
  : asked(path, options);
window.leave = () => told('a', { event: 'lowkey.ended', device: 'there', session: 9, reason: 'closed' });
window.startAgain = () => {
  connected = { there: 0 };
  ahead = 0;
  told('b', { event: 'lowkey.missed', events: null });
};
window.confirm = () => told('b', { event: 'lowkey.confirmed', device: 'here', session: 1, mode: 'KK' });
";

/// What stores cannot, and has refused some for good: as the overview says it, under a name and for a reason that would
/// be markup.
pub(crate) fn stores(scene: &mut Scene<'_>) -> Result<()> {
    let tab = &scene.tab;
    if tab.text("#glance")?.contains("What stores") {
        return Err("it is shown where nothing stores".into());
    }
    tab.value(STORE).map(drop)?;
    let (glance, warnings) = ("document.getElementById('glance')", "document.getElementById('warnings')");
    tab.until(&format!("{glance}.textContent.includes('What storescannot store for 1 min 5 s')"))?;
    tab.until(&format!("{glance}.textContent.includes('Messages set aside1,234')"))?;
    tab.until(&format!("{warnings}.textContent.includes('cannot store: <b>503</b>; devices that wait: 7')"))?;
    tab.until(&format!("{warnings}.textContent.includes('no room for more of 1 of them')"))?;
    if tab.value(&format!("{warnings}.querySelector('b') === null"))? != true {
        return Err("what others have said is markup".into());
    }
    tab.value("store.up = true; store.aside = null").map(drop)?;
    tab.until(&format!("{glance}.textContent.includes('What storesup')"))?;
    tab.until(&format!("!{warnings}.textContent.includes('store')"))
}

/// What the overview of a server says that cannot store.
const STORE: &str = "
window.store = {
  up: false, name: 'https://in.example/', error: '<b>503</b>', down_seconds: 65, devices_waiting: 7,
  aside: { messages: 1234, messages_limit: 10000, bytes: 1, bytes_limit: 2, devices: 3, full: ['a'] },
};
const before = window.fetch;
window.fetch = async (path, options) => {
  const answer = await before(path, options);
  if (path !== '/overview') return answer;
  return new Response(JSON.stringify({ ...(await answer.json()), store: window.store }), { headers: answer.headers });
};
0";

/// The listener ends.
pub(crate) fn gone(scene: &mut Scene<'_>) -> Result<()> {
    scene.site.end_admin();
    scene.tab.until("document.getElementById('link').textContent.startsWith('no connection to the server')")
}

fn choose(tab: &Tab<'_>, name: &str, state: &str) -> Result<()> {
    let set = |id: &str, value: &str| {
        format!(
            "document.getElementById('{id}').value = '{value}'; document.getElementById('{id}').dispatchEvent(new Event('input'));"
        )
    };
    tab.value(&(set("name", name) + &set("state", state))).map(drop)
}

fn row(name: &str, state: &str) -> String {
    format!(
        "[...document.querySelectorAll('#devices tbody tr')].some((row) => row.cells[0].textContent === '{name}' && row.cells[1].textContent === '{state}')"
    )
}

fn open(tab: &Tab<'_>, name: &str) -> Result<()> {
    tab.value(&format!("[...document.querySelectorAll('#devices tbody tr')].find((row) => row.cells[0].textContent === '{name}').querySelector('button').click()")).map(drop)
}
