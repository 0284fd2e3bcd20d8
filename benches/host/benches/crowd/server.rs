//! The server, in a process of its own: an echo for every device it knows.

use crate::process::{Child, resident};
use crate::{BAD, GOOD, MAX_FRAME, STALLED, keys};
use lowkey_host::{Acceptor, Limits, Listener, Stats, echo};
use std::io::stdin;
use tokio::runtime::Builder;

/// Prints its address, and then a report for each line that it reads.
pub(crate) fn run() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let acceptor = Acceptor::new(keys::server(), keys::registry(GOOD + STALLED + BAD), limits()).unwrap();
    let asked = acceptor.clone();
    let mut listener = runtime.block_on(Listener::bind("127.0.0.1:0", acceptor)).unwrap();
    println!("{}", listener.local_addr().unwrap());
    runtime.spawn(async move {
        loop {
            let mut connection = listener.accept().await;
            tokio::spawn(async move { echo(&mut connection).await });
        }
    });
    for _question in stdin().lines() {
        let stats = asked.stats();
        println!("{} {} {}", resident(), stats.sessions, counted(&stats));
    }
}

fn counted(stats: &Stats) -> String {
    let refused = stats.refused_version
        + stats.refused_mode
        + stats.refused_busy
        + stats.refused_service_down
        + stats.refused;
    let Stats { accepted, confirmed, unconfirmed, timed_out, failed, abandoned, .. } = stats;
    format!(
        "{accepted} attempts: {confirmed} confirmed, {refused} refused, {unconfirmed} unconfirmed, {timed_out} timed out, \
         {failed} failed, {abandoned} displaced"
    )
}

/// The defaults, but for what all of this being on one address and at one time asks for.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_frame = MAX_FRAME;
    limits.max_message = 16 * 1_024;
    limits.sessions = (GOOD + STALLED + BAD) as usize;
    limits.sessions_per_address = limits.sessions;
    limits.attempts_per_address = limits.attempts;
    limits.messages_1_per_second_per_address = limits.messages_1_per_second;
    limits
}

/// What the server says of itself.
pub(crate) struct Report {
    pub(crate) memory: u64,
    pub(crate) sessions: u64,
    pub(crate) counted: String,
}

impl Report {
    pub(crate) fn ask(server: &mut Child) -> Self {
        server.ask("report");
        let line = server.line();
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().unwrap().to_owned();
        Self { memory: word().parse().unwrap(), sessions: word().parse().unwrap(), counted: word() }
    }
}
