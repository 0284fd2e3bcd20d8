//! Every setting once: its name in the file, what it may be, its default, its option, its help.
//!
//! The file, the environment, the options of `lowkey serve`, the default file and the man page are all read off
//! this table.

use std::ops::RangeInclusive;
use std::time::Duration;

/// One setting.
#[derive(Debug)]
pub(crate) struct Field {
    /// Its name in the file, with its table before it: `limits.sessions`.
    pub(crate) path: &'static str,
    pub(crate) takes: Takes,
    /// As the file writes it; without one, what `example` is.
    pub(crate) default: Option<&'static str>,
    /// What the default file shows, as a comment, where there is no default.
    pub(crate) example: &'static str,
    /// Its option, if it has one.
    pub(crate) option: Option<Switch>,
    pub(crate) help: &'static str,
}

/// What a setting may be.
#[derive(Debug)]
pub(crate) enum Takes {
    /// A file; relative to the configuration file if it stands there.
    Path,
    /// `HOST:PORT` or `unix:PATH`.
    Endpoint,
    Text,
    Flag,
    Number(RangeInclusive<u64>),
    Time(RangeInclusive<Duration>),
    /// Several texts.
    Texts,
}

/// An option of the command line.
#[derive(Debug)]
pub(crate) struct Switch {
    pub(crate) long: &'static str,
    pub(crate) value: &'static str,
}

impl Field {
    /// The variable of the environment that says it.
    pub(crate) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.path.replace('.', "_").to_uppercase())
    }

    /// What it may be, for people.
    pub(crate) fn form(&self) -> String {
        match &self.takes {
            Takes::Path => "text in quotes: a file".into(),
            Takes::Endpoint => "text in quotes: \"HOST:PORT\" or \"unix:PATH\"".into(),
            Takes::Text => "text in quotes".into(),
            Takes::Flag => "true or false".into(),
            Takes::Number(range) => format!("a whole number, {} to {}", range.start(), range.end()),
            Takes::Time(range) => format!(
                "a time in quotes with its unit, \"500ms\", \"60s\", \"10m\", \"24h\" or \"7d\", {} to {}",
                super::time::show(*range.start()),
                super::time::show(*range.end())
            ),
            Takes::Texts => "texts in quotes, in [brackets]".into(),
        }
    }
}

/// What the name of every variable begins with.
pub(crate) const PREFIX: &str = "LOWKEY_";

