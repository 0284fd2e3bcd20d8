//! `cargo xtask cluster`: several `lowkey serve` with one registry over NATS, HAProxy before them, and devices that
//! come again.
//!
//! A schedule of faults is played, and an oracle says whether the devices had what they were promised. It trusts what
//! devices saw, and not what gateways say of themselves.

mod balancer;
mod boards;
mod bounds;
mod cluster;
mod device;
mod faults;
mod figures;
mod gateway;
mod life;
mod measure;
mod oracle;
mod pairing;
mod readiness;
mod roster;
mod service;
mod simulation;
mod size;
mod stage;
mod stored;
mod tap;
mod timeline;

use cluster::Cluster;
use size::Size;
use std::{
    env,
    path::{self, Path, PathBuf},
    process::ExitCode,
};
use stored::Extent;
use tokio::runtime::Runtime;
use xtask::command::Result;

fn main() -> ExitCode {
    test_support::tools::hush();
    match Runtime::new().map_err(Into::into).and_then(|runtime| runtime.block_on(play())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cluster: {error}");
            ExitCode::FAILURE
        }
    }
}

/// To the end, whoever brings it about; nothing is left behind.
async fn play() -> Result<()> {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (lowkey, firmware, size) = match words[..] {
        ["--simulate"] => {
            simulation::run();
            return Ok(());
        }
        [lowkey, "--stored", "--small"] => {
            return until_stopped(stored::play(path::absolute(lowkey)?, Extent::Small, &[])).await;
        }
        [lowkey, "--stored", "--figures"] => {
            return until_stopped(stored::rates(path::absolute(lowkey)?)).await;
        }
        [lowkey, "--stored", rust, c] => {
            let firmware = [rust, c].map(PathBuf::from);
            return until_stopped(stored::play(path::absolute(lowkey)?, Extent::Whole, &firmware)).await;
        }
        [lowkey, "--figures"] => return until_stopped(measure::run(path::absolute(lowkey)?)).await,
        [lowkey, firmware] if firmware != "--small" => (lowkey, Some(Path::new(firmware)), Size::Whole),
        [lowkey, "--small"] => (lowkey, None, Size::Small),
        _ => {
            return Err("usage: cargo xtask cluster [[--stored] [--small | --figures] | --simulate]".into());
        }
    };
    let lowkey = path::absolute(lowkey)?;
    until_stopped(async { faults::play(Cluster::begin(lowkey, size).await?, firmware).await }).await
}

async fn until_stopped(plays: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::select! {
        done = plays => done,
        stopped = fleet::stop() => stopped.and(Err("somebody has stopped it".into())),
    }
}
