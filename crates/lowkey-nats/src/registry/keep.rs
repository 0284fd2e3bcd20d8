//! Follows the registry, in a task of its own: nothing that devices do keeps it from being read.

use super::Shared;
use super::state::News;
use crate::beat::{Beat, EVERY, LOST};
use crate::bucket::Key;
use crate::error::NatsError;
use crate::follow::{Following, back_off};
use crate::head::for_server;
use async_nats::Client;
use async_nats::jetstream;
use lowkey_host::Acceptor;
use lowkey_host::text::mask;
use lowkey_registry::rows::Row;
use lowkey_registry::text_file::shown;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// Follows, and begins anew whenever that ends.
pub(super) async fn keep(shared: Arc<Shared>, acceptor: Acceptor) {
    let looking = Arc::clone(&shared);
    let _ends_with_us = AbortOnDrop(tokio::spawn(look(looking)));
    let mut attempt = 0;
    loop {
        let (was_followed, Err(error)) = follow(&shared, &acceptor).await;
        if was_followed {
            attempt = 0;
        }
        shared.lost(&error);
        // At once after what was followed is lost, as when NATS was started again, and then less and less often.
        if attempt > 0 {
            sleep(back_off(attempt - 1)).await;
        }
        attempt = attempt.saturating_add(1);
    }
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// PSK files, and how stale all is.
async fn look(shared: Arc<Shared>) {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        shared.say_stale();
        let rows = shared.rows.clone();
        let _ = spawn_blocking(move || rows.look()).await;
    }
}

/// Reads all and follows on until that ends; whether it came as far as to follow.
async fn follow(
    shared: &Arc<Shared>,
    acceptor: &Acceptor,
) -> (bool, Result<std::convert::Infallible, NatsError>) {
    let mut followed = false;
    let result = async {
        let (connected, mut is_connected) = watch::channel(true);
        let client = shared
            .access
            .connect(move |up| {
                let _ = connected.send(up);
            })
            .await?;
        shared.state().client = Some(client.clone());
        let (fleet, speaks_by, speaks_for) = (shared.fleet.clone(), client.clone(), acceptor.clone());
        let speaks = async move {
            let _never = fleet.speak(speaks_by, &speaks_for).await;
        };
        let _speaks = AbortOnDrop(tokio::spawn(speaks));
        let (windows, tells_by, tells_for) = (shared.windows.clone(), client.clone(), acceptor.clone());
        let tells = async move {
            let _never = windows.keep(tells_by, &tells_for).await;
        };
        let _tells = AbortOnDrop(tokio::spawn(tells));
        loop {
            // The client connects again by itself; what was missed meanwhile is read whole.
            drop(is_connected.wait_for(|up| *up).await); // an error only without the client, which we have
            let (entries, mut following, last) = Following::begin(&client, &shared.bucket).await?;
            shared.whole(News::of(entries), last, acceptor).await?;
            shared.found();
            shared.fleet.mark_all(acceptor);
            followed = true;
            match shared.on(&client, &mut following, &mut is_connected, acceptor).await {
                Err(NatsError::Connection(error)) if !*is_connected.borrow() => {
                    shared.lost(&NatsError::Connection(error));
                }
                Err(error) => return Err(error),
                Ok(never) => match never {},
            }
        }
    };
    let result = result.await;
    (followed, result)
}

impl Shared {
    /// All that there is, in the place of what there was.
    async fn whole(self: &Arc<Self>, news: News, last: u64, acceptor: &Acceptor) -> Result<(), NatsError> {
        let head =
            news.head.ok_or_else(|| NatsError::Foreign("it says nowhere which registry it is".to_owned()))?;
        for_server(&head.text, &self.server)?;
        let is_known = self.state().born == head.born;
        if is_known {
            let seen = self.state().seen;
            if last < seen {
                return Err(NatsError::Older(format!("its last revision is {last}, and {seen} was read")));
            }
            if let Some(name) = self.rows.contradicted_by(&news.rows) {
                return Err(NatsError::Older(format!("the row of {name:?} is an older one")));
            }
        }
        news.beats.into_iter().for_each(|(beat, at)| self.fleet.said(beat, at));
        // What was written after `last` was asked for and came with the rest is in force as well.
        let last = last.max(news.last);
        news.forgotten.iter().for_each(|gateway| self.fleet.forget(gateway));
        let (shared, born, rows) = (Arc::clone(self), head.born, news.rows);
        let took = spawn_blocking(move || {
            shared.rows.replace(rows.clone());
            (shared, born, rows)
        });
        let (_, born, rows) = took.await.map_err(|error| NatsError::Foreign(error.to_string()))?;
        {
            let mut state = self.state();
            state.born.clone_from(&born);
            (state.revision, state.seen) = (last, last);
        }
        acceptor.sweep();
        self.keep_for_the_next_start(rows, Some(born)).await;
        let revision = last;
        let registry = shown(&self.named);
        tracing::info!(name: "lowkey.nats_followed", target: "lowkey", registry, revision, "the registry is followed");
        Ok(())
    }

