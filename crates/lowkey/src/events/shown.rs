//! An event as a line for people.

use crate::show::Style;
use lowkey_host::text::clean;
use serde_json::{Map, Value};

/// Time, what happened, and its fields, the device first.
pub(super) fn text(event: &Value, style: Style) -> String {
    let text = |field: &str| event[field].as_str().map(clean).unwrap_or_default();
    let time = text("time");
    // To a second: what matters below that is in the JSON.
    let time = time.split_once('.').map_or(&*time, |(time, _)| time).replacen('T', " ", 1);
    let said = match (text("message"), text("event")) {
        (message, name) if message.is_empty() => name,
        (message, _) => message,
    };
    let said = match event["level"].as_str() {
        Some("WARN" | "ERROR") => style.warning(&said),
        _ => style.bold(&said),
    };
    let none = Map::new();
    let fields = event.as_object().unwrap_or(&none);
    let mut line = format!("{time}  {said}");
    let device = fields.get_key_value("device");
    for (name, value) in device.into_iter().chain(fields.iter().filter(|(name, _)| is_a_detail(name))) {
        line += &match value {
            Value::String(text) if is_plain(text) => format!(" {}={text}", clean(name)),
            Value::String(text) => clean(&format!(" {name}={text:?}")),
            value => clean(&format!(" {name}={value}")),
        };
    }
    line
}

fn is_a_detail(name: &str) -> bool {
    !["device", "event", "level", "message", "session", "target", "time"].contains(&name)
}

/// Whether it needs no quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_.:[]/%@+".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_time_what_happened_and_its_fields_and_steers_no_terminal() {
        let event = serde_json::json!({
            "time": "2026-11-29T00:49:09.751376Z", "level": "INFO", "target": "lowkey", "event": "lowkey.ended",
            "message": "session ended", "reason": "closed", "device": "pump \u{1b}[2J7", "seconds": 3,
            "by": null, "session": 4, "error": "it \"broke\"\n",
        });
        assert_eq!(
            text(&event, Style::Plain),
            "2026-11-29 00:49:09  session ended device=\"pump \\u{1b}[2J7\" by=null error=\"it \\\"broke\\\"\\n\" \
             reason=closed seconds=3"
        );
        let strange =
            serde_json::json!({ "level": "WARN", "event": "lowkey.\u{9b}", "\u{7}": [1, "\u{1b}"] });
        let line = text(&strange, Style::Coloured);
        assert!(line.starts_with("  \u{1b}[33mlowkey.\\u{9b}\u{1b}[0m"), "{line:?}");
        assert_eq!(line.matches(char::is_control).count(), 2, "{line:?}");
        assert_eq!(text(&serde_json::json!([]), Style::Plain), "  ");
    }
}
