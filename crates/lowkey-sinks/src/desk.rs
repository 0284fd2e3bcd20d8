//! A file that one thread writes: what many ask for meanwhile is one commit.

mod file;

use crate::error::SinkError;
use file::NotOpen;
pub(crate) use file::damaged;
use redb::{Database, WriteTransaction};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A file, and the thread that writes it. Dropped, it ends when all that was asked for is done.
pub(crate) struct Desk<S: Kept> {
    path: PathBuf,
    jobs: Option<Sender<Box<dyn Job<S>>>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread knows of the file without reading it.
pub(crate) trait Kept: Send + 'static {
    /// Reads the file that was opened, at the start and again after the disk has failed.
    fn recall(&mut self, database: &Database) -> Result<(), redb::Error>;

    /// What it knows is what is on the disk: the file was opened, or a commit has changed it.
    fn settled(&mut self) {}
}

/// What a job has come to.
pub(crate) enum Done<R> {
    /// The file is as it was.
    Looked(R),
    /// It has to be committed first.
    Changed(R),
}

impl<S: Kept> Desk<S> {
    /// Opens the file of this name in `folder`, or makes both, for their owner's eyes only.
    ///
    /// # Errors
    /// [`SinkError::InUse`], [`SinkError::File`].
    pub(crate) fn open(folder: &Path, name: &str, mut kept: S) -> Result<Self, SinkError> {
        let path = folder.join(name);
        let database = file::open(folder, name).and_then(|database| {
            kept.recall(&database).map_err(NotOpen::from)?;
            kept.settled();
            Ok(database)
        });
        let database = Some(database.map_err(|error| match error {
            NotOpen::InUse => SinkError::InUse(says(&path, &error)),
            error => SinkError::File(says(&path, &error)),
        })?);
        let (jobs, asked) = channel();
        let clerk = Clerk { path: path.clone(), database, kept };
        let thread = std::thread::Builder::new()
            .name("lowkey-desk".to_owned())
            .spawn(move || _ = clerk.run(&asked))
            .map_err(|error| SinkError::File(says(&path, &error)))?;
        Ok(Self { path, jobs: Some(jobs), thread: Some(thread) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Has the thread do this in its next commit. What it gives is on the disk by then. Whoever is no longer there to
    /// hear of it has it done all the same.
    ///
    /// # Errors
    /// Why the file was not written, with its name.
    pub(crate) async fn ask<R: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTransaction, &mut S) -> Result<Done<R>, redb::Error> + Send + 'static,
    ) -> Result<R, String> {
        let answer = self.tell(work);
        answer.await.unwrap_or_else(|_| Err(says(&self.path, &"nobody writes it any more")))
    }

    /// The same, for whoever may not wait.
    pub(crate) fn tell<R: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTransaction, &mut S) -> Result<Done<R>, redb::Error> + Send + 'static,
    ) -> oneshot::Receiver<Result<R, String>> {
        let (asks, answer) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            // A thread that is gone answers nobody, which is seen there.
            let _ = jobs.send(Box::new(Call { work: Some(work), result: None, asks }));
        }
        answer
    }
}

impl<S: Kept> fmt::Debug for Desk<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<S: Kept> Drop for Desk<S> {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // Its panic was printed.
            let _ = thread.join();
        }
    }
}

/// The thread.
struct Clerk<S> {
    path: PathBuf,
    /// None: the disk has failed, and the file is opened again for the next job.
    database: Option<Database>,
    kept: S,
}

impl<S: Kept> Clerk<S> {
    /// How many commits it took.
    fn run(mut self, asked: &Receiver<Box<dyn Job<S>>>) -> usize {
        let mut commits = 0;
        while let Ok(job) = asked.recv() {
            let mut jobs = vec![job];
            jobs.extend(asked.try_iter().take(MOST_AT_ONCE - 1));
            let outcome = self.commit(&mut jobs);
            if outcome.is_err() {
                // What it has in memory may be of what was not committed.
                self.database = None;
            }
            let outcome = outcome.map_err(|error| says(&self.path, &error));
            commits += usize::from(outcome == Ok(true));
            let outcome = outcome.map(drop);
            for job in jobs {
                job.over(&outcome);
            }
        }
        commits
    }

    /// Does these, all or none; whether that changed the file.
    fn commit(&mut self, jobs: &mut [Box<dyn Job<S>>]) -> Result<bool, NotOpen> {
        let database = match &mut self.database {
            Some(database) => database,
            none => {
                let database = file::reopen(&self.path)?;
                self.kept.recall(&database)?;
                self.kept.settled();
                none.insert(database)
            }
        };
        let writing = database.begin_write().map_err(redb::Error::from)?;
        let mut changed = false;
        for job in jobs {
            changed |= job.work(&writing, &mut self.kept)?;
        }
        if changed {
            writing.commit().map_err(redb::Error::from)?;
            self.kept.settled();
        } else {
            writing.abort().map_err(redb::Error::from)?;
        }
        Ok(changed)
    }
}