    /// Follows on.
    async fn on(
        self: &Arc<Self>,
        client: &Client,
        following: &mut Following,
        is_connected: &mut watch::Receiver<bool>,
        acceptor: &Acceptor,
    ) -> Result<std::convert::Infallible, NatsError> {
        let mut beats = interval(EVERY);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                entries = following.next() => {
                    let news = News::of(entries?);
                    if self.change(news, acceptor).await? {
                        heard = Instant::now();
                    }
                }
                _ = beats.tick() => {
                    if heard.elapsed() > LOST {
                        return Err(NatsError::Connection(format!("nothing has come of it for {} s", LOST.as_secs())));
                    }
                    self.beat(client, acceptor.stats().sessions);
                }
                () = hung_up(is_connected) => {
                    return Err(NatsError::Connection("NATS has hung up".to_owned()));
                }
            }
        }
    }

    /// What has changed; whether a beat of ours was among it.
    async fn change(self: &Arc<Self>, news: News, acceptor: &Acceptor) -> Result<bool, NatsError> {
        if let Some(head) = &news.head
            && head.born != self.state().born
        {
            return Err(NatsError::Request(
                "the registry",
                "another is in its place; it is read anew".to_owned(),
            ));
        }
        let changes = !news.rows.is_empty() || news.head.is_some();
        if !news.rows.is_empty() {
            let (shared, rows) = (Arc::clone(self), news.rows.clone());
            let took = spawn_blocking(move || shared.rows.change(rows)).await;
            took.map_err(|error| NatsError::Foreign(error.to_string()))?;
            // At once, and not with the next look: who was revoked is gone before anybody is told so.
            acceptor.sweep();
        }
        {
            let mut state = self.state();
            state.seen = state.seen.max(news.last);
            if changes {
                state.revision = state.revision.max(news.last);
            }
        }
        let returned = self.hear(news.beats);
        news.forgotten.iter().for_each(|gateway| self.fleet.forget(gateway));
        if changes {
            let client = self.state().client.clone();
            if let Some(client) = client {
                self.beat(&client, acceptor.stats().sessions);
            }
            self.keep_for_the_next_start(news.rows, None).await;
        }
        Ok(returned)
    }

    /// What gateways have said of themselves; whether a beat of ours was among it.
    fn hear(&self, beats: Vec<(Beat, i64)>) -> bool {
        let mut returned = false;
        for (beat, at) in beats {
            if beat.gateway == self.access.name && beat.run == self.fleet.run() {
                returned = true;
                let sent = self.state().fresh.returned(beat.n);
                sent.into_iter().for_each(|sent| self.fleet.set_clock(sent, at));
            } else if beat.gateway == self.access.name && !beat.over && self.fleet.has_twin() {
                let gateway = mask(&self.access.name);
                tracing::warn!(name: "lowkey.gateway_twin", target: "lowkey", %gateway, "another gateway has the same name");
            }
            self.fleet.said(beat, at);
        }
        returned
    }

    /// Says that we are there, and what we obey. Whether that arrives, its return says.
    fn beat(self: &Arc<Self>, client: &Client, sessions: u64) {
        let (subject, beat) = self.said(sessions, false);
        let context = jetstream::new(client.clone());
        tokio::spawn(async move {
            let _ = timeout(EVERY, context.publish(subject, beat.kept().into())).await;
        });
    }

    fn said(&self, sessions: u64, over: bool) -> (String, Beat) {
        let mut state = self.state();
        state.n += 1;
        let n = state.n;
        state.fresh.sends(n, Instant::now());
        let beat = Beat {
            gateway: self.access.name.clone(),
            run: self.fleet.run().to_owned(),
            revision: state.revision,
            over,
            max_stale: self.settings.max_stale,
            on_stale: self.settings.on_stale,
            sessions,
            n,
        };
        (self.bucket.subject(&Key::Beat(self.access.name.clone())), beat)
    }

    async fn keep_for_the_next_start(self: &Arc<Self>, rows: Vec<Row>, whole: Option<String>) {
        if self.snapshot.is_none() {
            return;
        }
        let shared = Arc::clone(self);
        let written = spawn_blocking(move || match (&shared.snapshot, whole) {
            (Some(snapshot), Some(born)) => snapshot.replace(&born, &rows),
            (Some(snapshot), None) => snapshot.change(&rows),
            (None, _) => Ok(()),
        });
        let failed = match written.await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        let said = std::mem::replace(&mut self.state().snapshot_failed, failed.is_some());
        if let (Some(error), false, Some(snapshot)) = (failed, said, &self.snapshot) {
            let file = shown(snapshot.file());
            tracing::warn!(name: "lowkey.snapshot_failed", target: "lowkey", file, error, "the registry is not kept for the next start");
        }
    }

    fn found(&self) {
        self.state().error = None;
    }

    fn lost(&self, error: &NatsError) {
        let error = error.to_string();
        let was = self.state().error.replace(error.clone());
        if was.is_none() {
            let registry = shown(&self.named);
            tracing::warn!(name: "lowkey.nats_lost", target: "lowkey", registry, error, "the registry is not followed");
        }
    }

    fn say_stale(&self) {
        let stale = self.is_past() && self.settings.on_stale == crate::beat::OnStale::Refuse;
        let (said, age) = {
            let mut state = self.state();
            let age = state.fresh.age(Instant::now());
            (std::mem::replace(&mut state.said_stale, stale), age)
        };
        // At the start nobody was let in yet.
        if let (true, false, Some(age)) = (stale, said, age) {
            let (registry, seconds) = (shown(&self.named), age.as_secs());
            tracing::warn!(name: "lowkey.registry_stale", target: "lowkey", registry, seconds, "the registry may be out of date: nobody is let in, and sessions end");
        }
    }
}

async fn hung_up(is_connected: &mut watch::Receiver<bool>) {
    drop(is_connected.wait_for(|up| !*up).await);
}

/// The last beat.
pub(super) async fn say_goodbye(shared: &Shared) {
    let Some(client) = shared.state().client.clone() else { return };
    let (subject, beat) = shared.said(0, true);
    let context = jetstream::new(client);
    let sent = async { context.publish(subject, beat.kept().into()).await?.await };
    let _ = timeout(GOODBYE, sent).await;
}

const LOOK: Duration = Duration::from_millis(200);
/// How long the last beat may take.
const GOODBYE: Duration = Duration::from_secs(2);
