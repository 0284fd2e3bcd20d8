//! The row of a device, for one session.

use super::{NatsNumbers, PATIENCE, There};
use crate::put::{Patience, Put};
use lowkey_host::numbered::{HeldRow, Last, Later, Row, RunId, Unstored};

/// A row, and its revision when we knew it last.
#[derive(Debug)]
pub(crate) struct Held {
    numbers: NatsNumbers,
    device: String,
    row: Row,
    revision: u64,
}

/// What became of a row that was to be written.
enum Wrote {
    Ours(u64),
    /// Somebody else has written this since.
    Others(There),
}

impl Held {
    /// Has `run` in force.
    pub(crate) async fn begin(
        numbers: NatsNumbers,
        device: &str,
        run: RunId,
        patience: Patience,
    ) -> Result<Self, Unstored> {
        Self::enter(numbers, device, patience, |row| match row {
            Some(mut row) => Ok((row.enter(run)?, row)),
            None => Ok((true, Row::new(run))),
        })
        .await
    }

    /// The same, where one that was replaced is of no use any more and may come again.
    pub(crate) async fn begin_anew(
        numbers: NatsNumbers,
        device: &str,
        run: RunId,
        patience: Patience,
    ) -> Result<Self, Unstored> {
        Self::enter(numbers, device, patience, |row| {
            Ok((false, row.filter(|row| row.run() == run).unwrap_or_else(|| Row::new(run))))
        })
        .await
    }

    /// By what makes a row of the one that is there, and says whether it has to be written at once.
    async fn enter(
        numbers: NatsNumbers,
        device: &str,
        mut patience: Patience,
        enter: impl Fn(Option<Row>) -> Result<(bool, Row), Unstored>,
    ) -> Result<Self, Unstored> {
        loop {
            let There { row, revision } = read(&numbers, device, &mut patience).await?;
            let (is_new, row) = enter(row)?;
            let mut held = Self { numbers: numbers.clone(), device: device.to_owned(), row, revision };
            if is_new {
                match held.put(&held.row, &mut patience).await? {
                    Wrote::Ours(revision) => held.revision = revision,
                    Wrote::Others(_) => continue,
                }
            }
            return Ok(held);
        }
    }

    pub(crate) fn last(&self) -> Option<Last> {
        self.row.last()
    }

    /// Reads it again.
    ///
    /// # Errors
    /// [`Unstored::Moved`]: the device is in another run.
    pub(crate) async fn refresh(&mut self, patience: &mut Patience) -> Result<(), Unstored> {
        let there = read(&self.numbers, &self.device, patience).await?;
        self.take(there)
    }

    /// Says that this is stored, whoever else has said so of other messages of the same run. Only for whom something
    /// else keeps an older session from storing anything.
    pub(crate) async fn merge(&mut self, last: Last, patience: &mut Patience) -> Result<(), Unstored> {
        loop {
            let mut row = self.row.clone();
            if !row.store(last) {
                return Ok(());
            }
            match self.put(&row, patience).await? {
                Wrote::Ours(revision) => {
                    (self.row, self.revision) = (row, revision);
                    return Ok(());
                }
                Wrote::Others(there) => self.take(there)?,
            }
        }
    }

    fn take(&mut self, there: There) -> Result<(), Unstored> {
        match there.row {
            Some(row) if row.run() == self.row.run() => {
                (self.row, self.revision) = (row, there.revision);
                Ok(())
            }
            _ => Err(Unstored::Moved),
        }
    }

    /// Writes `row` over what has our revision, until it is known whether that is so.
    async fn put(&self, row: &Row, patience: &mut Patience) -> Result<Wrote, Unstored> {
        loop {
            let why = match self.numbers.put(&self.device, row, self.revision).await {
                Put::Taken(revision) => return Ok(Wrote::Ours(revision)),
                Put::Refused(_, why) => return Err(Unstored::Failed(why)),
                Put::Unheard(why) => why,
                Put::Wrong | Put::Known => "NATS: others write the row of the device".to_owned(),
            };
            let there = read(&self.numbers, &self.device, patience).await?;
            if there.row.as_ref() == Some(row) {
                return Ok(Wrote::Ours(there.revision)); // an answer that was lost
            }
            if there.revision != self.revision {
                return Ok(Wrote::Others(there));
            }
            // It has not come there, and may yet: of two that are the same one is stored.
            patience.wait(why).await?;
        }
    }
}

impl HeldRow for Held {
    fn last(&self) -> Option<Last> {
        self.row.last()
    }

    fn write(&mut self, last: Last) -> Later<'_, Result<(), Unstored>> {
        Box::pin(async move {
            let mut row = self.row.clone();
            if !row.store(last) {
                return Ok(());
            }
            match self.put(&row, &mut Patience::of(PATIENCE)).await? {
                Wrote::Ours(revision) => (self.row, self.revision) = (row, revision),
                Wrote::Others(_) => return Err(Unstored::Moved),
            }
            Ok(())
        })
    }
}

async fn read(numbers: &NatsNumbers, device: &str, patience: &mut Patience) -> Result<There, Unstored> {
    loop {
        match numbers.read(device).await {
            Ok(there) => return Ok(there),
            Err(unread) => patience.outlive(unread).await?,
        }
    }
}
