//! The book's pictures of the page.

use crate::{Chromium, Site, Tab};
use std::fs;
use std::path::Path;
use xtask::command::{Command, Result};

/// Writes them into `folder`.
pub(crate) fn take(folder: &Path) -> Result<()> {
    let site = Site::begin(500)?;
    let chromium = Chromium::start()?;
    let mut boards = Vec::new();
    for number in 1..450 {
        boards.push(site.connect(number, &format!("192.0.2.{}:50000", number % 250 + 1))?);
    }
    for turn in 0..4 {
        boards.push(site.connect(7, if turn % 2 == 0 { "192.0.2.8:50000" } else { "198.51.100.7:50000" })?);
    }
    boards.drain(20..60);
    let tab = Tab::open(&chromium, &site.address())?;
    tab.window(1280, 860)?;
    tab.until("document.querySelectorAll('#devices tbody tr').length === 100")?;
    tab.until("document.getElementById('glance').textContent.includes('/s')")?;
    for (name, scheme, before) in [
        (
            "page",
            "light",
            "document.getElementById('name').value = 'pump-2*'; document.getElementById('name').dispatchEvent(new Event('input'))",
        ),
        ("page-device", "dark", "location.hash = '#device=pump-7'"),
    ] {
        tab.scheme(scheme)?;
        tab.value(before)?;
        if name == "page-device" {
            tab.until("document.querySelectorAll('#device-findings p').length > 0")?;
        }
        tab.value("new Promise((done) => setTimeout(done, 1000))")?;
        write(&folder.join(format!("{name}.png")), &tab.picture()?)?;
    }
    Ok(())
}

/// Base64 is what coreutils read.
fn write(file: &Path, base64: &str) -> Result<()> {
    let encoded = file.with_extension("base64");
    fs::write(&encoded, base64)?;
    let shell = format!("base64 --decode '{}' > '{}'", encoded.display(), file.display());
    Command::new("sh").args(["-c", &shell]).run()?;
    println!("{}", file.display());
    Ok(fs::remove_file(encoded)?)
}
