//! A broker of MQTT 5, written from the OASIS standard alone, which does what a test says; and a subscriber.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

/// A PUBLISH that was read (§3.3).
#[derive(Clone, Debug)]
pub struct Published {
    /// Over which connection it came, from 0.
    pub connection: usize,
    /// Where.
    pub topic: String,
    /// Its QoS.
    pub qos: u8,
    /// Its user properties.
    pub user: HashMap<String, String>,
    /// Its content type, or nothing.
    pub content_type: String,
    /// The message.
    pub payload: Vec<u8>,
    /// The reason code that it was acknowledged with.
    pub code: Option<u8>,
    identifier: u16,
}

impl Published {
    /// The message's number.
    pub fn number(&self) -> u64 {
        self.user["number"].parse().unwrap()
    }

    /// The device, as its property says.
    pub fn device(&self) -> &str {
        &self.user["device"]
    }
}

/// What is said to it.
pub enum Say {
    /// PUBACK with this reason code and, if any, this reason.
    Ack(u8, &'static str),
    /// Yes, but not before more has come, or nothing more comes.
    AckSoon,
    /// Nothing: PUBACK is lost.
    Nothing,
    /// The connection ends.
    Close,
    /// DISCONNECT with this reason code.
    Disconnect(u8),
}

/// How a CONNECT is answered (§3.2): a reason code, and properties as they are on the wire. Nothing: not at all.
pub type Greeting = Option<(u8, Vec<u8>)>;

type Says = dyn Fn(&Published) -> Say + Send + Sync;

/// A CONNECT: client identifier, user name and password.
pub type Login = (String, Option<String>, Option<String>);

/// A broker on loopback; it ends with the test.
#[derive(Clone)]
pub struct Broker {
    address: SocketAddr,
    published: Arc<Mutex<Vec<Published>>>,
    logins: Arc<Mutex<Vec<Login>>>,
    greeting: Arc<Mutex<Greeting>>,
    count: watch::Sender<usize>,
    connections: watch::Sender<usize>,
    /// How many PINGREQs came, and whether they are answered.
    pings: watch::Sender<usize>,
    /// They are not.
    pub is_silent: Arc<AtomicBool>,
    /// How many were not acknowledged at a time, at most.
    pub most: Arc<Mutex<usize>>,
}

impl Broker {
    /// One that says this.
    pub async fn start(says: impl Fn(&Published) -> Say + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let broker = Self {
            address: listener.local_addr().unwrap(),
            published: Arc::default(),
            logins: Arc::default(),
            greeting: Arc::new(Mutex::new(Some((0, vec![])))),
            count: watch::Sender::new(0),
            connections: watch::Sender::new(0),
            pings: watch::Sender::new(0),
            is_silent: Arc::default(),
            most: Arc::default(),
        };
        let (of_it, says): (_, Arc<Says>) = (broker.clone(), Arc::new(says));
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let (broker, says) = (of_it.clone(), Arc::clone(&says));
                // Whoever goes away in the middle has had enough.
                tokio::spawn(async move { drop(broker.serve(connection, stream, &*says).await) });
            }
        });
        broker
    }

    /// What publishes at it.
    pub fn url(&self) -> String {
        format!("mqtt://{}/fleet", self.address)
    }

    /// Greets so from now on.
    pub fn greet(&self, greeting: Greeting) {
        *self.greeting.lock().unwrap() = greeting;
    }

    /// What has come.
    pub fn published(&self) -> Vec<Published> {
        self.published.lock().unwrap().clone()
    }

    /// Who has come.
    pub fn logins(&self) -> Vec<Login> {
        self.logins.lock().unwrap().clone()
    }

    /// Waits until so many have come.
    pub async fn wait(&self, published: usize) {
        self.count.subscribe().wait_for(|count| *count >= published).await.unwrap();
    }

    /// Waits until so many have connected.
    pub async fn wait_for_connections(&self, connections: usize) {
        self.connections.subscribe().wait_for(|count| *count >= connections).await.unwrap();
    }

    /// Waits until so many PINGREQs have come.
    pub async fn wait_for_pings(&self, pings: usize) {
        self.pings.subscribe().wait_for(|count| *count >= pings).await.unwrap();
    }

    async fn serve(&self, connection: usize, mut stream: TcpStream, says: &Says) -> io::Result<()> {
        let (first, body) = read(&mut stream).await?;
        assert_eq!(first, 0x10, "CONNECT comes first");
        self.logins.lock().unwrap().push(login(&body));
        self.connections.send_modify(|count| *count += 1);
        let greeting = self.greeting.lock().unwrap().clone();
        let Some((code, properties)) = greeting else { return std::future::pending().await };
        let mut connack = vec![0, code, u8::try_from(properties.len()).unwrap()];
        connack.extend(properties);
        write(&mut stream, 0x20, &connack).await?;
        if code >= 0x80 {
            return Ok(());
        }
        let mut soon = vec![];
        loop {
            let patience =
                if soon.is_empty() { Duration::from_secs(3_600) } else { Duration::from_millis(30) };
            let Ok(packet) = timeout(patience, read(&mut stream)).await else {
                for identifier in soon.drain(..) {
                    acknowledge(&mut stream, identifier, 0, "").await?;
                }
                continue;
            };
            let (first, body) = packet?;
            match first >> 4 {
                3 => {
                    let mut published = publish(connection, first, &body);
                    let say = says(&published);
                    if let Say::Ack(code, _) = say {
                        published.code = Some(code);
                    }
                    let identifier = published.identifier;
                    self.published.lock().unwrap().push(published);
                    self.count.send_modify(|count| *count += 1);
                    match say {
                        Say::Ack(code, reason) => acknowledge(&mut stream, identifier, code, reason).await?,
                        Say::AckSoon => {
                            soon.push(identifier);
                            let mut most = self.most.lock().unwrap();
                            *most = soon.len().max(*most);
                        }
                        Say::Nothing => (),
                        Say::Close => return Ok(()),
                        Say::Disconnect(code) => return write(&mut stream, 0xe0, &[code, 0]).await,
                    }
                }
                12 => {
                    self.pings.send_modify(|count| *count += 1);
                    if !self.is_silent.load(Ordering::Relaxed) {
                        write(&mut stream, 0xd0, &[]).await?;
                    }
                }
                14 => return Ok(()),
                kind => panic!("packet {kind}"),
            }
        }
    }
}

