//! Where to look, and what there is to see.

use crate::{
    arguments::Arguments,
    fault::Fault,
    roster::Roster,
    stage::{Server, Stage},
    window::Window,
};
use serde_json::Value;

pub(crate) struct Guide<'g> {
    pub(crate) arguments: &'g Arguments,
    pub(crate) stage: &'g Stage,
    pub(crate) roster: &'g Roster,
    pub(crate) server: &'g Server,
    pub(crate) window: &'g Window,
}

impl Guide<'_> {
    pub(crate) fn print(&self) {
        let Self { arguments, stage, roster, server, window } = self;
        let (devices, address, process) = (arguments.devices, server.address, server.process());
        println!(
            "{devices} devices at {address}; the server is process {process}, its log {}",
            stage.log().display()
        );
        println!(
            "the admin listener: unix:{}, and to look http://{}/",
            stage.admin().display(),
            window.address
        );
        println!("\nin another terminal:\n  export LOWKEY_ADMIN_LISTEN=unix:{}", stage.admin().display());
        let lowkey = arguments.lowkey.display();
        for (question, words) in QUESTIONS {
            let words = words.replace("REVOKED", self.first(Fault::Revoked));
            println!("  {lowkey} {words:<28} # {question}");
        }
        if arguments.faults.is_empty() {
            println!("\nno device has a fault; --faults gives some of them one");
        } else {
            println!("\nfaults:");
        }
        for fault in &arguments.faults {
            let names: Vec<&str> = roster.with(*fault).map(|member| &*member.name).collect();
            println!("  {:<9} {}{}", fault.word(), fault.what(), list(&names));
        }
        match arguments.time {
            Some(time) => println!("\nit ends in {} s, or by Ctrl-C\n", time.as_secs()),
            None => println!("\nCtrl-C ends it, and nothing is left of it\n"),
        }
    }

    fn first(&self, fault: Fault) -> &str {
        self.roster.with(fault).next().map_or("pump-7", |member| &member.name)
    }
}

/// How the fleet fares, by what the admin listener says.
pub(crate) fn line(sessions: &Value) -> String {
    let total = |field: &str| sessions["totals"][field].as_u64().unwrap_or_default();
    format!(
        "{} connected, {} sessions begun, {} records in, {} out",
        total("sessions"),
        total("sessions_begun"),
        total("records_received"),
        total("records_sent")
    )
}

fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        few if few.len() <= SHOWN => format!(": {}", few.join(" ")),
        many => format!(": {} and {} more", many[..SHOWN].join(" "), many.len() - SHOWN),
    }
}

const SHOWN: usize = 6;
const QUESTIONS: [(&str, &str); 5] = [
    ("who is missing, and since when?", "show --absent"),
    ("what was the last thing that happened to pump-7?", "show pump-7"),
    ("is the service behind healthy?", "doctor"),
    ("which two boards share a page?", "doctor"),
    ("did the revocation hold?", "doctor REVOKED"),
];
