//! A nats-server by the recipe in `packaging/nats`, two tenants with their buckets, and clients with each role's key.

use async_nats::jetstream::{self, kv, stream};
use async_nats::{Client, ConnectOptions, Event, HeaderMap, Subject};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;
use test_support::nats::{NatsServer, recipe};
use tokio::sync::mpsc;

/// The server, and who has which key.
pub(crate) struct House {
    server: NatsServer,
    seeds: BTreeMap<String, String>,
    lists: [String; 2],
    pem: [String; 2],
    /// Made the buckets, and says what is in them.
    pub(crate) registrar: User,
}

impl House {
    /// One in which tenant `lowkey` has a device `desk` with a head, and a tenant `other` as well; [`None`] where there
    /// is no nats-server.
    pub(crate) async fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut seeds = BTreeMap::new();
        let lists = ["lowkey", "other"].map(|prefix| {
            let mut list = String::from("# role, name, key\n");
            for (role, name) in ROLES {
                let key = nkeys::KeyPair::new_user();
                writeln!(list, "{role} {name} {}", key.public_key()).unwrap();
                seeds.insert(format!("{prefix} {role} {name}"), key.seed().unwrap());
            }
            list
        });
        let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let pem = [certified.cert.pem(), certified.signing_key.serialize_pem()];
        fill_in(folder.path(), &lists, &pem);
        let server = NatsServer::start_in(folder).await?;
        for prefix in ["other", "lowkey"] {
            let registrar = connect(&server, &seeds, prefix, "registrar", "desk").await;
            for bucket in ["registry", "live", "claims"] {
                registrar.jetstream().create_stream(layout(prefix, bucket)).await.unwrap();
            }
            let registry = registrar.bucket(&format!("{prefix}-registry")).await;
            registry.create("device.6465736b", "row".into()).await.unwrap();
            registry.create("head", "1".into()).await.unwrap();
        }
        let registrar = connect(&server, &seeds, "lowkey", "registrar", "desk").await;
        Some(Self { server, seeds, lists, pem, registrar })
    }

    /// Takes a user of the tenant `lowkey` off the list, as the book says.
    pub(crate) async fn dismisses(&mut self, role: &str, name: &str) {
        let user = format!("{role} {name} ");
        let kept = self.lists[0].lines().filter(|line| !line.starts_with(&user));
        self.lists[0] = kept.collect::<Vec<_>>().join("\n");
        fill_in(self.server.folder(), &self.lists, &self.pem);
        self.server.reload().await;
    }

    /// A client with the key of `role` of the tenant `lowkey`.
    pub(crate) async fn user(&self, role: &str, name: &str) -> User {
        connect(&self.server, &self.seeds, "lowkey", role, name).await
    }

    /// How `lowkey` gets in with the key of `role` of the tenant `lowkey`.
    pub(crate) fn access(&self, role: &str, name: &str) -> lowkey_nats::Access {
        let file = self.server.folder().join(format!("{name}.seed"));
        let mut options = std::fs::OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(options.write(true).create(true).truncate(true), 0o600);
        let seed = &self.seeds[&format!("lowkey {role} {name}")];
        std::io::Write::write_all(&mut options.open(&file).unwrap(), seed.as_bytes()).unwrap();
        lowkey_nats::Access {
            address: format!("tls://{}/lowkey", self.server.address()).parse().unwrap(),
            credentials: lowkey_nats::Credentials::File(file),
            roots: Some(self.server.folder().join("server.pem")),
            name: name.to_owned(),
        }
    }

    /// What is in each bucket of both tenants: subjects, and how much came altogether.
    pub(crate) async fn contents(&self) -> Vec<Value> {
        let mut contents = Vec::new();
        for prefix in ["lowkey", "other"] {
            let registrar = connect(&self.server, &self.seeds, prefix, "registrar", "desk").await;
            for bucket in ["registry", "live", "claims"] {
                let subject = format!("$JS.API.STREAM.INFO.KV_{prefix}-{bucket}");
                let info =
                    registrar.client.request(subject, r#"{"subjects_filter":">"}"#.into()).await.unwrap();
                let mut info: Value = serde_json::from_slice(&info.payload).unwrap();
                contents.extend([info["config"].take(), info["state"].take()]);
            }
        }
        contents
    }
}

/// A client, and what the server has refused it.
pub(crate) struct User {
    pub(crate) client: Client,
    refusals: mpsc::UnboundedReceiver<String>,
}

