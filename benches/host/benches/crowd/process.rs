//! This program again, as another process that is asked by lines.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child as Process, ChildStdout, Command, Stdio};

/// Ended when it is dropped.
pub(crate) struct Child {
    process: Process,
    output: BufReader<ChildStdout>,
}

impl Child {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        let command = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    /// Says something.
    pub(crate) fn ask(&mut self, question: &str) {
        writeln!(self.process.stdin.as_mut().unwrap(), "{question}").unwrap();
    }

    /// The next line that it says.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "a process of the benchmark ended: {line:?}");
        line.trim_end().to_owned()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _status = self.process.wait();
    }
}

/// Has the system give us as many open files as it will.
pub(crate) fn raise_file_limit(wanted: u64) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    assert!(
        maximum.is_none_or(|maximum| maximum >= wanted),
        "needs {wanted} open files: raise the hard limit (ulimit -Hn)"
    );
    let current = Some(maximum.unwrap_or(wanted));
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
}

/// What this process has in memory, in bytes.
pub(crate) fn resident() -> u64 {
    let status =
        std::fs::read_to_string("/proc/self/status").expect("the memory of a process is asked of Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1_024
}
