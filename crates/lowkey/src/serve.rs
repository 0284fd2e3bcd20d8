//! `lowkey serve`.

use crate::config::{self, Config, Readiness, Service};
use crate::failure::{Exit, Failure};
use crate::invitation::Invitation;
use crate::program::run_for_events;
use crate::signals::{Asked, Signals};
use crate::sink::Behind;
use crate::source::Source;
use crate::terminal::{path, print, say, text};
use crate::{admin, load, log, probes};
use clap::ArgMatches;
use lowkey_gateway::events::Events;
use lowkey_gateway::forward::Forwarder;
use lowkey_gateway::memory::Memory;
use lowkey_gateway::store::Store;
use lowkey_host::{Acceptor, Connection, Listener, Server, Stopped, echo, store};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

#[cfg(unix)]
use crate::systemd;

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    #[cfg(unix)]
    let passed = systemd::passed_socket()?;
    #[cfg(not(unix))]
    let passed = None;
    let config = Config::load(of).map_err(|mistakes| config::failure(&mistakes))?;
    let runtime = Runtime::new().map_err(Failure::file)?;
    let served = runtime.block_on(begin(of, &config, passed));
    let_go(runtime);
    served
}

/// From the configuration to the end.
async fn begin(
    of: &ArgMatches,
    config: &Config,
    passed: Option<std::net::TcpListener>,
) -> Result<(), Failure> {
    let window = Window::of(of).await?;
    let events = Events::new();
    log::begin(&config.log, &events)?;
    let wrong = |mistake| Failure::lines(Exit::File, &[mistake]);
    #[cfg(unix)]
    raise_the_limit_of_files();
    let identity = Arc::new(load::identity(&config.key).map_err(wrong)?);
    let registry = Source::of(config, &identity).map_err(wrong)?;
    if registry.is_empty() {
        say(format_args!(
            "lowkey: {}: no devices; `lowkey pair` enters one, `lowkey provision` makes one",
            config.devices.path.display()
        ));
    }
    let acceptor = registry.acceptor(identity, config.limits.clone()).map_err(Failure::file)?;
    if let Some(program) = config.program.clone() {
        tokio::spawn(run_for_events(program, events.from_now_on()));
    }
    serve(config, acceptor, registry, events, passed, window).await
}

/// The pairing window that is to be open from the beginning.
struct Window {
    invitation: Invitation,
    time: Duration,
    /// From before anything was asked: none that has come since goes unheard.
    signals: Signals,
}

impl Window {
    async fn of(of: &ArgMatches) -> Result<Option<Self>, Failure> {
        let Some(time) = of.get_one::<Duration>("pair-window") else { return Ok(None) };
        let mut signals = Signals::new().map_err(Failure::file)?;
        let (name, code) = (text(of, "pair-name"), path(of, "pair-code"));
        let invitation = Invitation::asked(name, code, &mut signals).await?;
        Ok(Some(Self { invitation, time: *time, signals }))
    }
}

/// Lets us have as many open files as we may. Programs begin with 1,024 for the sake of `select`, which nobody uses
/// here, and as many strangers would use them up.
#[cfg(unix)]
fn raise_the_limit_of_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    // If not, the old limit stays.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// Ends what still runs. A thread that waits for the system, for the answer of a name server for example, cannot be
/// ended, and would keep us for as long as that takes.
fn let_go(runtime: Runtime) {
    runtime.shutdown_timeout(PATIENCE);
}

