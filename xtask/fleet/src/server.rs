//! `lowkey serve` as a process, and the other commands beside it.

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use std::{
    env,
    error::Error,
    fs, io,
    net::SocketAddr,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};
use xtask::command::Result;

/// The command, in this folder and with nothing from outside that it would listen to. It ends with what was started.
pub fn command(lowkey: &Path, folder: &Path) -> Command {
    let mut command = Command::new(lowkey);
    for (name, _) in env::vars_os() {
        let ours = ["LOWKEY_", "RUST_LOG", "NOTIFY_SOCKET"];
        if ours.iter().any(|ours| name.to_string_lossy().starts_with(ours)) {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Starts `lowkey serve` by the `lowkey.toml` of this folder, and waits until it listens; where. Its log goes to the
/// end of `log`.
///
/// # Errors
/// It does not, and what it said.
pub async fn serve(lowkey: &Path, folder: &Path, log: &Path) -> Result<(Child, SocketAddr)> {
    let said = fs::File::options().create(true).append(true).open(log)?;
    let mut serve = command(lowkey, folder);
    serve.args(["serve", "--config", "lowkey.toml"]).stdout(Stdio::piped()).stderr(said);
    let mut child = serve.spawn()?;
    let mut said = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut said).await?;
    }
    let Some(address) = said.trim().strip_prefix("listening on ") else {
        return Err(fallen(log, child.wait().await));
    };
    Ok((child, address.parse()?))
}

/// Tells a process of ours something; one that has ended hears nothing.
pub fn tell(child: &Child, signal: Signal) {
    if let Some(process) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        let _ = kill_process(process, signal);
    }
}

/// Ends a server as systemd would; at once if that takes too long.
///
/// # Errors
/// It cannot be ended.
pub async fn end(mut child: Child) -> Result<()> {
    tell(&child, Signal::TERM);
    if timeout(PATIENCE, child.wait()).await.is_err() {
        child.kill().await?;
    }
    Ok(())
}

/// Why there is no server any more.
pub fn fallen(log: &Path, status: io::Result<ExitStatus>) -> Box<dyn Error + Send + Sync> {
    let log = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n  ");
    match status {
        Ok(status) => format!("the server has ended: {status}\n  {last}").into(),
        Err(error) => error.into(),
    }
}

const PATIENCE: Duration = Duration::from_secs(10);
const LAST_LINES: usize = 10;
