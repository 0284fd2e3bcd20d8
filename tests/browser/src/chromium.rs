//! Chromium without a window, spoken to over pipes: its DevTools protocol, a JSON object and a zero byte each way.

use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;
use xtask::command::Result;
use xtask::setup;

pub(crate) struct Chromium {
    child: Child,
    input: RefCell<ChildStdin>,
    said: Receiver<Value>,
    calls: Cell<u64>,
    /// What it has said of itself, until somebody asks.
    events: RefCell<Vec<Value>>,
    folder: TempDir,
}

impl Chromium {
    pub(crate) fn start() -> Result<Self> {
        setup::ensure([&setup::CHROMIUM])?;
        let program = setup::CHROMIUM.found().ok_or("no Chromium")?;
        let folder = tempfile::tempdir()?;
        let profile = format!("--user-data-dir={}", folder.path().display());
        // Its pipes are the descriptors 3 and 4, which a shell sets as no library can without unsafe code.
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null"]).arg(program).args(FLAGS);
        command.args([&profile, "about:blank"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(File::create(folder.path().join("log"))?).spawn()?;
        let input = child.stdin.take().ok_or("no pipe")?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no pipe")?);
        let (tell, said) = channel();
        thread::spawn(move || {
            let mut message = Vec::new();
            while output.read_until(0, &mut message).is_ok_and(|n| n > 0) {
                message.pop();
                let Ok(value) = serde_json::from_slice(&message) else { break };
                if tell.send(value).is_err() {
                    break;
                }
                message.clear();
            }
        });
        let (calls, events) = (Cell::new(0), RefCell::default());
        Ok(Self { child, input: RefCell::new(input), said, calls, events, folder })
    }

    /// What it answers to `method`, in this session or in none.
    pub(crate) fn call(&self, session: Option<&str>, method: &str, parameters: &Value) -> Result<Value> {
        let id = self.calls.get() + 1;
        self.calls.set(id);
        let mut call = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            call["sessionId"] = session.into();
        }
        let mut input = self.input.borrow_mut();
        input.write_all(format!("{call}\0").as_bytes())?;
        input.flush()?;
        loop {
            let said = self.next(method)?;
            if said["id"] != id {
                self.events.borrow_mut().push(said);
                continue;
            }
            return match &said["error"] {
                Value::Null => Ok(said["result"].clone()),
                error => Err(format!("{method}: {error}").into()),
            };
        }
    }

    /// What it has said without being asked, of this session, since it was taken last.
    pub(crate) fn events(&self, session: &str) -> Vec<Value> {
        while let Ok(said) = self.said.try_recv() {
            self.events.borrow_mut().push(said);
        }
        let mut events = self.events.borrow_mut();
        let (ours, others) = events.drain(..).partition(|event| event["sessionId"] == session);
        *events = others;
        ours
    }

    fn next(&self, method: &str) -> Result<Value> {
        self.said.recv_timeout(LIMIT).map_err(|error| {
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            let end: Vec<&str> = log.lines().rev().take(10).collect();
            let what = match error {
                RecvTimeoutError::Timeout => "Chromium does not answer",
                RecvTimeoutError::Disconnected => "Chromium has ended",
            };
            format!("{method}: {what}\n{}", end.join("\n")).into()
        })
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

/// A sandbox of its own it can have as an ordinary user only, and it shows nothing but our own page.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--lang=en",
];
/// Nothing that passes takes nearly as long.
const LIMIT: Duration = Duration::from_secs(300);
