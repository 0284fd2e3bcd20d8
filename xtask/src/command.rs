//! Running other programs: what ran, how it ended, and never for ever where that was asked.

use std::{
    env,
    error::Error,
    ffi::{OsStr, OsString},
    fmt::Write as _,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{self, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// Errors here are sentences for people.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A program to be run in the repository.
pub struct Command {
    inner: process::Command,
    limit: Option<Duration>,
    silence: Option<Duration>,
}

impl Command {
    /// `program`, about to run in the repository without standard input.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut inner = process::Command::new(program);
        inner.current_dir(crate::root()).stdin(Stdio::null());
        Self { inner, limit: None, silence: None }
    }

    /// The cargo that started us.
    pub fn cargo() -> Self {
        Self::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// A program of the repository's workspace, which cargo builds where that is to be done; the arguments are its own.
    pub fn package(name: &str) -> Self {
        Self::cargo().args(["run", "--quiet", "--package", name, "--"])
    }

    /// The cargo that started us in `folder`, a workspace of its own, whose `.cargo/config.toml` may set flags of the
    /// compiler: a RUSTFLAGS in the environment would replace them.
    pub fn cargo_in(folder: &str) -> Self {
        Self::cargo()
            .within(folder)
            .without_env(|name| ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS"].contains(&name))
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.inner.args(arguments);
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.inner.env(name, value);
        self
    }

    /// Takes each variable away whose name `unwanted` picks.
    pub fn without_env(mut self, unwanted: impl Fn(&str) -> bool) -> Self {
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(&unwanted) {
                self.inner.env_remove(name);
            }
        }
        self
    }

    /// Runs in `folder` of the repository.
    pub fn within(mut self, folder: impl AsRef<Path>) -> Self {
        self.inner.current_dir(crate::root().join(folder));
        self
    }

    /// Kills the program when it has run this long.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Kills what the program has started when [`lines`](Self::lines) hears nothing for this long: a program that runs
    /// others, such as cargo, then says itself which of them that was.
    pub fn silence(mut self, silence: Duration) -> Self {
        self.silence = Some(silence);
        self
    }

    /// Runs to the end, with its output in ours.
    ///
    /// # Errors
    /// The program cannot be started, runs too long or says that it failed.
    pub fn run(self) -> Result<()> {
        self.finish().map(|_| ())
    }

    /// Runs to the end and says nothing; returns what it printed on standard output.
    ///
    /// # Errors
    /// As [`Command::run`], with the last lines of what it said.
    pub fn quiet(mut self) -> Result<String> {
        self.inner.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.finish()
    }

    /// Runs to the end; each line of its standard output goes to `heard`, its standard error to ours.
    ///
    /// # Errors
    /// As [`Command::run`]; it was silent for too long.
    pub fn lines(mut self, mut heard: impl FnMut(&str)) -> Result<()> {
        let line = self.line();
        self.inner.stdout(Stdio::piped());
        let mut child = self.inner.spawn().map_err(|error| format!("`{line}` cannot be started: {error}"))?;
        let (say, said) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || BufReader::new(stdout).lines().try_for_each(|text| say.send(text)));
        }
        let silence = self.silence.unwrap_or(Duration::MAX);
        let mut was_silent = false;
        loop {
            match said.recv_timeout(silence) {
                Ok(text) => heard(&text?),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let children = Command::new("pkill").args(["-KILL", "-P", &child.id().to_string()]);
                    // Once: who is still silent then waits for something else, or there is no pkill.
                    if was_silent || children.run().is_err() {
                        child.kill()?;
                    }
                    was_silent = true;
                }
            }
        }
        let status = child.wait()?;
        if was_silent {
            return Err(format!("`{line}` said nothing for {} s", silence.as_secs()).into());
        }
        if status.success() { Ok(()) } else { Err(format!("`{line}` ended with {status}").into()) }
    }

    fn finish(mut self) -> Result<String> {
        let line = self.line();
        let mut child = self.inner.spawn().map_err(|error| format!("`{line}` cannot be started: {error}"))?;
        // Read on the side: a program with a full pipe never ends.
        let stdout = child.stdout.take().map(|pipe| thread::spawn(|| drain(pipe)));
        let stderr = child.stderr.take().map(|pipe| thread::spawn(|| drain(pipe)));
        let status = match self.limit {
            None => child.wait()?,
            Some(limit) => {
                let start = Instant::now();
                loop {
                    if let Some(status) = child.try_wait()? {
                        break status;
                    }
                    if start.elapsed() > limit {
                        child.kill()?;
                        child.wait()?;
                        return Err(format!("`{line}` did not end within {} s", limit.as_secs()).into());
                    }
                    thread::sleep(Duration::from_millis(20));
                }
            }
        };
        let text = |reader: Option<thread::JoinHandle<String>>| {
            reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
        };
        let (stdout, stderr) = (text(stdout), text(stderr));
        if status.success() {
            return Ok(stdout);
        }
        let mut message = format!("`{line}` ended with {status}");
        // Most say on standard error what went wrong, firmware on its only output.
        let lines: Vec<&str> = stdout.lines().chain(stderr.lines()).collect();
        for last in &lines[lines.len().saturating_sub(12)..] {
            let _ = write!(message, "\n  {last}");
        }
        Err(message.into())
    }

    /// The command line, for people.
    fn line(&self) -> String {
        let program = Path::new(self.inner.get_program()).file_name().unwrap_or_default();
        let words = [program].into_iter().chain(self.inner.get_args());
        words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
    }
}

/// Where `program` is, if the shell would find it.
pub fn find(program: &str) -> Option<PathBuf> {
    let path: OsString = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn drain(mut pipe: impl std::io::Read) -> String {
    let mut bytes = Vec::new();
    // What cannot be read is missing from a message, no more.
    let _ = pipe.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
