//! The connection to a broker, and what is under way on it.
//!
//! It has a thread, as rust-mqtt's client stays where it was made. What is not acknowledged when a connection ends goes
//! back to whoever offered it, and comes again from there: no session is kept, here or at the broker.

use super::losses::Losses;
use super::stream::Stream;
use super::{Login, Unsubscribed};
use crate::dial::Dialer;
use crate::offered::{Answer, Offered, shown};
use crate::standing::Tally;
use lowkey_host::ChannelError;
use lowkey_host::entropy::chance;
use lowkey_transport::Backoff;
use rust_mqtt::buffer::AllocBuffer;
use rust_mqtt::client::event::Event;
use rust_mqtt::client::options::{ConnectOptions, DisconnectOptions, PublicationOptions, TopicReference};
use rust_mqtt::client::{Client, MqttError};
use rust_mqtt::config::{KeepAlive, MaximumPacketSize};
use rust_mqtt::types::{MqttBinary, MqttString, MqttStringPair, QoS, ReasonCode, TopicName};
use std::collections::HashMap;
use std::future::pending;
use std::io;
use std::num::{NonZero, NonZeroU16};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// Where it is, and how it is spoken to.
pub(super) struct Broker {
    pub(super) dialer: Dialer,
    pub(super) client: String,
    pub(super) login: Option<PathBuf>,
    pub(super) prefix: String,
    pub(super) unsubscribed: Unsubscribed,
    pub(super) timeout: Duration,
    pub(super) tally: Arc<Tally>,
}

/// A message, and who waits for what becomes of it.
pub(super) struct Request {
    pub(super) message: Arc<Offered>,
    pub(super) answers: oneshot::Sender<Answer>,
}

/// Why a connection is over.
struct Lost {
    why: String,
    /// What the broker has said.
    code: Option<ReasonCode>,
    /// What it has said is no MQTT 5.
    is_garbled: bool,
}

impl Lost {
    fn new(why: impl std::fmt::Display) -> Self {
        Self { why: shown(&why.to_string()), code: None, is_garbled: false }
    }
}

impl Lost {
    /// What becomes of a message that was under way, with so many in all. If it was the only one, the broker can only
    /// mean that.
    fn of(&self, message: &Offered, count: usize, losses: &Losses) -> Answer {
        let code = self.code.filter(|code| ENDS.contains(code));
        // As mosquitto 2.0 answers to a message above its message_size_limit: with a code that PUBACK does not have.
        let garbled =
            Some(ReasonCode::ProtocolError).filter(|_| self.is_garbled && losses.is_suspect(message));
        match code.or(garbled).filter(|_| count == 1) {
            Some(code) => Answer::Refused { status: code as u16, why: self.why.clone() },
            // How long it waits is said when it comes again.
            None => Answer::later(&self.why),
        }
    }
}

impl<const P: usize> From<MqttError<'_, P>> for Lost {
    fn from(error: MqttError<'_, P>) -> Self {
        match error {
            MqttError::Disconnect { reason, reason_string, .. } => {
                let said = reason_string.map(|said| format!(": {}", said.as_str())).unwrap_or_default();
                let hint = match reason {
                    ReasonCode::BadUserNameOrPassword | ReasonCode::NotAuthorized => {
                        "; `login` says who we are"
                    }
                    ReasonCode::SessionTakenOver => "; another client has our identifier",
                    _ => "",
                };
                Self {
                    code: Some(reason),
                    ..Self::new(format!("the broker says {}{said}{hint}", words(reason)))
                }
            }
            MqttError::Network(kind) => Self::new(format!("the connection is lost: {kind}")),
            MqttError::Server => {
                Self { is_garbled: true, ..Self::new("what the broker has answered is no MQTT 5") }
            }
            error => Self::new(format!("{error:?}")),
        }
    }
}

/// Why a message was not published.
enum Unsent {
    /// Never will be: the broker has said how much it takes.
    TooLong,
    NotNow(String),
    Lost(Lost),
}

