//! What both boards decide by themselves, in Rust and in C: which address a key page names, and when a server is given
//! up.

#![allow(unreachable_pub)] // what is public in the board's own crate

#[path = "../../../examples/lm3s6965-ethernet/src/address.rs"]
mod address;
#[path = "../../../examples/lm3s6965-ethernet/src/liveness.rs"]
mod liveness;

use address::Address;
use liveness::{Liveness, Traffic, Verdict};
use std::{
    env,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
    thread,
};
use test_support::Random;

const ADDRESSES: [&str; 9] = [
    "10.0.2.2:7000",
    "0.0.0.0:1",
    "255.255.255.255:65535",
    "192.168.1.10:80",
    "1.2.3.4:5",
    "127.0.0.1:10000",
    "10.20.30.40:9",
    "100.101.102.103:104",
    "9.99.199.249:65530",
];

const NO_ADDRESSES: [&str; 30] = [
    "",
    "010.0.2.2:7000",
    "10.0.2.02:7000",
    "10.00.2.2:7000",
    "10.0.2.2:07000",
    "10.0.2.2:0",
    "10.0.2.2:65536",
    "10.0.2.2:4294974296",
    "10.0.2.2:+7000",
    "10.0.2.2:-1",
    "10.0.2.2:",
    "10.0.2.2",
    "10.0.2.256:7000",
    "10.0.2.4294967298:7000",
    "10.0.2:7000",
    "10.514:7000",
    "10.0.2.2.2:7000",
    "10..2.2:7000",
    ".10.0.2.2:7000",
    "10.0.2.2.:7000",
    "0x0a.0.2.2:7000",
    "0xa000202:7000",
    " 10.0.2.2:7000",
    "10.0.2.2 :7000",
    "10.0.2.2:7000 ",
    "10.0.2.2:7000:",
    "+10.0.2.2:7000",
    "server.example:7000",
    "[::1]:7000",
    "10,0,2,2:7000",
];

#[test]
fn an_address_is_read_by_both_boards_if_it_has_one_reading_and_by_none_otherwise() {
    let texts: Vec<&str> = ADDRESSES.into_iter().chain(NO_ADDRESSES).collect();
    let in_rust = texts.iter().map(|text| {
        Address::read(text)
            .map_or("none".to_owned(), |Address { ip: [a, b, c, d], port }| format!("{a}.{b}.{c}.{d}:{port}"))
    });
    let expected: Vec<String> =
        texts.iter().map(|text| if ADDRESSES.contains(text) { *text } else { "none" }.to_owned()).collect();
    assert_eq!(in_rust.collect::<Vec<_>>(), expected);
    if let Some(in_c) = in_c("address", &texts.join("\n")) {
        assert_eq!(in_c, expected);
    }
}

/// A connection as the tests play it: 20 ms of silence and 10 ms of patience, looked at every millisecond.
struct Played {
    now: u32,
    traffic: Traffic,
    liveness: Liveness,
    /// The same for the board in C, and what the one in Rust said.
    script: String,
    verdicts: Vec<&'static str>,
}

impl Played {
    fn new() -> Self {
        let now = u32::MAX - 7; // it wraps on the way, as the counters do
        let traffic = Traffic { received: now, acknowledged: now, ..Traffic::default() };
        let liveness = Liveness::new(traffic, now);
        let mut played = Self { now, traffic, liveness, script: String::new(), verdicts: Vec::new() };
        played.look();
        played
    }

    fn look(&mut self) -> Verdict {
        let Traffic { received, acknowledged, is_waiting, is_awaiting } = self.traffic;
        let flags = format!("{} {}", u8::from(is_waiting), u8::from(is_awaiting));
        self.script += &format!("{} {received} {acknowledged} {flags}\n", self.now);
        let verdict = self.liveness.look(self.traffic, self.now, 20, 10);
        self.verdicts.push(match verdict {
            Verdict::Good => "good",
            Verdict::Ask => "ask",
            Verdict::Dead => "dead",
        });
        verdict
    }

    fn receives(&mut self) -> &mut Self {
        self.traffic.received = self.traffic.received.wrapping_add(1);
        self
    }

    fn is_acknowledged(&mut self) -> &mut Self {
        self.traffic.acknowledged = self.traffic.acknowledged.wrapping_add(1);
        self
    }

    /// Lets `time` milliseconds go by, each as `goes_by` has it: nobody is given up.
    fn lives(&mut self, time: u32, mut goes_by: impl FnMut(&mut Self, u32)) {
        for passed in 1..=time {
            self.now = self.now.wrapping_add(1);
            goes_by(self, passed);
            assert_ne!(self.look(), Verdict::Dead, "after {passed} ms");
        }
    }

    /// How many milliseconds go by until the verdict is `wanted`, each as `goes_by` has it.
    fn until(&mut self, wanted: Verdict, mut goes_by: impl FnMut(&mut Self)) -> u32 {
        let begun = self.now;
        loop {
            self.now = self.now.wrapping_add(1);
            goes_by(self);
            let passed = self.now.wrapping_sub(begun);
            if self.look() == wanted {
                return passed;
            }
            assert!(passed < 1_000, "never {wanted:?}");
        }
    }

    /// The board in C has said the same all the time.
    fn ends(self) {
        if let Some(in_c) = in_c("liveness", self.script.trim_end()) {
            assert_eq!(in_c, self.verdicts);
        }
    }
}