async fn serve(
    config: &Config,
    acceptor: Acceptor,
    registry: Source,
    events: Events,
    passed: Option<std::net::TcpListener>,
    window: Option<Window>,
) -> Result<(), Failure> {
    let (window, signals) = match window {
        Some(Window { invitation, time, signals }) => (Some((invitation, time)), signals),
        None => (None, Signals::new().map_err(Failure::file)?),
    };
    if let Service::Forward(forwarder) = &config.service {
        forwarder.health().spare(&acceptor);
        // Otherwise the first device finds out: a service that somebody tries out may take one connection and no more.
        if config.readiness == Readiness::WithService {
            forwarder.look();
        }
    }
    let serving = Serving::of(config, &acceptor).await?;
    let store = serving.store();
    let memory = memory(config).await;
    tokio::spawn(memory.keep(&acceptor));
    // After the memory: who hears of something and asks what is known finds it there.
    acceptor.observe(events.clone());
    admin::begin(config, &acceptor, &memory, &events, &registry, store).await?;
    probes::begin(config, &acceptor, store).await?;
    registry.follow(&acceptor).await;
    let listener = match passed {
        Some(socket) => {
            TcpListener::from_std(socket).and_then(|socket| Listener::new(socket, acceptor.clone()))
        }
        None => Listener::bind(&config.listen, acceptor.clone()).await,
    };
    let listener = listener.map_err(|error| Failure::listening(&config.listen, "", "--listen", &error))?;
    let listener = listener.behind(config.accept_proxy.clone());
    let bound = listener.local_addr().map_err(Failure::file)?;
    // Said to be open only where devices can come.
    if let Some((invitation, time)) = window {
        if registry.is_shared() {
            let why = "--pair-window: a server that shares its registry cannot write it; open the window by `lowkey pair \
                       --registry`";
            return Err(Failure::new(Exit::Arguments, why));
        }
        let opened = acceptor.open_window(&invitation.code, &invitation.device, time).await;
        opened.map_err(|error| Failure::file(format_args!("--pair-window: {error}")))?;
    }
    // Whoever waits for this line waits in vain; devices are served all the same.
    if let Err(failure) = print(&format!("listening on {bound}\n")) {
        say(format_args!("lowkey: {failure}"));
    }
    let status = format!("Listening on {bound}");
    #[cfg(unix)]
    {
        systemd::ready(&status);
        tokio::spawn(systemd::watchdog());
    }
    let (stop, stopping) = oneshot::channel();
    let (now, at_once) = oneshot::channel();
    tokio::spawn(obey(signals, stop, now, registry.clone(), status));
    let handler = move |connection| session(connection, serving.clone());
    let last = acceptor.clone();
    // Counted while they are still there.
    let cut_short = async {
        heard(at_once).await;
        acceptor.stats().sessions
    };
    let over = first(Server::new(listener).run(handler, heard(stopping)), cut_short).await;
    registry.over().await;
    // What has happened since it was written last, the ends of sessions above all.
    let _ = spawn_blocking(move || memory.bring_up_to_date(&last)).await;
    match over {
        Ok(Stopped { cut: 0, .. }) | Err(0) => Ok(()),
        Ok(Stopped { cut, .. }) => Err(cut_off(cut as u64, "they had not ended within `linger`")),
        Err(cut) => Err(cut_off(cut, "a second signal came")),
    }
}

/// What was remembered before, or a memory that is empty.
async fn memory(config: &Config) -> Memory {
    let Some(folder) = config.state.clone() else { return Memory::new() };
    // A panic would be a bug, and no reason not to serve.
    spawn_blocking(move || Memory::open(&folder)).await.unwrap_or_default()
}

/// Does what signals say: the first that ends the server speaks by `stop`, the second by `now`.
async fn obey(
    mut signals: Signals,
    stop: oneshot::Sender<()>,
    now: oneshot::Sender<()>,
    registry: Source,
    status: String,
) {
    let (mut stop, mut now) = (Some(stop), Some(now));
    loop {
        match poll_fn(|context| signals.poll(context)).await {
            Asked::Stop => {
                #[cfg(unix)]
                systemd::stopping("Waiting for sessions to end");
                let Some(sender) = stop.take().or_else(|| now.take()) else { return };
                let _ = sender.send(()); // who listens may have ended by now
            }
            Asked::Reload => reload(registry.clone(), &status).await,
        }
    }
}