impl<const P: usize> From<MqttError<'_, P>> for Unsent {
    fn from(error: MqttError<'_, P>) -> Self {
        match error {
            MqttError::ServerMaximumPacketSizeExceeded | MqttError::PacketMaximumLengthExceeded => {
                Self::TooLong
            }
            MqttError::SendQuotaExceeded | MqttError::SessionBuffer | MqttError::AllPacketIdentifiersUsed => {
                Self::NotNow(format!("{error:?}"))
            }
            error => Self::Lost(error.into()),
        }
    }
}

type Mqtt<'a> = Client<'a, 'a, Stream, AllocBuffer, 1, 1, MOST, 1, PROPERTIES, 0, 0>;

impl Broker {
    pub(super) fn start(self, asked: mpsc::Receiver<Request>) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let thread = std::thread::Builder::new().name("lowkey-mqtt".to_owned());
        // It ends when nobody can ask it any more.
        thread.spawn(move || runtime.block_on(self.run(asked))).map(drop)
    }

    async fn run(self, mut asked: mpsc::Receiver<Request>) {
        let (first, longest) = PAUSES;
        let mut backoff = Backoff::new(first, longest);
        let mut losses = Losses::default();
        loop {
            let mut under_way = UnderWay::new(&mut losses);
            let Err(lost) = self.serve(&mut asked, &mut under_way).await else { return };
            if asked.is_closed() && asked.is_empty() {
                return;
            }
            let was_good = under_way.acknowledged;
            if under_way.give_back(&lost) == 0 {
                // Those that were under way say it themselves.
                self.tally.again(&lost.why);
            }
            let pause = match was_good {
                // A broker that was there comes back soon, as a rule.
                0 => backoff.failed(&ChannelError::HungUp, chance()),
                received => backoff.ended(0, received, chance()),
            };
            sleep(Duration::from_millis(pause.into())).await;
        }
    }

    /// One connection. Ends well when nobody can ask any more.
    async fn serve(
        &self,
        asked: &mut mpsc::Receiver<Request>,
        under_way: &mut UnderWay<'_>,
    ) -> Result<(), Lost> {
        let mut buffer = AllocBuffer;
        let mut client = Mqtt::new(&mut buffer);
        timeout(self.timeout, self.connect(&mut client)).await.map_err(|_| self.late())??;
        let server = *client.server_config();
        if server.maximum_qos < QoS::AtLeastOnce {
            return Err(Lost::new("the broker takes no QoS 1"));
        }
        let most = usize::from(server.receive_maximum.get()).min(MOST);
        let silence = match client.shared_config().keep_alive {
            KeepAlive::Seconds(seconds) => Duration::from_secs(seconds.get().into()) / 2,
            KeepAlive::Infinite => self.timeout,
        };
        let (mut spoke, mut pinged) = (Instant::now(), None::<Instant>);
        loop {
            if under_way.is_empty()
                && let Some(request) = under_way.next_alone.take()
                && !request.answers.is_closed()
            {
                self.publish(&mut client, request, under_way).await?;
                under_way.is_alone = !under_way.is_empty();
                spoke = Instant::now();
            }
            let has_room = under_way.next_alone.is_none() && !under_way.is_alone && under_way.of.len() < most;
            let ping = pinged.is_none().then_some(spoke + silence);
            let late =
                [under_way.oldest(), pinged].into_iter().flatten().min().map(|since| since + self.timeout);
            tokio::select! {
                header = client.poll_header() => {
                    let event = timeout(self.timeout, client.poll_body(header?)).await;
                    self.hear(event.map_err(|_| self.late())??, under_way);
                    pinged = None;
                }
                request = asked.recv(), if has_room => match request {
                    None => return self.part(&mut client).await,
                    // Whoever asked has gone, before anybody heard of it.
                    Some(request) if request.answers.is_closed() => (),
                    Some(request) => {
                        if let Some(answer) = under_way.losses.known(&request.message) {
                            let _ = request.answers.send(answer); // whoever asked may be gone
                            continue;
                        }
                        let goes_alone = under_way.losses.goes_alone(&request.message);
                        if goes_alone && !under_way.is_empty() {
                            under_way.next_alone = Some(request);
                            continue;
                        }
                        self.publish(&mut client, request, under_way).await?;
                        under_way.is_alone = goes_alone && !under_way.is_empty();
                        spoke = Instant::now();
                    }
                },
                () = until(ping) => {
                    timeout(self.timeout, client.ping()).await.map_err(|_| self.late())??;
                    (spoke, pinged) = (Instant::now(), Some(Instant::now()));
                }
                () = until(late) => return Err(self.late()),
            }
        }
    }

    async fn connect(&self, client: &mut Mqtt<'_>) -> Result<(), Lost> {
        let login = self.login.as_deref().map(Login::read).transpose().map_err(Lost::new)?;
        let wire = self.dialer.dial().await;
        let wire = wire.map_err(|error| Lost::new(format!("no connection: {error}")))?;
        let text = |text| MqttString::try_from(text).map_err(|_| Lost::new("a name is no text of MQTT"));
        let mut options = ConnectOptions::new().clean_start();
        options.keep_alive = KeepAlive::Seconds(KEEP_ALIVE);
        options.maximum_packet_size = MaximumPacketSize::Limit(LONGEST_PACKET);
        // Without it a reason string would be an error of the broker's.
        options.request_problem_information = true;
        if let Some(login) = &login {
            options.user_name = Some(text(login.name.as_str())?);
            if let Some(password) = &login.password {
                let password = MqttBinary::try_from(password.as_bytes());
                options.password = Some(password.map_err(|_| Lost::new("the password is too long"))?);
            }
        }
        client.connect(Stream::new(wire), &options, Some(text(self.client.as_str())?)).await?;
        Ok(())
    }

    async fn publish(
        &self,
        client: &mut Mqtt<'_>,
        request: Request,
        under_way: &mut UnderWay<'_>,
    ) -> Result<(), Lost> {
        let Request { message, answers } = request;
        let whose = &message.whose;
        let (run, number) = (message.run(), message.number.to_string());
        let topic = format!("{}/up/{}", self.prefix, whose.plain);
        let text = |text| MqttString::try_from(text).map_err(|_| Lost::new("a name is no text of MQTT"));
        let topic = TopicName::new(text(&*topic)?).ok_or_else(|| Lost::new("a name is no topic"))?;
        let pair = |name, value| Ok::<_, Lost>(MqttStringPair::new(text(name)?, text(value)?));
        let properties = [pair("device", &*whose.plain)?, pair("run", &*run)?, pair("number", &*number)?];
        let mut options = PublicationOptions::new(TopicReference::Name(topic)).at_least_once();
        options.content_type = Some(text("application/octet-stream")?);
        options.user_properties = &properties;
        let sent = timeout(self.timeout, client.publish(&options, (&*message.bytes).into())).await;
        let answer = match sent.map_err(|_| self.late()).map(|sent| sent.map_err(Unsent::from)) {
            Ok(Ok(Some(identifier))) => {
                let message = Arc::clone(&message);
                under_way.of.insert(identifier.get(), (Instant::now(), Request { message, answers }));
                return Ok(());
            }
            Ok(Err(Unsent::TooLong)) => Answer::Refused {
                status: ReasonCode::PacketTooLarge as u16,
                why: "it is longer than the broker takes".to_owned(),
            },
            Ok(Err(Unsent::NotNow(why))) => Answer::later(why),
            Err(lost) | Ok(Err(Unsent::Lost(lost))) => {
                under_way.losses.lost(&message, &lost.why);
                let _ = answers.send(Answer::later(&lost.why)); // whoever asked may be gone
                return Err(lost);
            }
            // QoS 1 always has one.
            Ok(Ok(None)) => return Err(Lost::new("no packet identifier")),
        };
        let _ = answers.send(answer); // whoever asked may be gone
        Ok(())
    }

    fn hear(&self, event: Event<'_, 1, PROPERTIES>, under_way: &mut UnderWay<'_>) {
        let (identifier, answer) = match event {
            Event::PublishAcknowledged(ack) => {
                under_way.acknowledged += 1;
                let nobody = ack.reason_code == ReasonCode::NoMatchingSubscribers;
                let answer = match (nobody, self.unsubscribed) {
                    (true, Unsubscribed::Wait) => Answer::later("nobody subscribes to its topic"),
                    _ => Answer::Taken,
                };
                (ack.packet_identifier, answer)
            }
            Event::PublishRejected(rejected) => {
                under_way.acknowledged += 1;
                let code = rejected.reason_code;
                let said = rejected.reason_string.map(|said| shown(said.as_str()));
                let why = said.filter(|said| !said.is_empty()).unwrap_or_else(|| words(code));
                (rejected.packet_identifier, judge(code, why))
            }
            // It is well, also if no device has said anything since it was not.
            Event::Pingresp => return self.tally.well(),
            // Nothing else is asked for, nor owed an answer.
            _ => return,
        };
        if let Some((_, request)) = under_way.of.remove(&identifier.get()) {
            under_way.is_alone = false;
            under_way.losses.answered(&request.message);
            let _ = request.answers.send(answer); // whoever asked may be gone
        }
    }

    /// Nobody can ask any more: what is under way is of nobody.
    async fn part(&self, client: &mut Mqtt<'_>) -> Result<(), Lost> {
        // A broker that is not told sees it by itself.
        let _ = timeout(self.timeout, client.disconnect(&DisconnectOptions::new())).await;
        Ok(())
    }

    fn late(&self) -> Lost {
        Lost::new(format!("no answer within {} s", self.timeout.as_secs_f32()))
    }
}

