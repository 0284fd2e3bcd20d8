//! The program that is run for events, for those who have no reader.

use crate::config::Program;
use lowkey_gateway::events::{Next, Reader};
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tracing::Level;

/// Runs `program` for what `reader` reads, one event after the other; what happens meanwhile waits where events are
/// kept. That it fails is said once, until it has done its work again.
pub(crate) async fn run_for_events(program: Program, mut reader: Reader) {
    let mut fails = false;
    let mut choice = Choice::new(program.only.clone());
    loop {
        let next = reader.next().await;
        if !choice.takes(&next, Instant::now()) {
            continue;
        }
        let (path, of) = (program.program.display(), next.name());
        match run(&program, &next).await {
            Ok(()) if fails => {
                tracing::info!(name: "lowkey.program_worked", target: "lowkey", program = %path, of, "the program for events works again");
                fails = false;
            }
            Err(error) if !fails => {
                tracing::warn!(name: "lowkey.program_failed", target: "lowkey", program = %path, of, %error, "the program for events failed");
                fails = true;
            }
            _ => (),
        }
    }
}

/// Which events it is run for.
struct Choice {
    /// By name; none: warnings and errors.
    only: Vec<String>,
    /// When it was last run for each of what [strangers](OF_STRANGERS) bring about.
    last: [Option<Instant>; OF_STRANGERS.len()],
}

impl Choice {
    fn new(only: Vec<String>) -> Self {
        Self { only, last: Default::default() }
    }

    fn takes(&mut self, next: &Next, now: Instant) -> bool {
        match next {
            // It would be told of its own failures for ever.
            next if OURS.contains(&next.name()) => false,
            Next::Event(event) if self.only.is_empty() => {
                event.level() <= Level::WARN && self.is_its_turn(event.name(), now)
            }
            Next::Event(event) => self.only.iter().any(|name| name == event.name()),
            Next::Missed(_) => true,
        }
    }

    /// Strangers have nobody woken a hundred times a second.
    fn is_its_turn(&mut self, name: &str, now: Instant) -> bool {
        let Some(at) = OF_STRANGERS.iter().position(|of| *of == name) else { return true };
        let is_its_turn = self.last[at].is_none_or(|last| now.duration_since(last) >= PAUSE);
        if is_its_turn {
            self.last[at] = Some(now);
        }
        is_its_turn
    }
}

async fn run(program: &Program, next: &Next) -> Result<(), String> {
    let mut running = Running::begin(program, next.name()).map_err(|error| error.to_string())?;
    match timeout(program.time, running.its_end(&next.json())).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(status.to_string()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => {
            running.kill();
            let _ = running.child.wait().await; // it was killed
            Err(format!("killed: not over within {:?}", program.time))
        }
    }
}

/// A program that runs. Dropped, for example because the server stops, it is killed, with what it has begun itself.
struct Running {
    child: Child,
}

impl Running {
    /// Nothing of a server's own environment goes along, where its key is named, and systemd's sockets.
    fn begin(program: &Program, name: &str) -> io::Result<Self> {
        let kept = KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let mut command = Command::new(&program.program);
        command.args(&program.arguments).arg(name).env_clear().envs(kept).current_dir(Path::new("/"));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
        // What it has begun itself can be killed with it.
        #[cfg(unix)]
        command.process_group(0);
        Ok(Self { child: command.spawn()? })
    }

    async fn its_end(&mut self, json: &str) -> io::Result<ExitStatus> {
        if let Some(mut input) = self.child.stdin.take() {
            // It need not read: the name may be all that it wants.
            let _ = input.write_all(format!("{json}\n").as_bytes()).await;
        }
        self.child.wait().await
    }

    fn kill(&mut self) {
        // None: it has ended and was seen to, and what it has left running is its own affair.
        let Some(id) = self.child.id() else { return };
        #[cfg(unix)]
        if let Some(id) = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL); // it may have ended by now
        }
        let _ = self.child.start_kill(); // the same
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

const OURS: [&str; 2] = ["lowkey.program_failed", "lowkey.program_worked"];
/// Warnings that whoever reaches the server can bring about as often as they like.
const OF_STRANGERS: [&str; 2] = ["lowkey.attempt_displaced", "lowkey.left_out"];
/// How often the program is run for each of these, unless they were asked for by name.
const PAUSE: Duration = Duration::from_secs(60);
/// What stays of the environment.
const KEPT: [&str; 7] = ["HOME", "LANG", "PATH", "SYSTEMROOT", "TMPDIR", "TZ", "USER"];

#[cfg(test)]
mod tests {
    use super::*;
    use lowkey_gateway::events::Events;
    use tracing_subscriber::prelude::*;

    #[test]
    fn strangers_have_the_program_run_once_a_minute_unless_they_were_asked_for() {
        let events = Events::new();
        let subscriber = tracing_subscriber::registry().with(events.layer());
        tracing::subscriber::with_default(subscriber, || {
            for _ in 0..100 {
                tracing::warn!(name: OF_STRANGERS[0], target: "lowkey", "too many");
                tracing::warn!(name: OF_STRANGERS[1], target: "lowkey", "the same");
                tracing::warn!(name: "lowkey.backend_down", target: "lowkey", "another");
                tracing::info!(name: "lowkey.backend_up", target: "lowkey", "no warning");
            }
        });
        let begun = Instant::now();
        let runs = |choice: &mut Choice, seconds| {
            let (mut reader, mut taken) = (events.last(usize::MAX), 0);
            while let Some(next) = reader.at_once() {
                taken += usize::from(choice.takes(&next, begun + Duration::from_secs(seconds)));
            }
            taken
        };
        let mut warnings = Choice::new(Vec::new());
        assert_eq!([0, 59, 60, 119].map(|seconds| runs(&mut warnings, seconds)), [102, 100, 102, 100]);
        let mut asked_for = Choice::new(vec![OF_STRANGERS[0].to_owned()]);
        assert_eq!(runs(&mut asked_for, 0), 100);
    }
}
