//! Whether the server that runs obeys what was written to its registry: asked of its admin listener, by a digest of the
//! text that it has loaded. Of a registry that several share each says by itself which revision it obeys.

use crate::admin_client::{self, Admin, Unanswered, number, said};
use crate::chosen::Chosen;
use crate::chosen::is_shared_name;
use crate::config::time;
use crate::failure::{Exit, Failure};
use crate::terminal::say;
use clap::{Arg, ArgAction, ArgMatches};
use lowkey_gateway::admin::Endpoint;
use lowkey_host::PublicKey;
use lowkey_registry::{Written, digest_of, keys};
use serde_json::Value;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{fs, io};

/// `--admin`, `--config`, `--wait` and `--no-wait`.
pub(crate) fn arguments() -> [Arg; 4] {
    let [admin, config] = admin_client::arguments();
    let [wait, no_wait] = waiting(
        "How long the server may take until it obeys the change",
        "Ask no server whether it obeys the change: there is none yet, or it is elsewhere",
    );
    [admin, config, wait, no_wait.conflicts_with_all(["admin", "config"])]
}

/// `--wait` and `--no-wait`.
pub(crate) fn waiting(wait: &'static str, no_wait: &'static str) -> [Arg; 2] {
    [
        Arg::new("wait")
            .long("wait")
            .value_name("TIME")
            .default_value("10s")
            .value_parser(|text: &str| time::parse(text).ok_or("no time such as 10s or 500ms"))
            .help(wait),
        Arg::new("no-wait").long("no-wait").action(ArgAction::SetTrue).conflicts_with("wait").help(no_wait),
    ]
}

/// Who will be asked whether what is written to a registry is obeyed, or that nobody will be.
pub(crate) struct Asked<'c> {
    chosen: &'c Chosen,
    /// The server that runs, of a file.
    admin: Option<Admin>,
    asks: bool,
    wait: Duration,
}

/// What an answer comes to.
enum Verdict {
    /// Obeyed, and what is said of that.
    Obeyed(String),
    /// It will not be, and why.
    Never(String),
    /// Not by now, and why.
    NotYet(String),
    /// Nobody says anything, and why; perhaps the next time.
    Unknown(Unanswered),
}

impl<'c> Asked<'c> {
    /// As the arguments say. Nothing is asked yet, so that what is wrong with them comes before anything is written.
    pub(crate) fn of(of: &ArgMatches, chosen: &'c Chosen) -> Result<Self, Failure> {
        let asks = !of.get_flag("no-wait");
        let admin = if asks && chosen.file().is_some() { Some(Admin::of(of)?) } else { None };
        let wait = of.get_one::<Duration>("wait").copied().unwrap_or_default();
        Ok(Self { chosen, admin, asks, wait })
    }

    /// Refuses what a server that answers could not obey, before it is added to a registry file: a new one in the place
    /// of one that is gone and that the server still has in force, and one of another server's.
    pub(crate) fn before_adding(&self, server: &PublicKey) -> Result<(), Failure> {
        let Some((before, file)) = self.before() else { return Ok(()) };
        before.spare(file)?;
        before.compare(file, server)
    }

    /// Refuses the key of another server than the one that answers and has this registry file.
    pub(crate) fn before_removing(&self, server: &PublicKey) -> Result<(), Failure> {
        self.before().map_or(Ok(()), |(before, file)| before.compare(file, server))
    }

    /// What the server says before anything is written, if it answers.
    fn before(&self) -> Option<(Before<'_>, &Path)> {
        let admin = self.admin.as_ref()?;
        let (_, value) = admin.ask("/registry", QUICK).ok()?;
        Some((Before { admin, value }, self.chosen.file()?))
    }

    /// Waits until what was written is obeyed.
    ///
    /// # Errors
    /// [`Exit::NotInForce`]: it is not, or nobody could be asked. What was written stays.
    pub(crate) fn wait_for(&self, written: &Written) -> Result<(), Failure> {
        self.wait_and_say(written, "written, but")
    }

    /// The same of what was asked for and stands there already: whoever wrote it may not have learnt whether it holds.
    ///
    /// # Errors
    /// [`Exit::NotInForce`]: it is not obeyed, or nobody could be asked.
    pub(crate) fn wait_for_what_stands(&self, standing: &Written) -> Result<(), Failure> {
        self.wait_and_say(standing, NOTHING_WRITTEN)
    }

    fn wait_and_say(&self, written: &Written, what: &str) -> Result<(), Failure> {
        say(self.waited(written, what)?.unwrap_or_else(|| NOT_ASKED.to_owned()));
        Ok(())
    }

