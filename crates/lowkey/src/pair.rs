//! `lowkey pair`: has the server that runs pair with a device. This command never reads the server's key, and the code
//! is asked on the terminal or read from a file.

#[cfg_attr(not(feature = "nats"), path = "pair/no_desk.rs")]
mod desk;
mod windows;

use crate::admin_client::{self, Admin, Unanswered, number, said};
use crate::chosen::{self, Chosen};
use crate::config::{host_and_port, time};
use crate::failure::{Exit, Failure};
use crate::invitation::{self, Invitation};
use crate::signals::{Asked, Signals};
use crate::terminal::{say, text};
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command};
use desk::Desk;
use lowkey_core::Fingerprint;
use lowkey_host::text::clean;
use lowkey_registry::{keys, show_code_name};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::future::poll_fn;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::time::timeout;

pub(crate) fn command() -> Command {
    Command::new("pair")
        .about("Pair with a device by the code on its label")
        .long_about(
            "Pair with a device by the code on its label: have the server that runs open a window in which the device \
             calls (--open), or call a device that waits (ADDRESS). The server is asked by the Unix socket of its admin \
             listener, as its user or in its group. The code is asked on the terminal, or read from a file, and what the \
             device will be called is asked before anybody connects. Ends with `in force` when both sides have stored \
             each other's keys and the server lets the device in. Compare the fingerprint with the one that the device \
             shows. Exit code 9: the code is another device's already; 10: paired and in force, but another device has \
             shown the same code. --list shows the windows and calls of the server, and --close closes one.\n\n\
             Of servers that share a registry one is asked, and the device may call any of them. None of them can write \
             the registry: --registry and --credentials name it and who may, and this command enters the device.",
        )
        .arg(
            Arg::new("open")
                .long("open")
                .action(ArgAction::SetTrue)
                .help("Open a window: the device calls the server"),
        )
        .arg(
            Arg::new("address")
                .value_name("HOST:PORT")
                .value_parser(|text: &str| match host_and_port(text) {
                    Some((_, 1..)) => Ok(text.to_owned()),
                    _ => Err("write it as HOST:PORT or [IPv6]:PORT"),
                })
                .help("A device that waits: the server calls it"),
        )
        .args(windows::arguments())
        .group(ArgGroup::new("who").args(["open", "address", "list", "close"]).required(true))
        .args(invitation::arguments().map(|of| of.conflicts_with_all(["list", "close"])))
        .arg(
            Arg::new("for")
                .long("for")
                .value_name("TIME")
                .default_value("5m")
                .conflicts_with_all(["address", "list", "close"])
                .value_parser(invitation::window_time)
                .help("How long the window is open, up to 24h"),
        )
        .args(admin_client::arguments())
        .args(chosen::arguments("The registry that the server shares with others, tls://HOST:PORT/PREFIX"))
        .mut_arg("registry", |registry| registry.value_name("ADDRESS").conflicts_with_all(["list", "close"]))
}

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let admin = Admin::behind_socket(of)?;
    match text(of, "close") {
        Some(name) => return windows::close(&admin, name),
        None if of.get_flag("list") => return windows::list(&admin, of),
        None => (),
    }
    let chosen = Chosen::beside_a_server(of)?;
    let runtime =
        Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(Failure::file)?;
    let done = runtime.block_on(pair(of, admin, chosen.as_ref()));
    runtime.shutdown_background(); // whoever was asked may never answer
    done
}

/// Refuses a registry that the server does not share, and none where it does.
fn fits(chosen: Option<&Chosen>, admin: &Admin) -> Result<(), Failure> {
    // Whoever does not answer is said to be gone when it is asked to pair.
    let Ok((_, registry)) = admin.ask("/registry", PATIENCE) else { return Ok(()) };
    let named = said(&registry, "path").unwrap_or_default();
    let is_shared = chosen::is_shared_name(&named);
    let at = admin.endpoint();
    let why = match chosen {
        None if is_shared => format!(
            "the server at {at} shares {named} and cannot write it; say --registry {named}, and by --credentials who may"
        ),
        Some(chosen) if chosen.file().is_some() => {
            "--registry: a server with a registry file enters the device by itself; leave it out".to_owned()
        }
        Some(_) if !is_shared => format!("--registry: the server at {at} has the registry {named}"),
        _ => return Ok(()),
    };
    Err(Failure::new(Exit::Arguments, why))
}