impl User {
    pub(crate) fn jetstream(&self) -> jetstream::Context {
        jetstream::new(self.client.clone())
    }

    pub(crate) async fn bucket(&self, name: &str) -> kv::Store {
        self.jetstream().get_key_value(name).await.unwrap()
    }

    /// Publishes, and waits until the server has refused that.
    pub(crate) async fn is_refused(&mut self, subject: &str, payload: &str) {
        self.client.publish(subject.to_owned(), payload.to_owned().into()).await.unwrap();
        self.hears(&format!("Publish to \"{subject}\"")).await;
    }

    /// Subscribes, and waits until the server has refused that.
    pub(crate) async fn hears_nothing_of(&mut self, subject: &str) {
        let _ended = self.client.subscribe(subject.to_owned()).await.unwrap();
        self.hears(&format!("Subscription to \"{subject}\"")).await;
    }

    /// Waits until the server has hung up.
    pub(crate) async fn is_gone(&mut self) {
        self.hears("gone").await;
    }

    async fn hears(&mut self, refusal: &str) {
        let refusal = refusal.to_lowercase();
        loop {
            let said = tokio::time::timeout(Duration::from_secs(20), self.refusals.recv()).await;
            let said = said.unwrap_or_else(|_| panic!("no refusal: {refusal}")).unwrap();
            if said.to_lowercase().contains(&refusal) {
                return;
            }
        }
    }

    /// Asks, and has the answer sent to `reply`. Returns when the server has answered to what was asked next.
    pub(crate) async fn asks_for(&self, reply: &str, subject: &str, payload: &str) {
        let [subject, reply] = [subject, reply].map(|subject| Subject::from(subject.to_owned()));
        self.client.publish_with_reply(subject, reply, payload.to_owned().into()).await.unwrap();
        self.bucket("lowkey-registry").await.get("head").await.unwrap().unwrap();
    }

    /// Publishes with a header, and returns the answer of JetStream.
    pub(crate) async fn publishes(&self, subject: &str, header: [&str; 2], payload: &str) -> Value {
        let mut headers = HeaderMap::new();
        headers.insert(header[0], header[1]);
        let answer =
            self.client.request_with_headers(subject.to_owned(), headers, payload.to_owned().into()).await;
        serde_json::from_slice(&answer.unwrap().payload).unwrap()
    }
}

fn fill_in(folder: &Path, lists: &[String; 2], pem: &[String; 2]) {
    recipe(folder, &[("lowkey", &lists[0]), ("other", &lists[1])], [&pem[0], &pem[1]]);
}

async fn connect(
    server: &NatsServer,
    seeds: &BTreeMap<String, String>,
    prefix: &str,
    role: &str,
    name: &str,
) -> User {
    let seed = seeds[&format!("{prefix} {role} {name}")].clone();
    let (say, refusals) = mpsc::unbounded_channel();
    let options = ConnectOptions::with_nkey(seed)
        .custom_inbox_prefix(format!("_INBOX.{}", hex(name)))
        .add_root_certificates(server.folder().join("server.pem"))
        .require_tls(true)
        .event_callback(move |event| {
            let say = say.clone();
            async move {
                match event {
                    Event::ServerError(error) => drop(say.send(error.to_string())),
                    Event::Disconnected => drop(say.send("gone".to_owned())),
                    _ => (),
                }
            }
        });
    let client = options.connect(format!("tls://{}", server.address())).await.unwrap();
    User { client, refusals }
}

/// A bucket as `lowkey` makes it: a bucket of NATS without what would let one key's writer take others away.
pub(crate) fn layout(prefix: &str, bucket: &str) -> stream::Config {
    let registry = bucket == "registry";
    stream::Config {
        name: format!("KV_{prefix}-{bucket}"),
        subjects: vec![format!("$KV.{prefix}-{bucket}.>")],
        max_messages_per_subject: if registry { 8 } else { 1 },
        discard: stream::DiscardPolicy::New,
        // `Nats-Rollup: all` in a message to any key empties the bucket.
        allow_rollup: false,
        deny_delete: registry,
        allow_direct: true,
        max_message_size: 64 * 1024,
        max_bytes: 256 * 1024 * 1024,
        allow_message_ttl: !registry,
        ..stream::Config::default()
    }
}

/// A name as it stands in subjects.
pub(crate) fn hex(name: &str) -> String {
    name.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

const ROLES: [(&str, &str); 5] = [
    ("registrar", "desk"),
    ("gateway", "east"),
    ("gateway", "west"),
    ("reader", "wall"),
    ("service", "backend"),
];