    /// What is said when it is obeyed; `None` if nobody is asked.
    fn waited(&self, written: &Written, what: &str) -> Result<Option<String>, Failure> {
        match (self.chosen, &self.admin) {
            _ if !self.asks => Ok(None),
            (Chosen::File(_), None) => Ok(None),
            (Chosen::File(_), Some(admin)) => self.wait_until(admin, written, what).map(Some),
            #[cfg(feature = "nats")]
            (Chosen::Shared(shared), _) => {
                let revision = written.revision().unwrap_or_default();
                shared.wait(revision, self.wait, what).map(|gateways| Some(crate::nats::obeyed(gateways)))
            }
        }
    }

    /// Nothing was changed, because of `error`: what was changed before may have come into force since, or not.
    ///
    /// # Errors
    /// Always: [`Exit::NotInForce`] if the registry as it stands is not in force, otherwise [`Exit::File`].
    pub(crate) fn unchanged(&self, server: &PublicKey, error: &str) -> Result<(), Failure> {
        let Ok(now) = Written::already(self.chosen.target(), server) else {
            return Err(Failure::file(error));
        };
        let stands = match self.waited(&now, &format!("{error}; {NOTHING_WRITTEN}"))? {
            None => return Err(Failure::file(error)),
            Some(said) if said.starts_with("in force") => "the registry as it stands is in force".to_owned(),
            Some(said) => said,
        };
        Err(Failure::file(format_args!("{error}; {stands}")))
    }

    /// Nothing could be changed, because of `error`: a server that answers goes on with what it has.
    ///
    /// # Errors
    /// Always: [`Exit::NotInForce`] if a server answers, otherwise [`Exit::File`].
    pub(crate) fn unwritten(&self, error: &str) -> Failure {
        if self.chosen.file().is_none() {
            let why = "this is NOT in force, as far as is known: the gateways go on with what they have read";
            return Failure::new(Exit::NotInForce, format_args!("{error}; {why}"));
        }
        let answers = |admin: &&Admin| admin.ask("/registry", QUICK).is_ok();
        match self.admin.as_ref().filter(answers) {
            None => Failure::file(error),
            Some(admin) => Failure::new(
                Exit::NotInForce,
                format_args!(
                    "{error}; nothing was written, and this is NOT in force: the server at {} goes on with what it has read",
                    admin.endpoint()
                ),
            ),
        }
    }

    /// What is said when it is obeyed.
    fn wait_until(&self, admin: &Admin, written: &Written, what: &str) -> Result<String, Failure> {
        let begun = Instant::now();
        loop {
            let left = self.wait.saturating_sub(begun.elapsed());
            let verdict = match admin.ask("/registry", left.max(QUICK)) {
                Ok((_, value)) => self.judge(admin, &value, written),
                Err(unanswered) => Verdict::Unknown(unanswered),
            };
            let why = match verdict {
                Verdict::Obeyed(how) => return Ok(how),
                Verdict::NotYet(_) | Verdict::Unknown(Unanswered::Late(_)) if begun.elapsed() < self.wait => {
                    sleep(PAUSE);
                    continue;
                }
                Verdict::NotYet(why) | Verdict::Never(why) => format!("NOT in force: {why}"),
                Verdict::Unknown(unanswered) => {
                    let failure = Failure::from(unanswered);
                    format!("not known to be in force: no server could be asked: {failure}")
                }
            };
            return Err(Failure::new(Exit::NotInForce, format_args!("{what} {why}")));
        }
    }

    fn judge(&self, admin: &Admin, value: &Value, written: &Written) -> Verdict {
        let (at, file) = (admin.endpoint(), written.registry());
        let Some(digest) = said(value, "digest") else {
            let shared = said(value, "path").filter(|path| is_shared_name(path));
            return Verdict::Never(match shared {
                Some(address) => {
                    format!(
                        "the server at {at} shares {address}, and reads no file; say --registry {address}"
                    )
                }
                None => format!("the server at {at} has no registry file"),
            });
        };
        let ours = digest == written.digest().to_string();
        if !ours {
            match written.stands_in() {
                Ok(None) => {
                    return Verdict::Never(format!(
                        "somebody has changed {} since, and undone this",
                        file.display()
                    ));
                }
                Ok(Some(now)) if now.to_string() == digest => (), // a later text, with this in it
                Ok(Some(_)) => return self.not_loaded(at, value, written),
                Err(error) => return Verdict::NotYet(format!("somebody has changed it since: {error}")),
            }
        }
        let left_out = value["left_out"].as_array().map_or(&[][..], Vec::as_slice);
        let added = written.added().map(|key| keys::encode_public(&key));
        if let Some(of) = left_out.iter().find(|of| added.is_some() && said(of, "key") == added) {
            let why = said(of, "why").unwrap_or_default();
            return Verdict::Never(format!("the server at {at} leaves this device out: {why}"));
        }
        if value["in_force"] != Value::Bool(true) {
            let why = "has loaded it, and may still have sessions of what was removed";
            return Verdict::NotYet(format!("the server at {at} {why}"));
        }
        let ended = match number(value, "sessions_ended") {
            _ if !ours => "in force, with a later change of the file".to_owned(),
            0 if added.is_some() => "in force".to_owned(),
            0 => "in force; no session ended".to_owned(),
            1 => "in force; 1 session ended".to_owned(),
            n => format!("in force; {n} sessions ended"),
        };
        // Sessions of theirs may be among those that ended, and nobody meant that.
        Verdict::Obeyed(match left_out.len() {
            0 => ended,
            n => format!(
                "{ended}; pinnings left out because their PSK cannot be had: {n}, `lowkey doctor` names them"
            ),
        })
    }

