//! The page of the admin listener in headless Chromium, in front of a real server with thousands of devices.
//!
//! `browser try` tries it, `browser pictures FOLDER` takes the book's pictures of it.

mod axe;
mod chromium;
mod cost;
mod devices;
mod eyes;
mod hands;
mod pictures;
mod questions;
mod site;
mod tab;

use chromium::Chromium;
use site::Site;
use std::{env, path::Path, process::ExitCode};
use tab::Tab;
use xtask::command::Result;

/// What a trial has: the page of this site, opened and live.
struct Scene<'s> {
    site: &'s Site,
    tab: Tab<'s>,
    /// A script that finds what a screen reader would not.
    axe: &'s str,
}

type Trial = fn(&mut Scene<'_>) -> Result<()>;

const TRIALS: [(&str, Trial); 11] = [
    ("the table is live, whatever comes and goes, and its size is bounded", cost::bounded),
    ("an operator's five questions have an answer", questions::five),
    ("what stores, and cannot, is shown with what it has refused", questions::stores),
    ("a name is text, whatever stands in it", eyes::hostile),
    ("nothing comes from elsewhere, and nothing is refused by the page's own policy", eyes::silent),
    ("the address opens a device and closes it again, whatever it names", hands::addresses),
    ("a server that was started again has sessions of its own", questions::again),
    ("all of it can be done with keys alone", hands::keys_alone),
    ("screen readers find everything, in light and in dark", eyes::accessible),
    ("a narrow window has no line that is cut off", eyes::narrow),
    ("a server that is gone is said to be", questions::gone),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["try"] => try_all(),
        ["pictures", folder] => pictures::take(Path::new(folder)),
        _ => Err("browser try | browser pictures FOLDER".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("browser: {error}");
            ExitCode::FAILURE
        }
    }
}

fn try_all() -> Result<()> {
    let chromium = Chromium::start()?;
    let axe = axe::script()?;
    let site = Site::begin(5_000)?;
    for (what, trial) in TRIALS {
        let tab = Tab::open(&chromium, &site.address())?;
        let mut scene = Scene { site: &site, tab, axe: &axe };
        scene.tab.until(
            "document.getElementById('link').textContent === 'live' && \
             document.querySelectorAll('#devices tbody tr').length === 100",
        )?;
        trial(&mut scene).map_err(|error| format!("{what}: {error}"))?;
        println!("{what} ... ok");
    }
    println!("\n{} passed, 0 failed", TRIALS.len());
    Ok(())
}
