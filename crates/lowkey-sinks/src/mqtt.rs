//! MQTT 5: each message is a PUBLISH of QoS 1.

mod broker;
mod losses;
mod stream;

use crate::aside::Aside;
use crate::courier::{Courier, Window};
use crate::dial::{Dialer, Tls, read_file};
use crate::error::SinkError;
use crate::offered::{Answer, Deliver, Offered};
use crate::standing::{Standing, Tally};
use crate::target::{Cleartext, Schemes, Target};

use broker::{Broker, Request};
use lowkey_host::entropy::random;
use lowkey_host::numbered::{Begun, Later, Rows, RunId, Sink, Unstored};
use lowkey_host::text::Hex;
use lowkey_registry::text_file::{Trust, shown};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

/// A sink to which each message is a PUBLISH of QoS 1, over one connection of MQTT 5.
///
/// The topic is `PREFIX/up/DEVICE`, with the device's name in which all but letters, digits, `-`, `.`, `_` and `~` is
/// percent-encoded. The user properties `device` (the same), `run` (16 hex digits) and `number` say whose message it
/// is, and are the same whenever it comes again, of no other message: who stores by them stores it once. Its content
/// type is `application/octet-stream`.
///
/// What is said to it in PUBACK:
///
/// | reason code | what becomes of the message |
/// | --- | --- |
/// | 0x00 success | it is acknowledged |
/// | 0x10 no matching subscribers | nobody would ever have it: it is offered again until somebody subscribes, or acknowledged, as [`Unsubscribed`] says |
/// | 0x83 implementation specific, 0x90 topic name invalid, 0x99 payload format invalid | it is set aside ([`Aside`]), and then acknowledged |
/// | every other, as 0x87 not authorized and 0x97 quota exceeded | it is offered again, with pauses of half a second to 30 s between |
///
/// A message that is longer than the broker takes (Maximum Packet Size) is set aside as 0x95. So is one over which a
/// broker ends the connection with 0x90, 0x95 or 0x99, or to which, and to nothing else, it answers three times what is
/// no MQTT 5 (0x82; mosquitto 2.0 does that above its `message_size_limit`). A message that was under way when a
/// connection ended comes again over the next. A device to which that has happened twice has its messages go alone, so
/// that they take no others along, until one is answered; after the third time it waits between them, from 8 s up to
/// 256 s. That is remembered for ten minutes, also if its session ends meanwhile.
///
/// The messages of a device go one after the other, so that they come in order, those of many side by side. No session
/// is kept at the broker.
#[derive(Clone)]
pub struct MqttSink(Arc<Courier>);

/// What becomes of a message that nobody subscribes to, at a broker that says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsubscribed {
    /// It stays with the device until somebody does: acknowledged means stored.
    #[default]
    Wait,
    /// It is acknowledged: the broker has taken it, for what it does by itself.
    Acknowledge,
}

/// How an [`MqttSink`] does its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MqttSettings {
    /// A file with our user name in its first line and the password in its second, which only its user can read. It is
    /// read for each connection.
    pub login: Option<PathBuf>,
    /// Whom we believe where the URL says `mqtts`, and who we are.
    pub tls: Tls,
    /// Whether `mqtt://` may lead to another machine.
    pub cleartext: Cleartext,
    /// How much of one session may be under way.
    pub window: Window,
    /// Our client identifier; no other client may have it. Without one, it is drawn.
    pub client: Option<String>,
    /// What becomes of a message that nobody subscribes to.
    pub unsubscribed: Unsubscribed,
    /// How long a broker may take to answer.
    pub timeout: Duration,
}

impl Default for MqttSettings {
    /// No credential, 30 s.
    fn default() -> Self {
        Self {
            login: None,
            tls: Tls::default(),
            cleartext: Cleartext::default(),
            window: Window::default(),
            client: None,
            unsubscribed: Unsubscribed::default(),
            timeout: Duration::from_secs(30),
        }
    }
}

