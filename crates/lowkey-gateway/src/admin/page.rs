//! The page for a browser: one document, its style, its scripts, all of it from here.
//!
//! It asks this listener alone, by [the policy](POLICY) that goes with it, and changes nothing on the server.

use crate::http::{Answer, asset as answer};

/// What a browser asks for at `path`, if it is something of the page.
pub(super) fn asset(path: &str) -> Option<Answer> {
    let (_, content_type, text) = ASSETS.iter().find(|(at, ..)| *at == path)?;
    Some(answer(content_type, text, POLICY))
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const ASSETS: [(&str, &str, &str); 9] = [
    ("/", "text/html; charset=utf-8", include_str!("page/index.html")),
    ("/page/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("/page/page.css", "text/css; charset=utf-8", include_str!("page/page.css")),
    ("/page/main.js", SCRIPT, include_str!("page/main.js")),
    ("/page/fleet.js", SCRIPT, include_str!("page/fleet.js")),
    ("/page/table.js", SCRIPT, include_str!("page/table.js")),
    ("/page/device.js", SCRIPT, include_str!("page/device.js")),
    ("/page/glance.js", SCRIPT, include_str!("page/glance.js")),
    ("/page/words.js", SCRIPT, include_str!("page/words.js")),
];
/// Nothing from anywhere else, nothing in line, no markup made by a script, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";