async fn pair(of: &ArgMatches, admin: Admin, chosen: Option<&Chosen>) -> Result<(), Failure> {
    // From before anything is asked: an interrupt leaves neither a terminal that shows nothing nor a window behind.
    let mut signals = Signals::new().map_err(Failure::file)?;
    fits(chosen, &admin)?;
    let invitation = Invitation::of(of, &mut signals).await?;
    let desk = Desk::of(chosen, &invitation)?.map(RefCell::new);
    let pairing = &Pairing { admin, invitation, desk };
    // A wrong letter in a code makes another code, whose name is another too.
    say(format_args!("code {}", show_code_name(&pairing.invitation.code.name())));
    let window = match text(of, "address") {
        Some(address) => pairing.begin("/pair/call", ("address", json!(address)))?,
        None => {
            let time = of.get_one::<Duration>("for").copied().unwrap_or_default();
            let window = pairing.begin("/pair/open", ("seconds", json!(time.as_secs())))?;
            say(format_args!("the window is open for {}; have the device call now", time::show(time)));
            window
        }
    };
    pairing.wait(window, signals).await
}

/// A pairing that a server was asked for.
struct Pairing<'c> {
    admin: Admin,
    invitation: Invitation,
    /// Of a server that cannot enter the device by itself.
    desk: Option<RefCell<Desk<'c>>>,
}

/// What has been said of a window.
#[derive(Default, PartialEq, Eq)]
struct Seen {
    key: Option<String>,
    loser: Option<String>,
    trouble: Option<String>,
    came: Came,
}

/// What has come to servers that share a registry.
#[derive(Default)]
struct Looked {
    /// The key that has shown the code.
    key: Option<String>,
    /// That of a device which was told no because another was first.
    loser: Option<String>,
    /// The revision with which it is paired.
    paired: Option<u64>,
}

impl Seen {
    /// Another device has shown the code; said once.
    fn lost(&mut self, loser: Option<String>) {
        if loser == self.loser || loser.is_none() {
            return;
        }
        if let Some(loser) = &loser {
            let shown = fingerprint(loser);
            say(format_args!("another device has shown the code, and was told no; its fingerprint: {shown}"));
        }
        self.loser = loser;
    }
}

/// Whether a device has come at all. Its row may stay, pending, whatever became of the pairing.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Came {
    #[default]
    Nobody,
    Somebody,
}

