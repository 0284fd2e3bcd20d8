//! An MQTT client of other people, as a device has it: rust-mqtt on the async channel, and mosquitto behind
//! `lowkey serve`.
//!
//! rust-mqtt writes its packets in pieces of a few bytes. What that costs on the wire is counted at the stream.

use crate::common::Folder;
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use lowkey_host::entropy::host_ephemerals;
use lowkey_host::{Id, Peer, Pinning};
use lowkey_registry::keys::{parse_public, read_identity};
use lowkey_transport::asynch::Channel;
use lowkey_transport::{Buffers, Link};
use rust_mqtt::Bytes;
use rust_mqtt::buffer::AllocBuffer;
use rust_mqtt::client::Client;
use rust_mqtt::client::event::Event;
use rust_mqtt::client::options::{
    ConnectOptions, DisconnectOptions, PublicationOptions, SubscriptionOptions, TopicReference,
};
use rust_mqtt::types::{MqttString, QoS, TopicFilter, TopicName};
use test_support::tools;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

/// A socket that counts what goes out, and in how many pieces.
struct Counted {
    socket: TcpStream,
    writes: usize,
    bytes: usize,
}

impl ErrorType for Counted {
    type Error = ErrorKind;
}

impl Read for Counted {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        self.socket.read(buf).await.map_err(|_| ErrorKind::Other)
    }
}

impl Write for Counted {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        let n = self.socket.write(buf).await.map_err(|_| ErrorKind::Other)?;
        self.writes += 1;
        self.bytes += n;
        Ok(n)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// What an application writes, before the channel has it.
struct Written<C> {
    channel: C,
    writes: usize,
    bytes: usize,
}

impl<C: ErrorType> ErrorType for Written<C> {
    type Error = C::Error;
}

impl<C: Read> Read for Written<C> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, C::Error> {
        self.channel.read(buf).await
    }
}

impl<C: Write> Write for Written<C> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, C::Error> {
        let n = self.channel.write(buf).await?;
        self.writes += 1;
        self.bytes += n;
        Ok(n)
    }

    async fn flush(&mut self) -> Result<(), C::Error> {
        self.channel.flush().await
    }
}

#[tokio::test]
async fn a_session_of_an_mqtt_client_costs_a_record_a_packet() {
    let Some(mosquitto) = tools::find("mosquitto") else { return };
    let folder = Folder::new();
    let socket = folder.path("mqtt.sock");
    // Started by root it would become another user, who may not write into the folder.
    let config = format!(
        "user root\npersistence false\nlog_dest stderr\nallow_anonymous true\nlistener 0 {}\n",
        socket.display()
    );
    folder.write("mosquitto.conf", &config);
    let mut command = Command::new(mosquitto);
    command.arg("-c").arg(folder.path("mosquitto.conf"));
    let _broker = tools::start(command, " running").await;
    let serve = format!(
        "--key server.key --devices devices.toml --listen 127.0.0.1:0 --forward unix:{}",
        socket.display()
    );
    let server = folder.serve_with(&serve, &[]);

    let identity = read_identity(&folder.path("device.key")).unwrap();
    let server_key = parse_public(&server.key).unwrap();
    let peer = Peer::pin(&identity, server_key).unwrap();
    let id = Id::of_pinning(&identity.public_key(), &server_key);
    let pinning = Pinning { id, identity: &identity, peer: &peer, psk: None };
    let (mut incoming, mut outgoing) = ([0; 512], [0; 512]);
    let buffers = Buffers::new(&mut incoming[..], &mut outgoing[..]).unwrap();
    let link = Link::kk_initiator(pinning, &mut host_ephemerals().unwrap(), buffers).unwrap();
    let socket = TcpStream::connect(&server.address).await.unwrap();
    let channel = Channel::connect(Counted { socket, writes: 0, bytes: 0 }, link).await.unwrap();

    let mut buffer = AllocBuffer;
    let mut client = Client::<'_, '_, _, _, 1, 1, 1, 1, 1, 0, 0>::new(&mut buffer);
    let name = |text| TopicName::new(MqttString::from_str(text).unwrap()).unwrap();
    let options = ConnectOptions::new().clean_start();
    let identifier = Some(MqttString::from_str("pump-007").unwrap());
    let written = Written { channel, writes: 0, bytes: 0 };
    client.connect(written, &options, identifier).await.unwrap();
    let filter = TopicFilter::new(MqttString::from_str("pump/set").unwrap()).unwrap();
    client.subscribe(filter, &SubscriptionOptions::new()).await.unwrap();
    assert!(matches!(client.poll().await, Ok(Event::Suback(_))));
    let topic = TopicReference::Name(name("pump/set"));
    let publication = PublicationOptions::new(topic).qos(QoS::AtLeastOnce);
    client.publish(&publication, Bytes::from(&b"21.5 C"[..])).await.unwrap();
    let (mut heard, mut taken) = (false, false);
    while !heard || !taken {
        match client.poll().await.unwrap() {
            Event::Publish(publish) => heard = publish.message.as_bytes() == b"21.5 C",
            Event::PublishAcknowledged(_) => taken = true,
            other => panic!("{other:?}"),
        }
    }
    let Written { mut channel, writes, bytes } = client.disconnect(&DisconnectOptions::new()).await.unwrap();
    channel.finish().await.unwrap();
    let Counted { writes: sent, bytes: wire, .. } = channel.into_stream();
    println!(
        "the client wrote {bytes} bytes in {writes} pieces; the device sent {wire} bytes in {sent} writes"
    );
    assert_eq!(bytes, 69);
    assert!(wire <= 250 && sent <= 7, "the handshake, four packets and the CLOSE");
}
