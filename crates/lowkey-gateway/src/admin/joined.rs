//! What all gateways of a fleet know, as one answer: that of the gateway that was asked, and in it what the others say.

mod devices;
mod findings;

use super::here::Question;
use super::json::rows;
use serde_json::{Value, json};

/// What one of them has answered, or why it has not.
pub(super) type Said = (String, Result<Value, String>);

/// Answers from `name`, which was asked, and from the others.
pub(super) struct Joined {
    pub(super) name: String,
    pub(super) own: Value,
    pub(super) others: Vec<Said>,
}

impl Joined {
    /// Of texts; what is no JSON object is no answer.
    pub(super) fn of(name: &str, own: &str, others: Vec<(String, Result<String, String>)>) -> Self {
        let read = |text: &str| serde_json::from_str(text).ok().filter(Value::is_object);
        let others = others.into_iter().map(|(name, text)| {
            let value = text.and_then(|text| read(&text).ok_or_else(|| "it has answered nothing".to_owned()));
            (name, value)
        });
        Self { name: name.to_owned(), own: read(own).unwrap_or_default(), others: others.collect() }
    }

    pub(super) fn text(self, question: &Question) -> String {
        match question {
            Question::Overview => self.overview(),
            Question::Sessions => self.sessions(),
            Question::Devices(wanted) => self.devices(wanted),
            Question::Doctor(about) => self.findings(about.is_some()),
        }
    }

    /// Which gateways there are, and who has not answered.
    fn gateways(&self) -> Value {
        let own = json!({ "error": null, "name": self.name });
        let others = self.others.iter().map(|(name, said)| {
            let error = said.as_ref().err();
            json!({ "error": error, "name": name })
        });
        [own].into_iter().chain(others).collect()
    }

    fn sessions(mut self) -> String {
        self.own["server"]["gateway"] = self.name.as_str().into();
        self.own["server"]["gateways"] = self.gateways();
        let mut all = tagged(&mut self.own, "sessions", &self.name);
        for (name, said) in &mut self.others {
            let Ok(said) = said else { continue };
            all.extend(tagged(said, "sessions", name));
            add(&mut self.own["totals"], &said["totals"]);
        }
        all.sort_by(|a, b| a["device"].as_str().cmp(&b["device"].as_str()));
        let mut text = format!("{{\"server\":{},\n\"sessions\":", self.own["server"]);
        rows(&mut text, all.into_iter());
        text + &format!(",\n\"totals\":{}}}\n", self.own["totals"])
    }

    fn overview(mut self) -> String {
        let of = |name: &str, said: Result<&Value, &String>| {
            let value = said.ok();
            json!({
                "accepting": value.map(|of| &of["server"]["accepting"]),
                "error": said.err(),
                "lets_nobody_in": value.map(|of| &of["registry"]["lets_nobody_in"]),
                "name": name,
                "service_up": value.map(|of| &of["service"]["up"]),
                "sessions": value.map(|of| &of["totals"]["sessions"]),
                "store_up": value.map(|of| &of["store"]["up"]),
            })
        };
        let own = of(&self.name, Ok(&self.own));
        let others = self.others.iter().map(|(name, said)| of(name, said.as_ref()));
        let gateways: Value = [own].into_iter().chain(others).collect();
        let mut windows = tagged(&mut self.own, "windows", &self.name);
        for (name, said) in &mut self.others {
            let Ok(said) = said else { continue };
            windows.extend(tagged(said, "windows", name));
            add(&mut self.own["totals"], &said["totals"]);
        }
        self.own["windows"] = windows.into();
        self.own["gateways"] = gateways;
        self.own["server"]["gateway"] = self.name.into();
        format!("{}\n", self.own)
    }
}

/// The values of an array, with whose they are.
fn tagged(of: &mut Value, array: &str, gateway: &str) -> Vec<Value> {
    let Value::Array(mut values) = of[array].take() else { return Vec::new() };
    for value in values.iter_mut().filter(|value| value.is_object()) {
        value["gateway"] = gateway.into();
    }
    values.retain(Value::is_object);
    values
}

/// Adds numbers to those of the same name.
fn add(totals: &mut Value, others: &Value) {
    let Some(totals) = totals.as_object_mut() else { return };
    for (name, total) in totals {
        if let (Some(a), Some(b)) = (total.as_u64(), others[name].as_u64()) {
            *total = a.saturating_add(b).into();
        }
    }
}

/// What the others are asked when this is.
pub(super) fn asked(question: &Question) -> String {
    match question {
        Question::Overview => "/overview".to_owned(),
        Question::Sessions => "/sessions".to_owned(),
        Question::Devices(wanted) => wanted.of_another(),
        Question::Doctor(None) => "/doctor".to_owned(),
        Question::Doctor(Some(about)) => format!("/doctor?about={}", super::query::encoded(about)),
    }
}
