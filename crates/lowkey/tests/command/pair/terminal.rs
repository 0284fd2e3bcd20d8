//! What is asked on a terminal.

use super::{CODE, FILES, Folder, Stop, board, folder, pair};
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A terminal, and somebody who types.
struct Desk {
    child: Child,
    keyboard: ChildStdin,
    screen: ChildStdout,
    shown: String,
}

impl Desk {
    fn new(folder: &Folder, command: &str) -> Self {
        folder.waits_for("what is asked on a terminal");
        let mut script = folder.program("script");
        script.args(["-q", "-e", "-c", command, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = script.spawn().unwrap();
        let (keyboard, screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, keyboard, screen, shown: String::new() }
    }

    fn until(&mut self, what: &str) {
        let mut some = [0; 64];
        while !self.shown.contains(what) {
            let n = self.screen.read(&mut some).unwrap();
            assert_ne!(n, 0, "{what} in {}", self.shown);
            self.shown.push_str(&String::from_utf8_lossy(&some[..n]));
        }
    }

    fn types(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).unwrap();
    }
}

/// Asked for on the terminal, the name is shown and the code is not, whatever happens while it is typed.
#[test]
fn pairing_a_code_that_is_asked_for_on_the_terminal_is_not_shown() {
    let folder = folder();
    let server = folder.serve_with(FILES, &[]);
    let lowkey = format!("{} pair --open --admin unix:admin.sock", env!("CARGO_BIN_EXE_lowkey"));
    let mut desk = Desk::new(&folder, &lowkey);
    desk.until("what the server will call the device: ");
    desk.types(b"pump-7\n");
    desk.until("(not shown): ");
    desk.types(format!("wrong\x15{}x\x7f{}\r", &CODE[..4], &CODE[4..]).as_bytes());
    desk.until("the window is open for 5m");
    pair(&board(&folder, 77), &server.address, Stop::Never).unwrap();
    desk.until("in force");
    assert!(desk.shown.contains("pump-7") && !desk.shown.contains(&CODE[..4]), "{}", desk.shown);
    assert!(desk.child.wait().unwrap().success());
}

/// By its key or by whoever sends a signal, at both commands that ask.
#[test]
fn pairing_whatever_interrupts_the_question_for_a_code_the_terminal_shows_again_what_is_typed() {
    let folder = folder();
    let lowkey = env!("CARGO_BIN_EXE_lowkey");
    let pair = format!("{lowkey} pair --open --admin unix:admin.sock --name pump-8");
    let serve = format!("{lowkey} serve {FILES} --pair-window 5m --pair-name pump-8");
    for (command, signal) in [
        (&pair, None),
        (&pair, Some("-TERM")),
        (&pair, Some("-HUP")),
        (&pair, Some("-INT")),
        (&serve, Some("-TERM")),
    ] {
        let mut desk =
            Desk::new(&folder, &format!("sh -c 'echo pid=$$.; exec {command}'; echo exit=$?.; stty -a"));
        desk.until("(not shown): ");
        let pid = desk.shown.split_once("pid=").unwrap().1.split_once('.').unwrap().0.to_owned();
        match signal {
            None => desk.types(format!("{}\x03", &CODE[..4]).as_bytes()),
            // Nothing is typed: it might be on its way until the terminal shows it again.
            Some(signal) => {
                assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
            }
        }
        desk.until(" echoe");
        let shown = &desk.shown;
        assert!(shown.contains(" echo ") && shown.contains(" icanon "), "{command} {signal:?}: {shown}");
        assert!(
            shown.contains("interrupted; nobody was asked to pair") && shown.contains("exit=2."),
            "{shown}"
        );
        assert!(!shown.contains(&CODE[..4]), "{shown}");
        desk.child.wait().unwrap();
    }
}

/// The exit code is that of the same error in a file.
#[test]
fn pairing_a_typing_error_in_what_is_typed_has_the_exit_code_of_one_in_a_file() {
    let folder = folder();
    let lowkey =
        format!("{} pair --open --name pump-7 --admin unix:admin.sock", env!("CARGO_BIN_EXE_lowkey"));
    let mut desk = Desk::new(&folder, &lowkey);
    desk.until("(not shown): ");
    desk.types(format!("{}1\r", &CODE[..25]).as_bytes());
    desk.until("a typing error");
    assert_eq!(desk.child.wait().unwrap().code(), Some(1));
}