impl Pairing<'_> {
    /// Asks for it; the number of its window.
    fn begin(&self, path: &str, more: (&str, Value)) -> Result<u64, Failure> {
        let (field, value) = more;
        let question = self.invitation.question(field, &value);
        let answer = self.admin.tell(path, &question, PATIENCE)?;
        if let Some(refused) = answer.get("refused") {
            return Err(self.lost(refused));
        }
        if let Some(key) = said(&answer["bearer"], "key") {
            say(format_args!(
                "{:?} has this code already, fingerprint {}: it calls only if somebody asks it to pair again, by a button \
                 that is held for example; a device with other keys will be told no",
                said(&answer["bearer"], "device").unwrap_or_default(),
                fingerprint(&key)
            ));
        }
        Ok(number(&answer["windows"][0], "window"))
    }

    /// Says what happens until the window is over; an interrupt closes it, and so does whatever ends the waiting.
    async fn wait(&self, window: u64, signals: Signals) -> Result<(), Failure> {
        let done = self.until_over(window, signals).await;
        done.unwrap_or_else(|error| {
            let _ = self.close(window); // why we wait no longer is what is said
            Err(error)
        })
    }

    /// What it came to; the error is one of asking.
    async fn until_over(&self, window: u64, mut signals: Signals) -> Result<Result<(), Failure>, Failure> {
        let mut seen = Seen::default();
        loop {
            if let Some(done) = self.look(window, &mut seen)? {
                return Ok(done);
            }
            let asked = timeout(PAUSE, poll_fn(|context| signals.poll(context))).await;
            if let Ok(Asked::Stop) = asked {
                // What has come since is said as well: whoever interrupts may have seen a wrong fingerprint.
                if let Some(done) = self.look(window, &mut seen)? {
                    return Ok(done);
                }
                self.close(window)?;
                return Ok(Err(self.interrupted(seen.came)));
            }
        }
    }

    /// What is new, and what it came to when it is over.
    fn look(&self, window: u64, seen: &mut Seen) -> Result<Option<Result<(), Failure>>, Failure> {
        let Looked { key: shown, loser: lost, paired } =
            self.desk.as_ref().map(|desk| desk.borrow_mut().look()).unwrap_or_default();
        if shown.is_some() {
            seen.came = Came::Somebody;
        }
        if let (Some(key), Some(revision)) = (&shown, paired) {
            seen.lost(lost);
            let done = self.paired(key, None, Some(revision));
            self.until_it_is_over(window);
            return Ok(Some(done.and_then(|()| self.unless_contested(seen))));
        }
        let answer = match self.admin.ask("/pair", PATIENCE) {
            Ok((_, answer)) => answer,
            Err(Unanswered::Late(_)) => return Ok(None),
            Err(Unanswered::Gone(_)) => return Ok(Some(Err(self.gone(seen.came)))),
            Err(unanswered) => return Err(unanswered.into()),
        };
        let windows = answer["windows"].as_array().map_or(&[][..], Vec::as_slice);
        let Some(found) = windows.iter().find(|found| number(found, "window") == window) else {
            let why = "the server knows nothing of the window any more: it was started again";
            return Err(Failure::new(Exit::Handshake, why));
        };
        // It may have come to another server.
        let key = said(found, "key").or(shown);
        if key.is_some() || said(&found["trouble"], "what").is_some() {
            seen.came = Came::Somebody;
        }
        if key != seen.key {
            // What comes to any of several servers is said where they are answered.
            if let Some(key) = key.as_ref().filter(|_| self.desk.is_none()) {
                say(format_args!("a device has shown the code; its fingerprint: {}", fingerprint(key)));
            }
            seen.key = key;
        }
        seen.lost(said(found, "loser").or(lost));
        let trouble = &found["trouble"];
        let is_lost = said(trouble, "kind").as_deref() == Some("claimed");
        match said(found, "state").as_deref() {
            Some("paired") => {
                let key = seen.key.as_deref().unwrap_or_default();
                let is_pending = said(trouble, "kind").as_deref() == Some("not_stored");
                let done = self.paired(key, said(trouble, "what").filter(|_| is_pending), None);
                Ok(Some(done.and_then(|()| self.unless_contested(seen))))
            }
            Some("closed") => Ok(Some(Err(self.closed(seen.came)))),
            Some("over") => Ok(Some(Err(match said(trouble, "what") {
                Some(_) => self.lost(trouble),
                None => Failure::new(
                    Exit::Handshake,
                    "the window is over, and no device came with its code; `lowkey doctor` says who called instead",
                ),
            }))),
            _ if is_lost => {
                self.close(window)?;
                Ok(Some(Err(self.lost(trouble))))
            }
            _ => {
                let what = said(trouble, "what");
                if what != seen.trouble {
                    if let Some(what) = &what {
                        say(format_args!("a device came, and was not paired: {what}; the window stays open"));
                    }
                    seen.trouble = what;
                }
                Ok(None)
            }
        }
    }

    /// It is, and in force; or its row is pending, because of that. With others who share the registry it is in force
    /// when all of them obey what has this revision.
    fn paired(&self, key: &str, pending: Option<String>, revision: Option<u64>) -> Result<(), Failure> {
        let (device, shown) = (&self.invitation.device, fingerprint(key));
        say(format_args!("paired: {device:?}, key {key}, fingerprint {shown}"));
        if let Some(why) = pending {
            say(format_args!("its row is pending until it connects: {why}"));
        }
        match &self.desk {
            None => say("in force"),
            Some(desk) => say(desk.borrow().in_force(revision)?),
        }
        Ok(())
    }

    fn unless_contested(&self, seen: &Seen) -> Result<(), Failure> {
        seen.loser.as_deref().map_or(Ok(()), |loser| Err(self.contested(loser)))
    }

    /// The window of a device that is paired, and has perhaps come to another server, ends by itself there and here.
    fn until_it_is_over(&self, window: u64) {
        for _ in 0..OVER {
            let asked = self.admin.ask("/pair", PATIENCE);
            let windows = asked.map(|(_, mut answer)| answer["windows"].take()).unwrap_or_default();
            let is_it = |found: &&Value| number(found, "window") == window;
            let found = windows.as_array().and_then(|windows| windows.iter().find(is_it));
            if found.is_none_or(|found| !found["seconds_over"].is_null()) {
                return;
            }
            std::thread::sleep(PAUSE);
        }
        let _ = self.close(window); // it is paired, whatever is open
    }

    fn close(&self, window: u64) -> Result<(), Failure> {
        let question = json!({ "window": window }).to_string();
        self.admin.tell("/pair/close", &question, PATIENCE)?;
        Ok(())
    }

    fn interrupted(&self, came: Came) -> Failure {
        self.ended_early("interrupted; the window is closed", came)
    }

    /// By somebody else.
    fn closed(&self, came: Came) -> Failure {
        self.ended_early("the window was closed", came)
    }

    fn ended_early(&self, how: &str, came: Came) -> Failure {
        let device = &self.invitation.device;
        match came {
            Came::Nobody => {
                let why = "and no device came with its code; `lowkey doctor` says who called instead";
                Failure::new(Exit::Handshake, format_args!("{how}, {why}"))
            }
            Came::Somebody => Failure::new(
                Exit::Handshake,
                format_args!(
                    "{how}. A device came, and if it is entered it may connect: `lowkey revoke` takes {device:?} out"
                ),
            ),
        }
    }

    /// Paired and in force; and whether that was the right one, only people can tell.
    fn contested(&self, loser: &str) -> Failure {
        let why = format!(
            "two devices have this code; the other one was told no, fingerprint {}: if that is your device, `lowkey \
             revoke` takes {:?} out",
            fingerprint(loser),
            self.invitation.device
        );
        Failure::new(Exit::Contested, why)
    }

    fn gone(&self, came: Came) -> Failure {
        let device = &self.invitation.device;
        let gone = "the server has gone, and its window with it";
        match came {
            Came::Nobody => {
                let why = format!("{gone}; up to its last answer nobody was paired");
                Failure::new(Exit::Network, why)
            }
            Came::Somebody => Failure::new(
                Exit::Network,
                format_args!(
                    "{gone}; a device came, and if it is entered it may connect once the server runs again: `lowkey \
                     revoke` takes {device:?} out"
                ),
            ),
        }
    }

    /// Why nobody was paired; of a code that is another's, whose.
    fn lost(&self, trouble: &Value) -> Failure {
        let what = said(trouble, "what").unwrap_or_default();
        match said(trouble, "kind").as_deref() {
            Some("claimed") => {
                let (name, key) =
                    (said(trouble, "device").unwrap_or_default(), said(trouble, "key").unwrap_or_default());
                let why = format!(
                    "the code is {name:?}'s already, whose fingerprint is {} and whose key is {key}. If that is your device \
                     and it was reset, it has another fingerprint now: `lowkey revoke` the row and pair again. If it is \
                     not yours, `lowkey revoke` takes it out and frees the code here",
                    fingerprint(&key)
                );
                Failure::new(Exit::Claimed, why)
            }
            Some("refused" | "not_stored" | "key") => Failure::file(format_args!("not paired: {what}")),
            _ => Failure::new(Exit::Handshake, format_args!("not paired: {what}")),
        }
    }
}

/// What the device shows of a key, for people to compare.
fn fingerprint(key: &str) -> String {
    keys::parse_public(key).map_or_else(|_| clean(key), |key| Fingerprint::of(&key).to_string())
}

/// How long an answer may take: the server waits for others who change the registry.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether the window of a device that is paired has ended.
const OVER: u32 = 10;
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);