/// What was published, and has no answer.
struct UnderWay<'l> {
    losses: &'l mut Losses,
    of: HashMap<NonZeroU16, (Instant, Request)>,
    /// It is one that goes alone.
    is_alone: bool,
    /// One that will, and waits for that.
    next_alone: Option<Request>,
    /// How many answers came.
    acknowledged: usize,
}

impl<'l> UnderWay<'l> {
    fn new(losses: &'l mut Losses) -> Self {
        Self { losses, of: HashMap::new(), is_alone: false, next_alone: None, acknowledged: 0 }
    }

    fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    fn oldest(&self) -> Option<Instant> {
        self.of.values().map(|(since, _)| *since).min()
    }

    /// The connection is over. How many were under way.
    fn give_back(self, lost: &Lost) -> usize {
        let count = self.of.len();
        if let Some(request) = self.next_alone {
            let _ = request.answers.send(Answer::later(&lost.why)); // whoever asked may be gone
        }
        for (_, request) in self.of.into_values() {
            let Request { message, answers } = request;
            self.losses.lost(&message, &lost.why);
            let answer = lost.of(&message, count, self.losses);
            let is_refused = matches!(answer, Answer::Refused { .. });
            match answers.send(answer) {
                Ok(()) if is_refused => self.losses.refused(&message, None),
                Err(Answer::Refused { status, why }) => self.losses.refused(&message, Some((status, why))),
                _ => (), // whoever asked may be gone
            }
        }
        count
    }
}

