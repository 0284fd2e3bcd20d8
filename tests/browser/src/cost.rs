//! What it costs: rows, elements, bytes. Times are printed, and hold nobody to anything.

use crate::Scene;
use serde_json::Value;
use std::time::Instant;
use xtask::command::Result;

/// 5,000 devices at 500 events a second.
pub(crate) fn bounded(scene: &mut Scene<'_>) -> Result<()> {
    let tab = &scene.tab;
    let elements = |when: &str| -> Result<u64> {
        let count = tab.value("document.querySelectorAll('*').length")?.as_u64().unwrap_or(0);
        println!("  {count} elements {when}");
        Ok(count)
    };
    let before = elements("before")?;
    let work = |of: &str| -> Result<f64> {
        let metrics = tab.call("Performance.getMetrics", &Value::Null)?;
        let metric = metrics["metrics"].as_array().into_iter().flatten().find(|metric| metric["name"] == of);
        Ok(metric.and_then(|metric| metric["value"].as_f64()).unwrap_or(0.0))
    };
    tab.call("Performance.enable", &serde_json::json!({}))?;
    let (busy, begun) = (work("TaskDuration")?, Instant::now());
    tab.events();
    let events = scene.site.churn(EVENTS, SECONDS)?;
    let took = begun.elapsed().as_secs_f64();
    // What it was told last is on the page: all of it has come.
    let last = scene.site.connect(1, "192.0.2.9:50001")?;
    tab.until("document.querySelector('#events').textContent.includes('pump-1 session confirmed')")?;
    let busy = work("TaskDuration")? - busy;
    let received = tab.events();
    let bytes: u64 = received
        .iter()
        .filter(|event| event["method"] == "Network.dataReceived")
        .filter_map(|event| event["params"]["dataLength"].as_u64())
        .sum();
    let (per_event, per_second) = (bytes / u64::from(events), f64::from(events) / took);
    println!(
        "  {events} events, {per_second:.0} a second; {per_event} bytes each, with all that was asked for meanwhile"
    );
    println!("  the page worked for {busy:.2} s of {took:.1} s");
    let after = elements("after")?;
    // The rows are there already; lines of events come, at most 50 with three elements each.
    if after > before + 3 * 50 + 20 {
        return Err(format!("it grows: {before} elements, then {after}").into());
    }
    let rows = tab.value("document.querySelectorAll('#devices tbody tr').length")?;
    if rows != 100 {
        return Err(format!("{rows} rows").into());
    }
    if per_event > MOST_BYTES {
        return Err(format!("{per_event} bytes an event, {MOST_BYTES} at most").into());
    }
    let heard = received.iter().filter(|event| event["method"] == "Network.eventSourceMessageReceived");
    let heard: Vec<&str> = heard.filter_map(|event| event["params"]["data"].as_str()).collect();
    if heard.iter().any(|data| data.contains("lowkey.missed")) || heard.len() < events as usize {
        return Err(format!("it heard {} of {events} events", heard.len()).into());
    }
    drop(last);
    // And it is right: nobody is connected, whatever came and went.
    tab.value("document.getElementById('state').value = 'connected'; document.getElementById('state').dispatchEvent(new Event('input'))")?;
    tab.until("document.getElementById('count').textContent.startsWith('rows 0 to 0 of 0, ')")?;
    if scene.site.sessions() != 0 {
        return Err("somebody is connected".into());
    }
    Ok(())
}

const EVENTS: u32 = 500;
const SECONDS: u32 = 8;
/// Of an event, and of a look at everything now and then.
const MOST_BYTES: u64 = 2_000;
