//! What everybody says, in the order it was said, with the seconds since the start.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};
use xtask::command::Result;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The trial itself.
    Demo,
    /// The board, on its serial line.
    Board,
    /// The server.
    Server,
    /// Whoever sits on the wire.
    Attacker,
    /// Whoever keeps the server.
    Operator,
}

/// A line that somebody said.
#[derive(Clone, Debug)]
pub struct Line {
    /// Whose it is.
    pub who: Who,
    /// What was said.
    pub text: String,
}

impl Line {
    /// Whether one of `parts` is in it.
    pub fn says_one_of(&self, parts: &[&str]) -> bool {
        parts.iter().any(|part| self.text.contains(part))
    }
}

/// Where the others say their lines.
pub type Voice = mpsc::Sender<Line>;

/// Prints lines as they come, and waits for the ones that matter.
pub struct Timeline {
    start: Instant,
    lines: mpsc::Receiver<Line>,
    voice: Voice,
    said: Vec<Line>,
}

impl Timeline {
    /// One that begins now.
    pub fn begin() -> Self {
        let (voice, lines) = mpsc::channel();
        Self { start: Instant::now(), lines, voice, said: Vec::new() }
    }

    /// A voice to be handed to whoever has something to say.
    pub fn voice(&self) -> Voice {
        self.voice.clone()
    }

    /// Says something as the demo itself.
    pub fn say(&mut self, text: &str) {
        self.heard(Line { who: Who::Demo, text: text.to_owned() });
    }

    /// A mark: lines from here on.
    pub fn mark(&self) -> usize {
        self.said.len()
    }

    /// What was said since `mark`.
    pub fn since(&self, mark: usize) -> &[Line] {
        self.said.get(mark..).unwrap_or_default()
    }

    /// Waits until somebody says something in which `wanted` finds what it looks for.
    ///
    /// # Errors
    /// Nobody did within `patience`.
    pub fn wait_for<T>(
        &mut self,
        what: &str,
        patience: Duration,
        mut wanted: impl FnMut(&Line) -> Option<T>,
    ) -> Result<T> {
        let end = Instant::now() + patience;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                return Err(format!("{what}: nobody said so within {} s", patience.as_secs()).into());
            };
            let found = wanted(&line);
            self.heard(line);
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }

    /// Makes sure that `who` has said a line with one of `parts` in it since `mark`, waiting for it if need be.
    ///
    /// # Errors
    /// Nobody did within `patience`.
    pub fn hear(&mut self, mark: usize, who: Who, parts: &[&str], patience: Duration) -> Result<()> {
        let is_it = |line: &Line| line.who == who && line.says_one_of(parts);
        if self.since(mark).iter().any(is_it) {
            return Ok(());
        }
        let what = format!("{who:?}: \"{}\"", parts.join("\" or \""));
        self.wait_for(&what, patience, |line| is_it(line).then_some(()))
    }

    /// Listens for `time`, whatever is said.
    pub fn listen(&mut self, time: Duration) {
        // It ends by running out of time, as it should.
        let _ = self.wait_for("", time, |_| None::<()>);
    }

    fn heard(&mut self, line: Line) {
        let who = match line.who {
            Who::Demo => "demo    ",
            Who::Board => "board   ",
            Who::Server => "server  ",
            Who::Attacker => "attacker",
            Who::Operator => "operator",
        };
        println!("{:6.2} s  {who} │ {}", self.start.elapsed().as_secs_f32(), line.text);
        self.said.push(line);
    }
}
