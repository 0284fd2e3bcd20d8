//! What somebody does who has no mouse.

use crate::{Scene, tab::Tab};
use xtask::command::Result;

/// From the search to a device and back, with Tab, Enter and Escape.
pub(crate) fn keys_alone(scene: &mut Scene<'_>) -> Result<()> {
    let tab = &scene.tab;
    press_until(tab, "document.activeElement.id === 'name'")?;
    tab.types("pump-42")?;
    tab.until("document.getElementById('count').textContent.startsWith('rows 1 to 100 of 111, ')")?;
    press_until(
        tab,
        "document.activeElement.textContent === 'pump-42' && document.activeElement.tagName === 'BUTTON'",
    )?;
    let shown = "getComputedStyle(document.activeElement).outlineStyle === 'solid'";
    if tab.value(shown)? != true {
        return Err("nobody sees where the focus is".into());
    }
    tab.key("Enter", 13, "\r")?;
    tab.until("document.getElementById('device').open && document.getElementById('device').contains(document.activeElement)")?;
    tab.until("document.getElementById('device-state').textContent !== 'asking …'")?;
    if tab.value("location.hash")? != "#device=pump-42" {
        return Err("the address does not say which device is shown".into());
    }
    tab.key("Escape", 27, "")?;
    tab.until("!document.getElementById('device').open && document.activeElement.textContent === 'pump-42'")?;
    // Sorted by a heading, and turned over.
    tab.value("document.getElementById('name').value = ''; document.getElementById('name').dispatchEvent(new Event('input')); document.body.focus()")?;
    press_until(tab, "document.activeElement.parentElement?.dataset?.order === 'name'")?;
    tab.key("Enter", 13, "\r")?;
    tab.until("document.querySelector('th[data-order=name]').getAttribute('aria-sort') === 'descending'")?;
    press_until(tab, "document.activeElement.id === 'behind'")?;
    tab.key("Enter", 13, "\r")?;
    tab.until("document.getElementById('count').textContent.startsWith('rows 101 to 200 of ')")
}

/// The back button, a link that somebody sent, a name that is nobody's and is something to JavaScript.
pub(crate) fn addresses(scene: &mut Scene<'_>) -> Result<()> {
    let tab = &scene.tab;
    let goes = |to: &str| tab.value(&format!("location.hash = '{to}'"));
    for name in ["pump-7", "__proto__", "constructor", "%22%3E%3Cimg%20src=x%3E", "%ed%a0%80", ""] {
        goes(&format!("device={name}"))?;
        tab.until(&format!(
            "document.getElementById('device').open && document.getElementById('device-name').textContent === \
             new URLSearchParams('device={name}').get('device') && \
             /Never seen|Absent|No device/.test(document.getElementById('device-state').textContent)"
        ))?;
    }
    goes("")?;
    tab.until("!document.getElementById('device').open")?;
    if tab.value("document.querySelectorAll('img').length")? != 1 {
        return Err("a name has become markup".into());
    }
    Ok(())
}

/// Tab, until the focus is where it `is`.
fn press_until(tab: &Tab<'_>, is: &str) -> Result<()> {
    for _ in 0..250 {
        tab.key("Tab", 9, "")?;
        if tab.value(is)? == true {
            return Ok(());
        }
    }
    Err(format!("no key leads there: {is}").into())
}
