//! Which steps of `cargo xtask test` run when: alone, or side by side.
//!
//! Each step is a process of its own, `cargo xtask step NAME`. What it says lies in `target/steps/NAME.log`, and how
//! long it took last in `NAME.seconds`.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    path::PathBuf,
    process::{self, Stdio},
    sync::{Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use xtask::{command::Result, root, target};

use super::{Folder, Step};
use crate::tally::{self, Tally};

/// Runs these in their order, those in a row that may stand beside others on as many threads as there are cores. After
/// a failure nothing is begun any more.
///
/// # Errors
/// The first that failed.
pub(super) fn run(steps: &[&Step]) -> Result<Tally> {
    fs::create_dir_all(folder())?;
    keep_ourselves()?;
    let cores = thread::available_parallelism()?.get();
    let mut tally = Tally::default();
    for group in steps.chunk_by(in_a_row) {
        let run = Mutex::new(Run { waiting: group.to_vec(), building: Vec::new(), failed: None, tally });
        let (run_now, is_live) = (Condvar::new(), group.len() == 1);
        thread::scope(|scope| {
            for _worker in 0..cores.min(group.len()) {
                scope.spawn(|| work(&run, &run_now, is_live));
            }
        });
        let run = run.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = run.failed {
            return Err(error.into());
        }
        tally = run.tally;
    }
    Ok(tally)
}

/// How long a step took when it last went well.
pub(super) fn last(step: &Step) -> Option<Duration> {
    let seconds = fs::read_to_string(kept(step, "seconds")).ok()?;
    Some(Duration::from_secs_f32(seconds.trim().parse().ok()?))
}

/// Whether these two, one after the other, may be played at the same time.
fn in_a_row(one: &&Step, next: &&Step) -> bool {
    one.beside.zip(next.beside).is_some_and(|(one, next)| one.is_for_playing() == next.is_for_playing())
}

/// A group of steps on its way.
struct Run<'s> {
    waiting: Vec<&'s Step>,
    /// The folders in which something is being built. Two cargos in one only wait for each other.
    building: Vec<Folder>,
    failed: Option<String>,
    tally: Tally,
}

impl<'s> Run<'s> {
    /// The next step that need not wait for another one.
    fn next(&mut self) -> Option<&'s Step> {
        let is_free = |step: &&Step| step.beside.is_none_or(|folder| !self.building.contains(&folder));
        let step = self.waiting.remove(self.waiting.iter().position(is_free)?);
        self.building.extend(step.beside);
        Some(step)
    }
}

fn work(run: &Mutex<Run<'_>>, run_now: &Condvar, is_live: bool) {
    let mut held = run.lock().unwrap_or_else(PoisonError::into_inner);
    while held.failed.is_none() && !held.waiting.is_empty() {
        let Some(step) = held.next() else {
            held = run_now.wait(held).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        println!("\n== {}: {}", step.name, step.what);
        drop(held);
        let mut tally = Tally::default();
        let done = play(step, is_live, &mut tally);
        held = run.lock().unwrap_or_else(PoisonError::into_inner);
        held.building.retain(|folder| Some(*folder) != step.beside);
        held.tally += tally;
        if let Err(error) = done {
            held.failed.get_or_insert(format!("{} failed: {error}", step.name));
        }
        run_now.notify_all();
    }
}

/// Runs one, and shows what it says: at once if it is `is_live`, otherwise when it has ended.
fn play(step: &Step, is_live: bool, tally: &mut Tally) -> Result<()> {
    let begun = Instant::now();
    // What it took before is no longer so if it fails.
    let _there_may_be_none = fs::remove_file(kept(step, "seconds"));
    let (said, say) = io::pipe()?;
    let mut command = process::Command::new(ourselves());
    command.args(["step", step.name]).current_dir(root()).env(tally::SEED, tally::seed());
    command.stdin(Stdio::null()).stderr(say.try_clone()?).stdout(say);
    command.envs(AT_ONCE.into_iter().filter(|(name, _)| env::var_os(name).is_none()));
    let mut child = command.spawn()?;
    drop(command); // and with it the ends of the pipe that are ours
    let mut log = fs::File::create(kept(step, "log"))?;
    let mut unseen = Vec::new();
    for line in BufReader::new(said).split(b'\n') {
        let mut line = line?;
        tally.add(&String::from_utf8_lossy(&line));
        line.push(b'\n');
        log.write_all(&line)?;
        if is_live { io::stdout().write_all(&line)? } else { unseen.append(&mut line) }
    }
    let status = child.wait()?;
    let seconds = begun.elapsed().as_secs_f32();
    let word = if status.success() { "ok" } else { "failed" };
    let end = format!("== {}: {word}, {seconds:.1} s\n", step.name);
    let mut stdout = io::stdout().lock();
    stdout.write_all(&unseen)?;
    stdout.write_all(end.as_bytes())?;
    if !status.success() {
        return Err(format!("{status}; {} has what it said", kept(step, "log").display()).into());
    }
    Ok(fs::write(kept(step, "seconds"), format!("{seconds:.1}\n"))?)
}

/// Copies this program to where no cargo puts another one in its place: the steps build all that the tests are of, and
/// that is one of them.
fn keep_ourselves() -> Result<()> {
    // Not over one that still runs.
    let _there_may_be_none = fs::remove_file(ourselves());
    fs::copy(env::current_exe()?, ourselves())?;
    Ok(())
}

fn ourselves() -> PathBuf {
    folder().join("xtask").with_extension(env::consts::EXE_EXTENSION)
}

fn kept(step: &Step, what: &str) -> PathBuf {
    folder().join(step.name).with_extension(what)
}

fn folder() -> PathBuf {
    target().join("steps")
}

/// What is built for one run, and not to be changed and built again, is compiled a third sooner in one go and without
/// what only a debugger and a backtrace show.
const AT_ONCE: [(&str, &str); 2] = [("CARGO_INCREMENTAL", "0"), ("CARGO_PROFILE_DEV_DEBUG", "none")];

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &'static str, beside: Option<Folder>) -> Step {
        Step { name, what: "", beside, run: || Ok(()) }
    }

    #[test]
    fn of_two_steps_that_build_in_one_folder_the_second_waits_for_the_first() {
        let steps = [
            step("a", Some(Folder::Workspace)),
            step("b", Some(Folder::Workspace)),
            step("c", Some(Folder::Device)),
        ];
        let waiting = steps.iter().collect();
        let mut run = Run { waiting, building: Vec::new(), failed: None, tally: Tally::default() };
        let mut next = || run.next().map(|step| step.name);
        assert_eq!((next(), next(), next()), (Some("a"), Some("c"), None));
        run.building.retain(|folder| *folder != Folder::Workspace);
        assert_eq!(run.next().map(|step| step.name), Some("b"));
    }

    #[test]
    fn nothing_is_built_beside_what_is_played_and_what_is_alone_has_nothing_beside_it() {
        let build = step("build", Some(Folder::Workspace));
        let [play, other] = [Folder::RustBoard, Folder::CBoard].map(|folder| step("play", Some(folder)));
        let alone = step("alone", None);
        assert!(in_a_row(&&play, &&other) && in_a_row(&&build, &&build));
        assert!(![(&build, &play), (&play, &alone), (&alone, &alone)].iter().any(|(a, b)| in_a_row(a, b)));
    }
}
