//! `cargo xtask fleet`: the real `lowkey serve` on loopback, a service behind it, and as many devices as are asked for,
//! some of them with the faults that devices have in the field. For whoever wants to see what a server says of it.
//!
//! `--try` asks the server, until it has seen each fault as what it is, and answers the questions of an operator.

mod arguments;
mod device;
mod fault;
mod files;
mod guide;
mod roster;
mod service;
mod stage;
mod trial;
mod window;

use arguments::Arguments;
use device::Boards;
use fault::Fault;
use fleet::stop;
use guide::Guide;
use roster::Roster;
use service::Service;
use stage::Stage;
use std::{env, process::ExitCode, time::Duration};
use tokio::{
    runtime::Runtime,
    time::{Instant, interval, sleep, sleep_until},
};
use window::Window;
use xtask::command::Result;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = Arguments::read(&arguments).and_then(|arguments| {
        files::suffice_for(arguments.devices)?;
        Runtime::new()?.block_on(play(&arguments))
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fleet: {error}");
            ExitCode::FAILURE
        }
    }
}

/// From the keys to the end, whoever brings it about; nothing is left behind.
async fn play(arguments: &Arguments) -> Result<()> {
    println!("makes the keys of {} devices", arguments.devices);
    let stage = Stage::new(arguments.lowkey.clone())?;
    let mut service = Service::begin(stage.service())?;
    let roster = Roster::new(arguments, stage.server_key())?;
    let mut server = stage.serve(arguments, &roster).await?;
    let window = Window::open(stage.admin()).await?;
    let guide = Guide { arguments, stage: &stage, roster: &roster, server: &server, window: &window };
    guide.print();
    let mut boards = Boards::begin(&roster, server.address);
    let ended = async {
        if arguments.is_trial {
            return trial::run(&stage, &roster, &mut service).await;
        }
        tokio::select! {
            done = go_on(&stage, &roster, &mut service) => done,
            () = until(arguments.time) => Ok(()),
        }
    };
    let done = tokio::select! {
        done = ended => done,
        signal = stop() => signal,
        status = server.ends() => Err(stage.fallen(status)),
    };
    boards.end();
    server.stop().await?;
    done
}

/// What happens to the whole fleet in the course of time, and a line now and then of how it fares.
async fn go_on(stage: &Stage, roster: &Roster, service: &mut Service) -> Result<()> {
    let begun = Instant::now();
    let mut looks = interval(BETWEEN_LINES);
    looks.tick().await;
    let (mut left, mut turn) = (roster.with(Fault::Revoked).peekable(), begun + FIRST_OUTAGE);
    let at = || format!("{:>4} s ", begun.elapsed().as_secs());
    loop {
        tokio::select! {
            _ = looks.tick() => println!("{} {}", at(), guide::line(&stage.ask("/sessions").await?)),
            () = sleep_until(begun + REVOCATION), if left.peek().is_some() => {
                for member in left.by_ref() {
                    stage.revoke(&member.name).await?;
                    println!("{} {} is revoked", at(), member.name);
                }
            }
            () = sleep_until(turn), if roster.has(Fault::Service) => {
                if service.is_up() {
                    service.stop();
                    turn = Instant::now() + OUTAGE;
                    println!("{} the service behind is down for {} s", at(), OUTAGE.as_secs());
                } else {
                    service.resume()?;
                    turn = Instant::now() + BETWEEN_OUTAGES;
                    println!("{} the service behind is back", at());
                }
            }
        }
    }
}

/// For ever, if no time is said.
async fn until(time: Option<Duration>) {
    match time {
        Some(time) => sleep(time).await,
        None => std::future::pending().await,
    }
}

const BETWEEN_LINES: Duration = Duration::from_secs(10);
const REVOCATION: Duration = Duration::from_secs(25);
const FIRST_OUTAGE: Duration = Duration::from_secs(45);
const OUTAGE: Duration = Duration::from_secs(15);
const BETWEEN_OUTAGES: Duration = Duration::from_secs(120);