#[test]
fn a_silent_server_is_asked_and_given_up_if_no_answer_comes() {
    let mut played = Played::new();
    assert_eq!(played.until(Verdict::Ask, |_| ()), 20);
    (played.traffic.is_awaiting, played.traffic.is_waiting) = (true, true); // the PING, on a dead line
    assert_eq!(played.until(Verdict::Dead, |_| ()), 10);
    played.ends();
}

#[test]
fn a_server_that_answers_in_time_is_asked_again_and_again_and_never_given_up() {
    let mut played = Played::new();
    for _ in 0..5 {
        assert_eq!(played.until(Verdict::Ask, |_| ()), 20);
        played.traffic.is_awaiting = true;
        played.lives(9, |_, _| ());
        played.receives().traffic.is_awaiting = false;
        played.look();
    }
    played.ends();
}

#[test]
fn what_is_sent_into_a_dead_line_ends_it_without_a_ping() {
    let mut played = Played::new();
    played.lives(5, |played, _| {
        played.receives();
    });
    played.traffic.is_waiting = true;
    assert_eq!(played.until(Verdict::Dead, |_| ()), 10);
    played.ends();
}

#[test]
fn a_long_upload_over_a_slow_line_lives_as_long_as_it_moves_and_no_longer() {
    let mut played = Played::new();
    // The PONG is far behind it.
    (played.traffic.is_awaiting, played.traffic.is_waiting) = (true, true);
    played.lives(500, |played, passed| {
        if passed % 9 == 0 {
            played.is_acknowledged();
        }
    });
    assert!((5..=10).contains(&played.until(Verdict::Dead, |_| ())));
    played.ends();
}

#[test]
fn a_long_download_over_a_slow_line_lives_while_the_answer_is_behind_it() {
    let mut played = Played::new();
    played.traffic.is_awaiting = true;
    played.lives(500, |played, passed| {
        if passed % 9 == 0 {
            played.receives();
        }
    });
    played.ends();
}

#[test]
fn a_server_that_floods_and_takes_nothing_is_given_up_and_not_before_its_time() {
    for is_awaiting in [false, true] {
        let mut played = Played::new();
        (played.traffic.is_awaiting, played.traffic.is_waiting) = (is_awaiting, true);
        let died = played.until(Verdict::Dead, |played| {
            played.receives();
        });
        assert_eq!(died, 10);
        played.ends();
    }
}

#[test]
fn a_server_that_hangs_is_given_up_however_many_readings_its_tcp_takes() {
    let mut played = Played::new();
    played.traffic.is_awaiting = true;
    let died = played.until(Verdict::Dead, |played| {
        played.is_acknowledged();
    });
    assert_eq!(died, 11); // the first of them may have brought it the question
    played.ends();
}

#[test]
fn the_time_for_an_answer_begins_when_the_server_has_the_question() {
    let mut played = Played::new();
    (played.traffic.is_awaiting, played.traffic.is_waiting) = (true, true);
    played.lives(9, |_, _| ());
    played.is_acknowledged().traffic.is_waiting = false;
    assert_eq!(played.until(Verdict::Dead, |_| ()), 11);
    played.ends();
}

#[test]
fn both_boards_judge_alike_whatever_passes() {
    let mut random = Random::new();
    for _ in 0..20 {
        let mut played = Played::new();
        for _ in 0..500 {
            let chances = random.u64();
            played.now = played.now.wrapping_add((chances >> 32) as u32 % 4);
            played.traffic.received = played.traffic.received.wrapping_add(u32::from(chances & 15 == 0));
            played.traffic.acknowledged =
                played.traffic.acknowledged.wrapping_add(u32::from(chances & 0xf0 == 0));
            if chances & 0x700 == 0 {
                played.traffic.is_waiting ^= true;
            }
            if chances & 0x3800 == 0 {
                played.traffic.is_awaiting ^= true;
            }
            played.look();
        }
        played.ends();
    }
}

/// What the board in C says to each line of `script`; nothing on a machine that cannot compile it.
fn in_c(what: &str, script: &str) -> Option<Vec<String>> {
    let twin = (*TWIN).as_ref()?;
    let mut twin = Command::new(twin).arg(what).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = twin.stdin.take().unwrap();
    let script = format!("{script}\n");
    let feeding = thread::spawn(move || stdin.write_all(script.as_bytes()));
    let output = twin.wait_with_output().unwrap();
    feeding.join().unwrap().unwrap();
    assert!(output.status.success(), "{}", output.status);
    Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
}

/// The board's own files, compiled for this machine. `cargo xtask test` sees to a compiler and sets
/// LOWKEY_REQUIRE_TOOLS, and then it is an error if there is none.
static TWIN: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    if Command::new(&compiler).arg("--version").output().is_err() {
        assert!(env::var_os("LOWKEY_REQUIRE_TOOLS").is_none_or(|value| value != "1"), "no C compiler");
        println!("SKIPPED: this machine has no C compiler");
        return None;
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let board = here.join("../../examples/lm3s6965-lwip/src");
    let twin = Path::new(env!("CARGO_TARGET_TMPDIR")).join("twin");
    let mut cc = Command::new(compiler);
    cc.args(["-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-I"]).arg(&board).arg("-o").arg(&twin);
    cc.args([board.join("address.c"), board.join("liveness.c"), here.join("tests/boards/twin.c")]);
    let output = cc.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(twin)
});
