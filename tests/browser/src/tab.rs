//! A tab of the browser: what its page says, and what hands do there.

use crate::chromium::Chromium;
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::{Duration, Instant};
use xtask::command::Result;

pub(crate) struct Tab<'c> {
    chromium: &'c Chromium,
    target: String,
    session: String,
}

impl<'c> Tab<'c> {
    /// A tab of its own, whose page may not have come yet.
    pub(crate) fn open(chromium: &'c Chromium, address: &str) -> Result<Self> {
        let new = chromium.call(None, "Target.createTarget", &json!({ "url": "about:blank" }))?;
        let target = text(&new["targetId"])?;
        let attached = json!({ "targetId": target, "flatten": true });
        let attached = chromium.call(None, "Target.attachToTarget", &attached)?;
        let tab = Self { chromium, target, session: text(&attached["sessionId"])? };
        for domain in ["Page", "Runtime", "Network", "Log"] {
            tab.call(&format!("{domain}.enable"), &json!({}))?;
        }
        tab.window(1280, 900)?;
        tab.call("Page.navigate", &json!({ "url": address }))?;
        Ok(tab)
    }

    pub(crate) fn call(&self, method: &str, parameters: &Value) -> Result<Value> {
        self.chromium.call(Some(&self.session), method, parameters)
    }

    /// What has happened in it, by DevTools' names, since it was taken last.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.chromium.events(&self.session)
    }

    pub(crate) fn window(&self, width: u32, height: u32) -> Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", &size).map(drop)
    }

    /// `light` or `dark`.
    pub(crate) fn scheme(&self, scheme: &str) -> Result<()> {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", &features).map(drop)
    }

    /// What an expression of JavaScript comes to; a promise is waited for.
    pub(crate) fn value(&self, expression: &str) -> Result<Value> {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", &asked)?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(format!("{expression}: {details}").into()),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// The text of an element.
    pub(crate) fn text(&self, selector: &str) -> Result<String> {
        let text = self.value(&format!("document.querySelector({})?.textContent", json!(selector)))?;
        text.as_str().map(str::to_owned).ok_or_else(|| format!("there is no {selector}").into())
    }

    /// Waits until it is so.
    pub(crate) fn until(&self, expression: &str) -> Result<()> {
        let begun = Instant::now();
        // What is looked at may not be there yet.
        let is_so =
            format!("(() => {{ try {{ return Boolean({expression}) }} catch {{ return false }} }})()");
        while self.value(&is_so)? != Value::Bool(true) {
            if begun.elapsed() > LIMIT {
                let body = self.value("document.body.innerText")?;
                return Err(
                    format!("it does not become so: {expression}\n{}", body.as_str().unwrap_or("")).into()
                );
            }
            sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// A key is pressed and let go, like `Tab` or `Enter`; `text` is what it writes.
    pub(crate) fn key(&self, name: &str, code: u32, text: &str) -> Result<()> {
        let mut event =
            json!({ "type": "keyDown", "key": name, "code": name, "windowsVirtualKeyCode": code });
        if !text.is_empty() {
            event["text"] = text.into();
        }
        self.call("Input.dispatchKeyEvent", &event)?;
        event["type"] = "keyUp".into();
        self.call("Input.dispatchKeyEvent", &event).map(drop)
    }

    pub(crate) fn types(&self, text: &str) -> Result<()> {
        self.call("Input.insertText", &json!({ "text": text })).map(drop)
    }

    /// What it shows, as PNG in base64.
    pub(crate) fn picture(&self) -> Result<String> {
        let whole = json!({ "format": "png", "captureBeyondViewport": false });
        text(&self.call("Page.captureScreenshot", &whole)?["data"])
    }
}

impl Drop for Tab<'_> {
    fn drop(&mut self) {
        // The browser may have ended.
        let _ = self.chromium.call(None, "Target.closeTarget", &json!({ "targetId": self.target }));
    }
}

fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| "that is no text".into())
}

/// A limit for what hangs.
const LIMIT: Duration = Duration::from_secs(240);