/// Reads the registry again; what that came to is an event of the library, and systemd's status.
async fn reload(registry: Source, status: &str) {
    #[cfg(unix)]
    systemd::reloading();
    let reading = registry.clone();
    let read = spawn_blocking(move || reading.reload()).await;
    #[cfg(unix)]
    match (read, registry.trouble()) {
        (Ok(Err(error)), _) => systemd::ready(&format!("{status}; registry not read again: {error}")),
        (_, Some(trouble)) => systemd::ready(&format!("{status}; registry not up to date: {trouble}")),
        _ => systemd::ready(status),
    }
    #[cfg(not(unix))]
    drop(read);
}

/// What `run` comes to, or what `end` does if it is ready before.
async fn first<T, E>(run: impl Future<Output = T>, end: impl Future<Output = E>) -> Result<T, E> {
    let (mut run, mut end) = (pin!(run), pin!(end));
    poll_fn(|context| match end.as_mut().poll(context) {
        Poll::Ready(cause) => Poll::Ready(Err(cause)),
        Poll::Pending => run.as_mut().poll(context).map(Ok),
    })
    .await
}

/// Until the sender speaks; if it is dropped, for ever.
async fn heard(receiver: oneshot::Receiver<()>) {
    if receiver.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// What devices talk to, ready for them.
#[derive(Clone)]
enum Serving {
    Echo,
    Forward(Arc<Forwarder>),
    /// And how long its sessions may take to end.
    Store(Behind, Duration),
}

impl Serving {
    async fn of(config: &Config, acceptor: &Acceptor) -> Result<Self, Failure> {
        Ok(match &config.service {
            Service::Echo => Self::Echo,
            Service::Forward(forwarder) => Self::Forward(Arc::new(forwarder.clone())),
            Service::Store(to) => {
                let behind = config.behind(to).await;
                let behind = behind.map_err(|why| Failure::file(format_args!("{}: {why}", to.address)))?;
                if let Some(source) = behind.source.clone() {
                    acceptor.number_by(move || source.run());
                }
                Self::Store(behind, config.limits.linger)
            }
        })
    }

    /// What stores, if it is that.
    fn store(&self) -> Option<&Store> {
        match self {
            Self::Store(behind, _) => Some(&behind.store),
            Self::Echo | Self::Forward(_) => None,
        }
    }
}

/// One device, until it closes or its session is ended.
async fn session(mut connection: Connection<TcpStream>, serving: Serving) {
    // What went wrong is in the log.
    match serving {
        Serving::Echo => drop(echo(&mut connection).await),
        Serving::Forward(forwarder) => drop(forwarder.serve_tcp(connection).await),
        Serving::Store(Behind { store: sink, source }, linger) => {
            // Half for what is not stored yet, half for the CLOSE behind its ACK.
            drop(store(&mut connection, &sink, source, linger / 2).await);
            drop(connection.finish(linger / 2).await);
        }
    }
}

fn cut_off(sessions: u64, why: &str) -> Failure {
    Failure::new(Exit::Cut, format_args!("stopped; sessions cut off: {sessions}; {why}"))
}

/// How long threads may take to come to their end.
const PATIENCE: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn a_thread_that_waits_for_the_system_keeps_nobody_from_stopping() {
        let runtime = Runtime::new().unwrap();
        let (answer, silence) = mpsc::channel();
        let (waits, waiting) = mpsc::channel();
        runtime.spawn_blocking(move || {
            waits.send(()).unwrap();
            silence.recv()
        });
        waiting.recv().unwrap();
        let (stops, stopped) = mpsc::channel();
        thread::spawn(move || {
            let_go(runtime);
            stops.send(())
        });
        stopped.recv_timeout(PATIENCE * 60).expect("the thread that waits keeps us");
        answer.send(()).expect("it waits no longer");
    }
}
