//! Whether the server sees each fault as what it is, and whether the command answers what an operator asks.
//!
//! Nothing here depends on when something happens: each look is repeated until it shows what has to be there, and a
//! limit only ends what never comes.

use crate::{
    fault::Fault,
    roster::{Member, Roster},
    service::Service,
    stage::Stage,
};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use xtask::command::Result;

/// Asks until all is seen.
///
/// # Errors
/// What was not seen, and what the server said last.
pub(crate) async fn run(stage: &Stage, roster: &Roster, service: &mut Service) -> Result<()> {
    let trial = Trial { stage };
    trial.all_are_there(roster).await?;
    for fault in Fault::ALL {
        for member in roster.with(fault) {
            trial.sees(fault, member).await?;
        }
    }
    trial.outage(roster, service).await?;
    for member in roster.with(Fault::Revoked) {
        stage.revoke(&member.name).await?;
        trial.revocation_holds(member).await?;
    }
    trial.questions(roster).await?;
    println!("fleet: the server has seen each fault as what it is, and all questions are answered");
    Ok(())
}

struct Trial<'s> {
    stage: &'s Stage,
}

impl Trial<'_> {
    async fn all_are_there(&self, roster: &Roster) -> Result<()> {
        let sound: Vec<&str> = roster.sound().map(|member| &*member.name).collect();
        self.until("/devices", &format!("all {} sound devices, connected", sound.len()), |all| {
            sound.iter().all(|name| one(all, name).is_some_and(|of| of["session"].is_object()))
        })
        .await
    }

    async fn sees(&self, fault: Fault, member: &Member) -> Result<()> {
        let Member { name, from, .. } = member;
        let what = format!("{name}: {}", fault.what());
        let device = async |sees: &dyn Fn(&Value) -> bool| {
            let path = format!("/devices?name={name}");
            self.until(&path, &what, |all| one(all, name).is_some_and(sees)).await
        };
        let found = async |kind: &str| {
            let is_so = |finding: &Value| finding["kind"] == kind && finding["device"] == **name;
            self.until(&format!("/doctor?about={name}"), &what, |said| {
                said["findings"].as_array().is_some_and(|all| all.iter().any(is_so))
            })
            .await
        };
        match fault {
            Fault::Flapping => {
                let comes_and_goes =
                    |of: &Value| of["sessions"].as_u64() >= Some(3) && of["ended"]["why"] == "closed";
                device(&comes_and_goes).await
            }
            Fault::Absent => {
                let is_gone = |of: &Value| {
                    let last = of["last_seen_seconds_ago"].is_u64();
                    of["session"].is_null() && last && of["ended"]["why"] == "broken"
                };
                device(&is_gone).await
            }
            Fault::Never => {
                let never = |of: &Value| of["session"].is_null() && of["first_seen_seconds_ago"].is_null();
                device(&never).await
            }
            Fault::Keys => {
                found("key_wrong").await?;
                // Who claims its id leaves no trace in what is known of the device.
                device(&|of| of["session"].is_null() && of["refused"].is_null() && of["sessions"] == 0).await
            }
            Fault::Pages => {
                let (one, other) = (from.to_string(), member.twin().to_string());
                let both = |of: &Value| {
                    let said = |field: &str| of["displaced"][field].as_str().unwrap_or_default().to_owned();
                    let is_at = |said: &str, ip: &str| said.starts_with(&format!("{ip}:"));
                    let (from, by) = (said("from"), said("by"));
                    is_at(&from, &one) && is_at(&by, &other) || is_at(&from, &other) && is_at(&by, &one)
                };
                device(&both).await?;
                found("two_boards").await
            }
            Fault::Slow => device(&|of| of["ended"]["why"] == "silent").await,
            Fault::Revoked => device(&|of| of["session"].is_object()).await,
            Fault::Service => Ok(()),
        }
    }

    async fn outage(&self, roster: &Roster, service: &mut Service) -> Result<()> {
        if !roster.has(Fault::Service) {
            return Ok(());
        }
        service.stop();
        self.until_text("/metrics", "a service behind that is down", |text| {
            text.contains("lowkey_backend_up 0\n")
        })
        .await?;
        let is_down = |finding: &Value| finding["kind"] == "service_down";
        self.until("/doctor", "a doctor who says that the service is down", |said| {
            said["findings"].as_array().is_some_and(|all| all.iter().any(is_down))
        })
        .await?;
        service.resume()?;
        self.until_text("/metrics", "a service that is back", |text| text.contains("lowkey_backend_up 1\n"))
            .await?;
        self.all_are_there(roster).await
    }

    async fn revocation_holds(&self, member: &Member) -> Result<()> {
        let name = &member.name;
        let holds = |of: &Value| {
            let is_out = of["registered"] == false && of["removed_seconds_ago"].is_u64();
            is_out && of["session"].is_null() && of["refused"]["times"].as_u64() >= Some(1)
        };
        let what = format!("{name}: revoked, and refused since");
        self.until(&format!("/devices?name={name}"), &what, |all| one(all, name).is_some_and(holds)).await
    }

    /// The five of an operator, by command.
    async fn questions(&self, roster: &Roster) -> Result<()> {
        let name = |fault| roster.with(fault).next().map_or("", |member: &Member| &*member.name);
        let gone = name(Fault::Absent);
        self.says(&["show", "--absent"], 0, gone).await?;
        self.says(&["show", gone], 11, "broken").await?;
        self.says(&["doctor", name(Fault::Keys)], 11, "key").await?;
        self.says(&["doctor"], 13, "two boards").await?;
        self.says(&["doctor"], 13, name(Fault::Pages)).await?;
        self.says(&["doctor", name(Fault::Revoked)], 11, "taken out of the registry").await
    }

    async fn says(&self, words: &[&str], code: i32, part: &str) -> Result<()> {
        let (ended, said) = self.stage.lowkey(words).await?;
        if ended == Some(code) && said.contains(part) {
            return Ok(());
        }
        Err(format!("lowkey {}: code {ended:?} and not {code}, or no {part:?} in:\n{said}", words.join(" "))
            .into())
    }

    async fn until(&self, path: &str, what: &str, mut sees: impl FnMut(&Value) -> bool) -> Result<()> {
        self.until_text(path, what, |text| serde_json::from_str(text).is_ok_and(|value| sees(&value))).await
    }

    async fn until_text(&self, path: &str, what: &str, mut sees: impl FnMut(&str) -> bool) -> Result<()> {
        let begun = Instant::now();
        loop {
            let said = self.stage.ask_text(path).await?;
            if sees(&said) {
                println!("seen: {what}");
                return Ok(());
            }
            if begun.elapsed() > LIMIT {
                return Err(format!("{path} does not show {what}:\n{said}").into());
            }
            sleep(BETWEEN_LOOKS).await;
        }
    }
}

/// What is said of this device.
fn one<'a>(all: &'a Value, name: &str) -> Option<&'a Value> {
    all["devices"].as_array()?.iter().find(|of| of["device"] == *name)
}

const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// Ends a trial that hangs, on busy cores too.
const LIMIT: Duration = Duration::from_secs(120);
