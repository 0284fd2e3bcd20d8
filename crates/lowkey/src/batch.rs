//! `lowkey provision` of many devices at once.

use crate::chosen::Chosen;
use crate::failure::{Exit, Failure};
use crate::in_force::Asked;
use crate::terminal::{path, print, say, server_key, text};
use clap::ArgMatches;
use lowkey_host::text::mask;
use lowkey_registry::provision::batch::{Batch, Codes, check, listed, make, numbered};
use std::path::Path;
use std::time::Instant;

/// `--batch` and `--csv`.
pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let (Some(folder), Some(manifest)) = (path(of, "out"), path(of, "manifest")) else {
        return Ok(()); // clap has refused it
    };
    let begun = Instant::now();
    let server = server_key(of)?;
    refuse_streams(of)?;
    let Some(registry) = Chosen::of(of)? else { return Ok(()) };
    let asked = Asked::of(of, &registry)?;
    let number = |name: &str| of.get_one::<u32>(name).copied();
    let items = match (path(of, "csv"), number("batch"), number("first")) {
        (Some(list), ..) => listed(list)?,
        (None, Some(count), first) => {
            numbered(text(of, "name").unwrap_or_default(), first.unwrap_or(1), count)?
        }
        _ => return Ok(()),
    };
    asked.before_adding(&server)?;
    let address = text(of, "address").unwrap_or_default();
    let codes = if of.get_flag("codes") { Codes::Each } else { Codes::None };
    let target = registry.target();
    let made = make(&Batch { items: &items, server, address, folder, manifest, registry: target, codes })?;
    let shown = |path: &Path| mask(&path.display().to_string());
    say(format_args!(
        "{} of {} devices made now, in {:.1} s",
        made.new,
        items.len(),
        begun.elapsed().as_secs_f64(),
    ));
    say(format_args!(
        "key pages: {}; write each to one device, once, then delete the folder: they are the only copies of the private keys",
        shown(folder)
    ));
    if codes == Codes::Each {
        say(format_args!("labels: lowkey label {}/*.code --format sheet -o FILE", shown(folder)));
    }
    say(format_args!("manifest: {}", shown(manifest)));
    if made.entered == 0 {
        say(format_args!("{} has all of them already", registry.shown()));
        return asked.wait_for_what_stands(&made.written);
    }
    say(format_args!("added to {}: {} rows", registry.shown(), made.entered));
    asked.wait_for(&made.written)
}

/// `--check`.
pub(crate) fn look(of: &ArgMatches) -> Result<(), Failure> {
    let (Some(folder), Some(manifest)) = (path(of, "check"), path(of, "manifest")) else {
        return Ok(()); // clap has refused it
    };
    let server = server_key(of)?;
    refuse_streams(of)?;
    let Some(registry) = Chosen::of(of)? else { return Ok(()) };
    let checked = check(folder, manifest, registry.target(), &server)?;
    if !checked.differences.is_empty() {
        return Err(Failure::lines(Exit::File, &checked.differences));
    }
    print(&format!("ok: {} devices: pages, manifest and registry agree\n", checked.devices))
}

/// None of these can be a stream.
fn refuse_streams(of: &ArgMatches) -> Result<(), Failure> {
    for name in ["registry", "manifest", "csv"] {
        if path(of, name) == Some(Path::new("-")) {
            let why = format!("--{name}: here belongs a file; \"-\" is none");
            return Err(Failure::new(Exit::Arguments, why));
        }
    }
    Ok(())
}
