//! A board in QEMU with somebody's own label, for a server of his own: what a person does at first contact, by hand.

use crate::stage::quiet_port;
use demo::device::{Device, Hands};
use demo::timeline::{Timeline, Who};
use std::{fs, path::Path, time::Duration};
use xtask::command::Result;

/// Switches the board in `folder` on, with `label` in its label area and `button` held, and prints what it says until
/// it stops, or somebody stops us. What it wrote to its flash stays there.
pub(crate) fn run(firmware: &Path, label: &Path, folder: &Path, button: &str) -> Result<()> {
    let mut device = Device::found(firmware, label, folder)?;
    let mut timeline = Timeline::begin();
    timeline.say("127.0.0.1 of this machine is 10.0.2.2 to the board; Ctrl-C cuts its power");
    if let Some(port) = waits_on(&fs::read_to_string(label)?) {
        let from = quiet_port()?;
        timeline.say(&format!("call it with `lowkey pair 127.0.0.1:{from}`: that is its port {port}"));
        device = device.forwarded(from, port);
    }
    let held = match button {
        "select" => Some("select"),
        "down" => Some("down"),
        _ => None,
    };
    let hands = Hands { held, cut: None };
    let _power = device.power_in(hands, &folder.join("board.pcap"), LIFE, timeline.voice())?;
    let stopped =
        timeline.wait_for("the board's end", LIFE, |line| match (line.who, line.says_one_of(&["STOPPED"])) {
            (Who::Board, true) => Some(()),
            _ => None,
        });
    stopped.and(Err("the board has stopped".into()))
}

/// The port on which a board with this label waits to be called, if it does.
fn waits_on(label: &str) -> Option<u16> {
    label.lines().find_map(|line| line.strip_prefix("wait ")?.parse().ok())
}

/// Longer than anybody watches.
const LIFE: Duration = Duration::from_secs(30 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_that_waits_says_in_its_label_where() {
        assert_eq!(waits_on("# wait 1\nLOWKEY:1/AAAA\nserver 10.0.2.2:7000\nwait 7001\n"), Some(7_001));
        assert_eq!(waits_on("LOWKEY:1/AAAA\nserver 10.0.2.2:7000\n"), None);
    }
}