/// PUBACK (§3.4).
async fn acknowledge(stream: &mut TcpStream, identifier: u16, code: u8, reason: &str) -> io::Result<()> {
    let mut body = identifier.to_be_bytes().to_vec();
    if code > 0 || !reason.is_empty() {
        body.push(code);
    }
    if !reason.is_empty() {
        let len = u8::try_from(reason.len()).unwrap();
        body.extend([len + 3, 0x1f, 0, len]);
        body.extend(reason.as_bytes());
    }
    write(stream, 0x40, &body).await
}

/// A packet (§2.1): its first byte, and what is behind its length.
async fn read(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let first = stream.read_u8().await?;
    let (mut len, mut shift) = (0, 0);
    loop {
        let byte = stream.read_u8().await?;
        len |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            break;
        }
    }
    let mut body = vec![0; len];
    stream.read_exact(&mut body).await?;
    Ok((first, body))
}

async fn write(stream: &mut TcpStream, first: u8, body: &[u8]) -> io::Result<()> {
    assert!(body.len() < 0x80, "it is short");
    let mut packet = vec![first, u8::try_from(body.len()).unwrap()];
    packet.extend(body);
    stream.write_all(&packet).await
}

/// What is left of a packet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    fn binary(&mut self) -> &'a [u8] {
        let len = self.u16().into();
        self.take(len)
    }

    fn text(&mut self) -> String {
        let text = String::from_utf8(self.binary().to_vec()).unwrap();
        // §1.5.4, which a server may close the connection for.
        assert!(!text.contains(char::is_control), "{text:?}");
        text
    }

    fn properties(&mut self) -> Self {
        let len = match self.take(1)[0] {
            long @ 0x80.. => usize::from(long & 0x7f) | usize::from(self.take(1)[0]) << 7,
            short => short.into(),
        };
        Self(self.take(len))
    }
}

fn login(body: &[u8]) -> Login {
    let mut rest = Rest(body);
    assert_eq!((rest.binary(), rest.take(1)), (&b"MQTT"[..], &[5][..]));
    let flags = rest.take(1)[0];
    assert_eq!(flags & 0x02, 0x02, "a clean start");
    rest.u16();
    rest.properties();
    let client = rest.text();
    let name = (flags & 0x80 != 0).then(|| rest.text());
    let password = (flags & 0x40 != 0).then(|| rest.text());
    (client, name, password)
}

fn publish(connection: usize, first: u8, body: &[u8]) -> Published {
    let mut rest = Rest(body);
    let topic = rest.text();
    assert!(!topic.contains(['+', '#']), "{topic}");
    let qos = first >> 1 & 3;
    let identifier = if qos > 0 { rest.u16() } else { 0 };
    let mut properties = rest.properties();
    let (mut user, mut content_type) = (HashMap::new(), String::new());
    while !properties.0.is_empty() {
        match properties.take(1)[0] {
            0x03 => content_type = properties.text(),
            0x26 => {
                let name = properties.text();
                assert!(user.insert(name, properties.text()).is_none());
            }
            0x0b => drop(properties.take(1)),
            other => panic!("property {other}"),
        }
    }
    let payload = rest.0.to_vec();
    Published { connection, topic, qos, user, content_type, payload, code: None, identifier }
}

/// Subscribes to all of `fleet`, at a broker that is there.
pub struct Subscriber(TcpStream);

impl Subscriber {
    /// One that has subscribed.
    pub async fn new(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let connect = b"\0\x04MQTT\x05\x02\0\0\0\0\x04test";
        write(&mut stream, 0x10, connect).await.unwrap();
        let (first, connack) = read(&mut stream).await.unwrap();
        assert_eq!((first, connack[1]), (0x20, 0));
        write(&mut stream, 0x82, b"\0\x01\0\0\x07fleet/#\x01").await.unwrap();
        let (first, suback) = read(&mut stream).await.unwrap();
        assert_eq!((first, suback.last()), (0x90, Some(&1)));
        Self(stream)
    }

    /// The next message, which is acknowledged.
    pub async fn next(&mut self) -> Published {
        let (first, body) = read(&mut self.0).await.unwrap();
        assert_eq!(first >> 4, 3, "a PUBLISH");
        let published = publish(0, first, &body);
        acknowledge(&mut self.0, published.identifier, 0, "").await.unwrap();
        published
    }
}
