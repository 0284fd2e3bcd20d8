//! What takes the messages of a session.

use super::permit;
use super::trouble::Until;
use super::window::Window;
use super::writer::Writer;
use crate::numbers::Held;
use crate::put::Patience;
use lowkey_host::numbered::{Intake, Unstored};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// Has a task that stores. Dropped, it leaves that some time for what is under way: what a stream has stored should be
/// in the row before the device comes again.
pub(crate) struct JetStreamIntake {
    window: Arc<Window>,
}

impl JetStreamIntake {
    pub(crate) fn new(writer: Writer, held: Held) -> Self {
        let window = Arc::new(Window::default());
        tokio::spawn(keep(Arc::clone(&window), writer, held));
        Self { window }
    }
}

impl Intake for JetStreamIntake {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Unstored>> {
        self.window.poll_ready(context)
    }

    fn take(&mut self, number: u64, message: Vec<u8>) {
        self.window.give(number, message);
    }

    fn poll_stored(&mut self, context: &mut Context<'_>) -> Poll<Result<u64, Unstored>> {
        self.window.poll_stored(context)
    }
}

impl Drop for JetStreamIntake {
    fn drop(&mut self) {
        self.window.close();
    }
}

async fn keep(window: Arc<Window>, writer: Writer, held: Held) {
    let inner = Arc::clone(&writer.inner);
    let over = tokio::select! {
        over = async { tokio::try_join!(publish(&window, writer), write(&window, &inner, held)) } => over,
        () = left_alone(&window) => return,
    };
    if let Err(over) = over {
        if let Unstored::Failed(why) = &over {
            inner.trouble.begins(Until::Stored, why);
        }
        window.end(over);
    }
}

/// Until nobody has waited for it for some time.
async fn left_alone(window: &Window) {
    window.closed().await;
    sleep(LINGERS).await;
}

async fn publish(window: &Window, mut writer: Writer) -> Result<(), Unstored> {
    while let Some((number, message)) = window.next().await {
        let last = writer.store(number, &message).await?;
        window.land(last, message.len());
    }
    Ok(())
}

/// Has the row say what is stored: at once if that is all there was to store, and while more comes once in a while, for
/// all that came meanwhile.
async fn write(window: &Window, inner: &super::Inner, mut held: Held) -> Result<(), Unstored> {
    while let Some(mut last) = window.landed().await {
        let begun = Instant::now();
        {
            let _one_of_few = permit(&inner.rows).await;
            last = window.landed_since().unwrap_or(last);
            let mut patience = Patience::endless();
            let mut merged = pin!(held.merge(last, &mut patience));
            loop {
                match timeout(ROW_LATE, &mut merged).await {
                    Ok(merged) => break merged?,
                    Err(_) => inner.trouble.begins(Until::Stored, ROWS_WAIT),
                }
            }
        }
        inner.trouble.ends(Until::Stored);
        window.store(last.number);
        // Many who write keep each other from it: then each writes less often.
        let pace = (begun.elapsed() * 8).clamp(PACE, LONGEST_PACE);
        let _busy = timeout(pace, window.idle()).await;
    }
    Ok(())
}

/// How often the row of a device is written that has more under way.
const PACE: Duration = Duration::from_millis(50);
const LONGEST_PACE: Duration = Duration::from_secs(1);
/// After how long a row that is not written is trouble.
const ROW_LATE: Duration = Duration::from_secs(3);
const ROWS_WAIT: &str = "NATS does not take the rows that say what is stored; may this gateway write there?";
/// For how long what was under way goes on when the session is over.
const LINGERS: Duration = Duration::from_secs(10);