    /// Why the server has another text than the file.
    fn not_loaded(&self, at: &Endpoint, value: &Value, written: &Written) -> Verdict {
        let path = said(value, "path").unwrap_or_default();
        let elsewhere = !is_file(written.registry(), &path);
        if elsewhere && said(value, "server") != Some(keys::encode_public(&written.server())) {
            return Verdict::Never(format!(
                "the server at {at} is another one, with the registry {path}; {ASK}"
            ));
        }
        Verdict::NotYet(match said(value, "stale") {
            Some(why) => {
                let mend = said(value, "mend").unwrap_or_default();
                format!("the server at {at} says: {why}; {mend}")
            }
            None if elsewhere => format!("the server at {at} has another registry, {path}; {ASK}"),
            None => format!("the server at {at} has not loaded it in {}", time::show(self.wait)),
        })
    }
}

/// Which registry a server has in force.
struct Before<'a> {
    admin: &'a Admin,
    value: Value,
}

impl Before<'_> {
    /// Refuses a new registry in the place of one that is gone and that the server still has in force.
    fn spare(&self, registry: &Path) -> Result<(), Failure> {
        let Self { admin, value } = self;
        let (path, devices) = (said(value, "path").unwrap_or_default(), number(value, "devices"));
        if devices == 0 || !is_gone(registry, &path) {
            return Ok(());
        }
        Err(Failure::file(format_args!(
            "{path}: is not there, and the server at {} has it in force, with {devices} devices; a new one would take them \
             out: bring it back first; nothing was written",
            admin.endpoint(),
        )))
    }

    /// Refuses a key that is not the one of the server that runs, if that serves this registry.
    fn compare(&self, registry: &Path, server: &PublicKey) -> Result<(), Failure> {
        let Self { admin, value } = self;
        let Some(key) = said(value, "server") else { return Ok(()) };
        let digest = digest_of(registry).map(|digest| digest.to_string()).ok();
        let same_text = digest.is_some() && digest == said(value, "digest");
        let path = said(value, "path").unwrap_or_default();
        let serves_it = same_text || is_file(registry, &path);
        if serves_it && key != keys::encode_public(server) {
            let why = format!(
                "--server: that is not the key of the server at {}, which serves {}: its key is {key}; nothing was written",
                admin.endpoint(),
                registry.display(),
            );
            return Err(Failure::new(Exit::Arguments, why));
        }
        Ok(())
    }
}

/// Whether the server means this file by `path`.
fn is_file(registry: &Path, path: &str) -> bool {
    let same = fs::canonicalize(registry).and_then(|ours| Ok(ours == fs::canonicalize(path)?));
    same.unwrap_or(false)
}

/// Whether the server means this file by `path`, and it is not there.
fn is_gone(registry: &Path, path: &str) -> bool {
    let gone = fs::symlink_metadata(registry).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    let folder = |of: &Path| fs::canonicalize(std::path::absolute(of).ok()?.parent()?).ok();
    let path = Path::new(path);
    gone && registry.file_name() == path.file_name()
        && folder(registry).is_some_and(|ours| folder(path) == Some(ours))
}

/// Said in the place of whether it holds.
pub(crate) const NOT_ASKED: &str = "no server was asked whether it obeys this (--no-wait)";
/// In front of why it does not hold.
const NOTHING_WRITTEN: &str = "nothing was written, and what stands there is";
/// How to find the right one.
const ASK: &str = "ask the server that has this one, by --admin or --config";
/// How long an answer may take when there is no more time.
const QUICK: Duration = Duration::from_secs(1);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(50);