/// The settings, in the order in which they are shown; those of a table stand together.
pub(crate) const FIELDS: &[Field] = &[
    Field {
        path: "key",
        takes: Takes::Path,
        default: None,
        example: "\"server.key\"",
        option: Some(Switch { long: "key", value: "FILE" }),
        help: "The server's key file, made by `lowkey keygen`.",
    },
    Field {
        path: "devices",
        takes: Takes::Path,
        default: None,
        example: "\"devices.toml\"",
        option: Some(Switch { long: "devices", value: "FILE" }),
        help: "The registry of devices, which `lowkey provision` adds to.",
    },
    Field {
        path: "state",
        takes: Takes::Path,
        default: None,
        example: "\"/var/lib/lowkey\"",
        option: Some(Switch { long: "state", value: "FOLDER" }),
        help: "The folder in which the server keeps what it remembers of its devices over a restart, and what it has stored of each over HTTP and MQTT. Without it, it remembers until it ends.",
    },
    Field {
        path: "listen",
        takes: Takes::Text,
        default: Some("\"127.0.0.1:7000\""),
        example: "",
        option: Some(Switch { long: "listen", value: "ADDRESS" }),
        help: "Address and port to listen on; port 0 lets the system choose. \"[::]:7000\" is every address. A socket that systemd passes is taken instead.",
    },
    Field {
        path: "forward",
        takes: Takes::Endpoint,
        default: None,
        example: "\"127.0.0.1:1883\"",
        option: Some(Switch { long: "forward", value: "HOST:PORT|unix:PATH|URL" }),
        help: "The service that each device's stream is carried to, over TCP or a Unix socket. Or what stores the messages that devices number, and so has them acknowledged: nats://HOST:PORT/PREFIX, for JetStream, tls:// to another machine; https://HOST/PATH, a POST for each; mqtts://HOST/PREFIX, QoS 1.",
    },
    Field {
        path: "echo",
        takes: Takes::Flag,
        default: Some("false"),
        example: "",
        option: Some(Switch { long: "echo", value: "" }),
        help: "Send every message back as it came, instead of forwarding: to try things out.",
    },
    Field {
        path: "send_proxy",
        takes: Takes::Flag,
        default: Some("false"),
        example: "",
        option: Some(Switch { long: "send-proxy", value: "" }),
        help: "Begin each stream to the service with a PROXY protocol v2 header, with the device's name in a TLV of its own.",
    },
    Field {
        path: "accept_proxy",
        takes: Takes::Texts,
        default: Some("[]"),
        example: "",
        option: Some(Switch { long: "accept-proxy", value: "NETWORK" }),
        help: "Networks of load balancers, such as 10.0.0.0/8: connections from there begin with a PROXY protocol v2 header, all others must not.",
    },
    Field {
        path: "limits.max_frame",
        takes: Takes::Number(160..=65_535),
        default: Some("4096"),
        example: "",
        option: None,
        help: "The longest frame of a record, in bytes. A connection takes about three times as much memory.",
    },
    Field {
        path: "limits.max_message",
        takes: Takes::Number(1..=MANY),
        default: Some("1048576"),
        example: "",
        option: None,
        help: "The longest message, in bytes. A device that sends a longer one is cut off.",
    },
    Field {
        path: "limits.handshake",
        takes: Takes::Time(TICK..=DAY),
        default: Some("\"10s\""),
        example: "",
        option: None,
        help: "From the beginning of a connection to the first record that opens.",
    },
    Field {
        path: "limits.attempts",
        takes: Takes::Number(1..=MANY),
        default: Some("1024"),
        example: "",
        option: None,
        help: "Attempts that wait for their handshake. When there are more, the network that has most of them gives one up.",
    },
    Field {
        path: "limits.attempts_per_address",
        takes: Takes::Number(1..=MANY),
        default: Some("256"),
        example: "",
        option: None,
        help: "The same, from one address (IPv6: one network of 64 bits); the two networks around that have two and four times as many.",
    },
    Field {
        path: "limits.sessions",
        takes: Takes::Number(1..=MANY),
        default: Some("10000"),
        example: "",
        option: None,
        help: "Devices connected at once.",
    },
    Field {
        path: "limits.sessions_per_address",
        takes: Takes::Number(1..=MANY),
        default: Some("10000"),
        example: "",
        option: None,
        help: "The same, from one address (IPv6: one network of 64 bits).",
    },
    Field {
        path: "limits.lost_in_place",
        takes: Takes::Number(0..=100),
        default: Some("10"),
        example: "",
        option: None,
        help: "How many devices, in percent, a change of the registry in place may take out at once; five always may. More waits for SIGHUP or 30 s without a change, since half a copy looks like that; what is renamed into place never waits.",
    },
    Field {
        path: "limits.messages_1_per_second",
        takes: Takes::Number(1..=MANY),
        default: Some("5000"),
        example: "",
        option: None,
        help: "First handshake messages worked on in a second; beyond that a device hears that the server is busy. Addresses that no device was confirmed from within a day have half of it.",
    },
    Field {
        path: "limits.messages_1_per_second_per_address",
        takes: Takes::Number(1..=MANY),
        default: Some("1000"),
        example: "",
        option: None,
        help: "The same, from one address (IPv6: one network of 64 bits); one that no device was confirmed from within a day has a quarter. The two networks around it have two and four times as many.",
    },
    Field {
        path: "sessions.silence",
        takes: Takes::Time(SECOND..=DAY),
        default: Some("\"60s\""),
        example: "",
        option: None,
        help: "After how much silence a device is asked with a PING.",
    },
    Field {
        path: "sessions.answer",
        takes: Takes::Time(SECOND..=DAY),
        default: Some("\"20s\""),
        example: "",
        option: None,
        help: "How long it then has to answer before its session ends.",
    },
    Field {
        path: "sessions.lifetime",
        takes: Takes::Time(SECOND..=LONGEST),
        default: None,
        example: "\"24h\"",
        option: None,
        help: "How long a session may go on before it is closed and the device connects again. Without it, for ever.",
    },
    Field {
        path: "sessions.linger",
        takes: Takes::Time(Duration::ZERO..=DAY),
        default: Some("\"5s\""),
        example: "",
        option: None,
        help: "How long a session may go on after our CLOSE, at the end of its lifetime or when the server stops.",
    },
    Field {
        path: "admin.listen",
        takes: Takes::Endpoint,
        default: None,
        example: "\"unix:/run/lowkey/admin.sock\"",
        option: Some(Switch { long: "admin", value: "HOST:PORT|unix:PATH" }),
        help: "Where metrics, health and sessions are served: a Unix socket, or an address of this machine alone.",
    },
    Field {
        path: "admin.ready_with_service",
        takes: Takes::Flag,
        default: Some("false"),
        example: "",
        option: None,
        help: "Whether /readyz, that of [probes] too, also says 503 while the service behind is down, or while devices wait for what stores and cannot. The server connects to a service once when it begins.",
    },
    Field {
        path: "probes.listen",
        takes: Takes::Text,
        default: None,
        example: "\"0.0.0.0:9100\"",
        option: Some(Switch { long: "probes", value: "ADDRESS" }),
        help: "Where other machines, such as a kubelet and a Prometheus, find /livez, /readyz and /metrics, and nothing that names a device. Whoever reaches this address may ask.",
    },
    Field {
        path: "nats.registry",
        takes: Takes::Text,
        default: None,
        example: "\"tls://nats.example:4222/lowkey\"",
        option: Some(Switch { long: "nats", value: "ADDRESS" }),
        help: "A registry that several servers share, over NATS, in place of `devices`: tls://HOST:PORT/PREFIX, several HOST:PORT with commas between; nats:// for this machine alone. `lowkey registry push` makes one of a file. PSK files are relative to the folder of `key`.",
    },
    Field {
        path: "nats.name",
        takes: Takes::Text,
        default: None,
        example: "\"gateway-1\"",
        option: Some(Switch { long: "nats-name", value: "NAME" }),
        help: "What this server is called among those that share the registry. No two have one name.",
    },
    Field {
        path: "nats.credentials",
        takes: Takes::Path,
        default: None,
        example: "\"gateway-1.nk\"",
        option: Some(Switch { long: "nats-credentials", value: "FILE" }),
        help: "The file of the nkey's seed (SU…), or of the credentials, by which NATS knows it. Without one, NATS has to ask nobody.",
    },
    Field {
        path: "nats.roots",
        takes: Takes::Path,
        default: None,
        example: "\"nats-ca.pem\"",
        option: None,
        help: "Certificates that NATS's own is signed by. Without one, those of the operating system.",
    },
    Field {
        path: "nats.max_stale",
        takes: Takes::Time(Duration::from_secs(6)..=DAY),
        default: Some("\"60s\""),
        example: "",
        option: None,
        help: "For how long the server goes on by what it has read when it does not see NATS; a new reading takes up to 6 s to be known. After that, what `on_stale` says.",
    },
    Field {
        path: "nats.on_stale",
        takes: Takes::Text,
        default: Some("\"refuse\""),
        example: "",
        option: None,
        help: "refuse: nobody is let in, and live sessions end, since who was revoked must not go on. serve: it goes on, and who was revoked meanwhile as well.",
    },
    Field {
        path: "store.credentials",
        takes: Takes::Path,
        default: None,
        example: "\"gateway-1.nk\"",
        option: None,
        help: "By which what `forward` names, and stores, knows the server: for JetStream the file of the nkey's seed (SU…) or of the credentials, without one that of [nats]; for HTTP a bearer token; for MQTT a user name and, in a second line, a password.",
    },
    Field {
        path: "store.roots",
        takes: Takes::Path,
        default: None,
        example: "\"nats-ca.pem\"",
        option: None,
        help: "Certificates that its own is signed by. Without one, those of [nats] for JetStream, or of the operating system.",
    },
    Field {
        path: "store.stream",
        takes: Takes::Text,
        default: None,
        example: "\"lowkey-up\"",
        option: None,
        help: "The stream of JetStream that takes the messages, if it is not PREFIX-up.",
    },
    Field {
        path: "events.run",
        takes: Takes::Texts,
        default: Some("[]"),
        example: "",
        option: None,
        help: "A program, by its whole path, and its arguments: run for events, one at a time, as the server's user. The event's name is its last argument, the event is on its standard input, a JSON object as in the log. None: nothing is run.",
    },
    Field {
        path: "events.only",
        takes: Takes::Texts,
        default: Some("[]"),
        example: "",
        option: None,
        help: "Names of the events that it is run for, such as \"lowkey.backend_down\". None: for every warning and error.",
    },
    Field {
        path: "events.time",
        takes: Takes::Time(TICK..=Duration::from_secs(600)),
        default: Some("\"10s\""),
        example: "",
        option: None,
        help: "How long it may take for one event; then it is killed. What happens meanwhile waits its turn.",
    },
    Field {
        path: "log.level",
        takes: Takes::Text,
        default: Some("\"info\""),
        example: "",
        option: Some(Switch { long: "log", value: "LEVEL" }),
        help: "error, warn, info, debug, trace or off, or targets as in lowkey=debug. $RUST_LOG says it too.",
    },
    Field {
        path: "log.format",
        takes: Takes::Text,
        default: Some("\"text\""),
        example: "",
        option: Some(Switch { long: "log-format", value: "FORMAT" }),
        help: "text for people, or json: one object a line, with the event's stable name.",
    },
];

/// The field of this path.
pub(crate) fn field(path: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.path == path)
}

/// The one that was probably meant by `wrong`, if any comes near.
pub(crate) fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let likeness = |name: &str| match strsim::osa_distance(wrong, name) {
        0..=1 => 1.0,
        _ => strsim::jaro_winkler(wrong, name),
    };
    let near = names.filter(|_| !wrong.is_empty());
    let near = near.map(|name| (likeness(name), name)).filter(|(likeness, _)| *likeness > NEAR);
    near.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

/// As near as clap wants it for options.
const NEAR: f64 = 0.7;
const MANY: u64 = u32::MAX as u64;
const TICK: Duration = Duration::from_millis(100);
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const LONGEST: Duration = Duration::from_secs(3650 * 24 * 60 * 60);