/// What somebody asked for.
trait Job<S>: Send {
    /// Does it; whether the file is changed.
    fn work(&mut self, writing: &WriteTransaction, kept: &mut S) -> Result<bool, redb::Error>;

    /// Says what has come of it.
    fn over(self: Box<Self>, outcome: &Result<(), String>);
}

struct Call<F, R> {
    work: Option<F>,
    result: Option<R>,
    asks: oneshot::Sender<Result<R, String>>,
}

impl<S, F, R> Job<S> for Call<F, R>
where
    F: FnOnce(&WriteTransaction, &mut S) -> Result<Done<R>, redb::Error> + Send,
    R: Send,
{
    fn work(&mut self, writing: &WriteTransaction, kept: &mut S) -> Result<bool, redb::Error> {
        let Some(work) = self.work.take() else { return Ok(false) };
        let (result, changed) = match work(writing, kept)? {
            Done::Looked(result) => (result, false),
            Done::Changed(result) => (result, true),
        };
        self.result = Some(result);
        Ok(changed)
    }

    fn over(self: Box<Self>, outcome: &Result<(), String>) {
        let answer = match (outcome, self.result) {
            (Ok(()), Some(result)) => Ok(result),
            (Err(why), _) => Err(why.clone()),
            // A commit that succeeded has done all of its jobs.
            (Ok(()), None) => return,
        };
        // Whoever asked may be gone.
        let _ = self.asks.send(answer);
    }
}

fn says(path: &Path, why: &dyn fmt::Display) -> String {
    format!("{}: {}", lowkey_registry::text_file::shown(path), lowkey_host::text::clean(&why.to_string()))
}

/// How much goes into one commit; the next waits no longer than it takes.
const MOST_AT_ONCE: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;
    use redb::{ReadableDatabase, ReadableTableMetadata, TableDefinition};

    const TABLE: TableDefinition<'_, u64, u64> = TableDefinition::new("numbers");

    struct Nothing;

    impl Kept for Nothing {
        fn recall(&mut self, _: &Database) -> Result<(), redb::Error> {
            Ok(())
        }
    }

    fn entering(number: u64) -> (Box<dyn Job<Nothing>>, oneshot::Receiver<Result<u64, String>>) {
        let (asks, answer) = oneshot::channel();
        let work = move |writing: &WriteTransaction, _: &mut Nothing| {
            writing.open_table(TABLE)?.insert(number, number)?;
            Ok(Done::Changed(number))
        };
        (Box::new(Call { work: Some(work), result: None, asks }), answer)
    }

    #[test]
    fn a_thousand_who_write_at_once_are_one_commit() {
        let folder = tempfile::tempdir().unwrap();
        let database = file::open(folder.path(), "a.redb").unwrap();
        let clerk = Clerk { path: folder.path().join("a.redb"), database: Some(database), kept: Nothing };
        let (jobs, asked) = channel();
        let answers: Vec<_> = (0..1_000)
            .map(|number| {
                let (job, answer) = entering(number);
                jobs.send(job).unwrap();
                answer
            })
            .collect();
        drop(jobs);
        assert_eq!(clerk.run(&asked), 1);
        for (number, answer) in answers.into_iter().enumerate() {
            assert_eq!(answer.blocking_recv().unwrap(), Ok(number as u64));
        }
        let database = file::reopen(&folder.path().join("a.redb")).unwrap();
        assert_eq!(database.begin_read().unwrap().open_table(TABLE).unwrap().len().unwrap(), 1_000);
    }

    #[tokio::test]
    async fn where_one_fails_of_many_none_is_done_and_the_file_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let database = file::open(folder.path(), "a.redb").unwrap();
        let clerk = Clerk { path: folder.path().join("a.redb"), database: Some(database), kept: Nothing };
        let (jobs, asked) = channel();
        let (job, entered) = entering(1);
        jobs.send(job).unwrap();
        let (asks, failed) = oneshot::channel();
        let work = |_: &WriteTransaction, _: &mut Nothing| -> Result<Done<()>, redb::Error> {
            Err(redb::Error::PreviousIo)
        };
        jobs.send(Box::new(Call { work: Some(work), result: None, asks }) as Box<dyn Job<_>>).unwrap();
        let asked_for = jobs.clone();
        let thread = std::thread::spawn(move || clerk.run(&asked));
        let why = entered.await.unwrap().unwrap_err();
        assert!(why.ends_with("a.redb: the disk has failed before"), "{why}");
        assert_eq!(failed.await.unwrap(), Err(why));
        let (job, entered) = entering(2);
        asked_for.send(job).unwrap();
        assert_eq!(entered.await.unwrap(), Ok(2));
        drop((jobs, asked_for));
        assert_eq!(thread.join().unwrap(), 1);
        let database = file::reopen(&folder.path().join("a.redb")).unwrap();
        assert_eq!(database.begin_read().unwrap().open_table(TABLE).unwrap().len().unwrap(), 1);
    }
}
