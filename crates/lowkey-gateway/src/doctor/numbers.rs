//! Why a device's numbers are not taken (protocol §7). The server knows which of four things it is, and each is mended
//! by something else: new keys are one more run, which is the last thing to give a device that has had too many.

use super::case::Case;
use super::{Mend, commands};
use crate::store::Store;
use lowkey_host::numbered::MOST_OLD_RUNS;
use lowkey_host::{Mode, Untaken};

/// What is said of it.
pub(super) struct Told {
    pub(super) kind: &'static str,
    pub(super) why: String,
    pub(super) mend: Mend,
}

/// Of the device of this name.
pub(super) fn told(case: &Case<'_>, untaken: Untaken, name: &str) -> Told {
    match untaken {
        Untaken::Missing => Told {
            kind: "not_numbered",
            why: "it does not number its messages, or has sent one without a number, and what stores takes no other"
                .to_owned(),
            mend: Mend::Do(NUMBER_THEM.to_owned()),
        },
        Untaken::Replaced => Told {
            kind: "run_replaced",
            why: "its messages are of a run that another has taken the place of: its flash was restored, or another \
                  board has had its name since"
                .to_owned(),
            mend: new_keys(case, name).or(ONE_BOARD),
        },
        Untaken::TooManyRuns => Told {
            kind: "too_many_runs",
            why: format!(
                "it begins one more run after {MOST_OLD_RUNS} others: so many boards have had its name, or so many new \
                 pages were made for it"
            ),
            mend: forget_runs(case, name),
        },
        _ => Told {
            kind: "numbers",
            why: "it has sent a number that does not rise, or has acknowledged what it was not sent: a fault of its \
                  firmware"
                .to_owned(),
            mend: Mend::Do(ONE_OUTBOX.to_owned()),
        },
    }
}

/// What a memory has for the end of a session whose numbers could not be taken.
pub(super) fn of_word(why: &str) -> Option<Untaken> {
    Some(match why {
        "not numbered" => Untaken::Missing,
        "numbers" => Untaken::NotRising,
        "run replaced" => Untaken::Replaced,
        "too many runs" => Untaken::TooManyRuns,
        _ => return None,
    })
}

fn new_keys(case: &Case<'_>, name: &str) -> Mend {
    let mut has_psk = false;
    case.acceptor.registry().each(&mut |pinned| {
        has_psk |= pinned.device().name() == name && pinned.mode() == Mode::KkPsk0;
    });
    let rotate = if has_psk { commands::rotate_with_psk } else { commands::rotate };
    rotate(case.acceptor.public_key(), case.registry, name)
}

fn forget_runs(case: &Case<'_>, name: &str) -> Mend {
    match case.store.and_then(Store::runs) {
        Some(kept) if kept.contains("://") => commands::forget_runs(&kept, name).or(WHOSE),
        Some(kept) => commands::forget_runs(&kept, name).or(WHOSE_AND_STOP),
        None => Mend::Do(WHOSE.to_owned()),
    }
}

const NUMBER_THEM: &str = "have its firmware send what it has from an outbox, or give it a server whose `forward` takes \
                           what has no number";
const ONE_BOARD: &str = "write that page to the board that is to go on; if both are, provision one of them under a name \
                         of its own";
const ONE_OUTBOX: &str = "have its firmware send from one outbox alone, and send nothing once that says that numbers went \
                          back";
const WHOSE: &str = "look first whose boards they were, for what they have not sent yet is taken again then; new keys are \
                     no help, as they begin one more run";
const WHOSE_AND_STOP: &str = "look first whose boards they were, for what they have not sent yet is taken again then; stop \
                              this server for it, and run it as this server's user; new keys are no help, as they begin \
                              one more run";
