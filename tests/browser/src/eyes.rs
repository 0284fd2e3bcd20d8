//! What is seen, by whom: people, screen readers, and whoever would like the page to load something.

use crate::Scene;
use crate::devices::HOSTILE;
use serde_json::{Value, json};
use xtask::command::Result;

pub(crate) fn hostile(scene: &mut Scene<'_>) -> Result<()> {
    let tab = &scene.tab;
    let board = scene.site.connect(0, "192.0.2.7:50000")?;
    let name = json!(HOSTILE);
    tab.until(&format!("document.querySelector('#devices tbody').textContent.includes({name})"))?;
    tab.until(&format!("document.querySelector('#events').textContent.includes({name})"))?;
    tab.value("document.querySelector('#devices tbody button').click()")?;
    tab.until(&format!("document.getElementById('device-name').textContent === {name}"))?;
    tab.until("document.querySelectorAll('#history li').length > 0")?;
    drop(board);
    if tab.value("document.querySelectorAll('img').length")? != 1 || tab.value("document.title")? != "Lowkey"
    {
        return Err("a name has become markup".into());
    }
    Ok(())
}

/// No request to anywhere else, no complaint in the console, no violation of the policy.
pub(crate) fn silent(scene: &mut Scene<'_>) -> Result<()> {
    let tab = &scene.tab;
    tab.value("document.getElementById('ask').click()")?;
    tab.until(
        "document.getElementById('findings').children.length > 0 && !document.getElementById('ask').disabled",
    )?;
    let address = scene.site.address();
    for event in tab.events() {
        let parameters = &event["params"];
        match event["method"].as_str() {
            Some("Network.requestWillBeSent") => {
                let asked = parameters["request"]["url"].as_str().unwrap_or_default();
                if !asked.starts_with(&address) {
                    return Err(format!("it asks for {asked}").into());
                }
            }
            Some("Log.entryAdded") => return Err(format!("the browser says: {}", parameters["entry"]).into()),
            Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled") => {
                return Err(format!("the page says: {parameters}").into());
            }
            _ => (),
        }
    }
    // What somebody smuggles in does not run.
    let _refused = tab.value("document.body.append(Object.assign(document.createElement('script'), { src: 'data:text/javascript,document.title=1' }))");
    tab.value("new Promise((done) => setTimeout(done, 200))")?;
    match tab.value("document.title")? == "Lowkey" {
        true => Ok(()),
        false => Err("a script from elsewhere has run".into()),
    }
}

/// axe finds nothing: with the page, a device and findings; in light and dark, wide and narrow.
pub(crate) fn accessible(scene: &mut Scene<'_>) -> Result<()> {
    let tab = &scene.tab;
    let board = scene.site.connect(12, "192.0.2.7:50000")?;
    tab.value(scene.axe)?;
    tab.value("document.getElementById('ask').click()")?;
    tab.until(
        "document.getElementById('findings').children.length > 0 && !document.getElementById('ask').disabled",
    )?;
    for (scheme, width, device) in [
        ("light", 1280, false),
        ("dark", 1280, false),
        ("light", 390, false),
        ("light", 1280, true),
        ("dark", 390, true),
    ] {
        tab.scheme(scheme)?;
        tab.window(width, 900)?;
        if device && tab.value("document.getElementById('device').open")? != true {
            tab.value("location.hash = '#device=pump-12'")?;
            tab.until("document.querySelectorAll('#facts dd').length > 5")?;
        }
        let found = tab.value("axe.run().then(({ violations }) => violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => node.html).slice(0, 3) })))")?;
        if found.as_array().is_none_or(|found| !found.is_empty()) {
            return Err(format!("{scheme}, {width} wide: {found:#}").into());
        }
        println!(
            "  axe finds nothing: {scheme}, {width} wide{}",
            if device { ", a device open" } else { "" }
        );
    }
    drop(board);
    Ok(())
}

/// Nothing sticks out, and the table scrolls by itself if it must.
pub(crate) fn narrow(scene: &mut Scene<'_>) -> Result<()> {
    for width in [320, 390, 768, 1920] {
        scene.tab.window(width, 900)?;
        let wide = scene.tab.value("document.documentElement.scrollWidth")?;
        if wide.as_u64().is_none_or(|wide| wide > u64::from(width)) {
            return Err(format!("{wide} pixels in a window of {width}").into());
        }
    }
    let hidden = scene.tab.value("matchMedia('(max-width: 48rem)').matches")?;
    if hidden != Value::Bool(false) {
        return Err("a wide window is taken for a narrow one".into());
    }
    Ok(())
}