impl MqttSink {
    /// One that publishes at this URL: `mqtts://HOST/PREFIX`, or `mqtt://` for loopback; without a prefix it is
    /// `lowkey`. The connection is made by a thread of its own, and made again.
    ///
    /// # Errors
    /// [`SinkError`]: no thread was started.
    pub fn new(
        url: &str,
        rows: Arc<dyn Rows>,
        aside: Aside,
        settings: &MqttSettings,
    ) -> Result<Self, SinkError> {
        let broker = broker(url, settings)?;
        let (tally, window) = (Arc::clone(&broker.tally), settings.window);
        let (requests, asked) = mpsc::channel(WAITING);
        broker.start(asked).map_err(|error| SinkError::File(format!("no thread: {error}")))?;
        Ok(Self(Arc::new(Courier { to: Box::new(Publisher(requests)), rows, aside, tally, window })))
    }

    /// Whether one can be made of these, for whoever looks a configuration over: nothing is begun.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn check(url: &str, settings: &MqttSettings) -> Result<(), SinkError> {
        broker(url, settings).map(drop)
    }

    /// How it fares, with or without a connection.
    pub fn standing(&self) -> Standing {
        self.0.tally.standing()
    }
}

impl Sink for MqttSink {
    fn begin<'a>(&'a self, device: &'a str, run: RunId) -> Later<'a, Result<Begun, Unstored>> {
        Box::pin(self.0.begin(device, run))
    }
}

impl fmt::Debug for MqttSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MqttSink").field("standing", &self.standing()).finish_non_exhaustive()
    }
}

/// Gives messages to the thread that has the connection.
struct Publisher(mpsc::Sender<Request>);

impl Deliver for Publisher {
    fn offer<'a>(&'a self, message: &'a Arc<Offered>) -> Later<'a, Answer> {
        Box::pin(async move {
            let (answers, answer) = oneshot::channel();
            let request = Request { message: Arc::clone(message), answers };
            let gone = || Answer::later("the thread that has the connection is gone");
            if self.0.send(request).await.is_err() {
                return gone();
            }
            answer.await.unwrap_or_else(|_| gone())
        })
    }
}

/// Who we are to a broker.
struct Login {
    name: String,
    password: Option<Zeroizing<String>>,
}

impl Login {
    fn read(path: &Path) -> Result<Self, SinkError> {
        let text = read_file(path, Trust::Secret)?;
        let mut lines = text.lines();
        let name = lines.next().unwrap_or_default().to_owned();
        let password = lines.next().map(|password| Zeroizing::new(password.to_owned()));
        let fits = |text: &str| text.len() <= usize::from(u16::MAX) && !text.contains('\0');
        let is_more = lines.any(|line| !line.is_empty());
        if name.is_empty() || is_more || !fits(&name) || !password.as_deref().is_none_or(|word| fits(word)) {
            let why = "it is not a line with a user name, and one with a password";
            return Err(SinkError::File(format!("{}: {why}", shown(path))));
        }
        Ok(Self { name, password })
    }
}

/// The broker there, to which nothing is connected yet.
fn broker(url: &str, settings: &MqttSettings) -> Result<Broker, SinkError> {
    let target = Target::parse(url, SCHEMES, settings.cleartext)?;
    let prefix = match target.rest.trim_matches('/') {
        "" => "lowkey",
        prefix if prefix.contains(['+', '#', '?']) || prefix.starts_with('$') => {
            let why = "the prefix of topics behind the host is without +, # and ?, and begins with no $";
            return Err(SinkError::Url(why.to_owned()));
        }
        prefix => prefix,
    };
    let client = settings.client.clone().map_or_else(drawn, Ok)?;
    // Said now and not in the thread.
    settings.login.as_deref().map(Login::read).transpose()?;
    let tally = Arc::new(Tally::new(format!("{}://{}/{prefix}", scheme(&target), target.authority)));
    Ok(Broker {
        dialer: Dialer::new(&target, &settings.tls)?,
        client,
        login: settings.login.clone(),
        prefix: prefix.to_owned(),
        unsubscribed: settings.unsubscribed,
        timeout: settings.timeout,
        tally,
    })
}

fn drawn() -> Result<String, SinkError> {
    let drawn = random().map_err(|error| SinkError::File(error.to_string()))?;
    Ok(format!("lowkey-{}", Hex(&drawn.expose()[..6])))
}

fn scheme(target: &Target) -> &'static str {
    SCHEMES[usize::from(target.is_encrypted)].0
}

const SCHEMES: Schemes = [("mqtt", 1_883), ("mqtts", 8_883)];
/// More wait where they are.
const WAITING: usize = 64;