fn judge(code: ReasonCode, why: String) -> Answer {
    if REFUSALS.contains(&code) {
        return Answer::Refused { status: code as u16, why };
    }
    Answer::later(format!("the broker says {}: {why}", words(code)))
}

/// A reason code in words, and as a number.
fn words(code: ReasonCode) -> String {
    let mut words = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    format!("{words} (0x{:02x})", code as u8)
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

/// What is said in PUBACK of a message that is not taken as it is.
const REFUSALS: [ReasonCode; 3] =
    [ReasonCode::ImplementationSpecificError, ReasonCode::TopicNameInvalid, ReasonCode::PayloadFormatInvalid];
/// What is said in DISCONNECT of such a message.
const ENDS: [ReasonCode; 3] =
    [ReasonCode::PacketTooLarge, ReasonCode::TopicNameInvalid, ReasonCode::PayloadFormatInvalid];
/// How many messages may be under way.
const MOST: usize = 128;
/// Of one packet, either way.
const PROPERTIES: usize = 8;
const KEEP_ALIVE: NonZero<u16> = NonZero::new(60).unwrap();
/// Of what comes: answers, which are short.
const LONGEST_PACKET: NonZero<u32> = NonZero::new(64 * 1024).unwrap();
/// The shortest and the longest bound of a pause between two connections, in milliseconds.
const PAUSES: (u32, u32) = (500, 30_000);
