//! From what was said to a [`Config`]: what is missing, what contradicts itself, and what every text means.

use super::address::host_and_port;
use super::fields::{Takes, field};
use super::given::{Given, Value};
use super::mistake::{Mistake, Origin};
use super::{
    By, Config, Log, LogFormat, Named, Nats, Program, Read, Readiness, Service, Store, itself, level,
};
use lowkey_gateway::admin::Endpoint;
use lowkey_gateway::forward::{Backend, BackendError, Forwarder};
use lowkey_gateway::proxy::Networks;
use lowkey_host::Limits;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use toml::de::DeValue;

/// What `given` comes to, with the defaults of what it does not say. Its mistakes are `mistakes`, and those that are
/// found here.
pub(super) fn config(given: &Given, file: Option<&Path>, mistakes: Vec<Mistake>) -> Read {
    let nowhere = match file {
        Some(path) => Origin::Missing { path: Arc::new(path.to_owned()) },
        None => Origin::Nowhere,
    };
    let mut builder = Builder { given, nowhere, mistakes };
    let key = builder.file("key", "make one with: lowkey keygen -o server.key");
    let nats = builder.nats();
    let devices = match builder.shared() {
        Some(shared) => Some(shared),
        None => builder.file("devices", "the registry that `lowkey provision` adds to"),
    };
    let state = builder.text("state").map(|(_, folder)| folder.into());
    let listen = builder.listen("listen");
    let service = builder.service();
    let accept_proxy = builder.networks();
    let mut limits = builder.limits();
    if let Some(Service::Store(store)) = &service {
        limits.acks = true;
        if store.by == By::JetStream {
            // With its headers it has to fit what NATS takes, or it would be refused for ever.
            limits.max_message = limits.max_message.min(LONGEST_STORED);
        }
    }
    let mut lost_in_place = 0;
    builder.number("limits.lost_in_place", &mut lost_in_place);
    let admin = builder.admin();
    let probes = builder.listen("probes.listen");
    let readiness = builder.readiness();
    builder.not_to_itself();
    builder.probes_apart();
    let program = builder.program();
    let log = builder.log();
    let sends_proxy = builder.flag("send_proxy").is_some();
    let named = (key.clone(), devices.clone().filter(|_| builder.given.get(NATS).is_none()));
    let config = match (key, devices, listen, service, log) {
        (Some(key), Some(devices), Some(listen), Some(service), Some(log)) if builder.mistakes.is_empty() => {
            Ok(Config {
                key,
                devices,
                nats,
                state,
                listen,
                service,
                accept_proxy,
                limits,
                lost_in_place,
                admin,
                probes,
                readiness,
                program,
                log,
            })
        }
        _ => {
            builder.mistakes.sort_by_key(|mistake| mistake.origin.position());
            Err(builder.mistakes)
        }
    };
    Read { config, key: named.0, devices: named.1, sends_proxy }
}

struct Builder<'b> {
    given: &'b Given,
    /// The position of what is missing.
    nowhere: Origin,
    mistakes: Vec<Mistake>,
}

impl Builder<'_> {
    /// The value that was given, or the default; neither if what was given is wrong.
    fn value(&self, path: &str) -> Option<(Origin, Value)> {
        match self.given.get(path) {
            Some((origin, value)) => Some((origin.clone(), value?.clone())),
            None => Some((Origin::Default, default(path)?)),
        }
    }

    fn text(&self, path: &str) -> Option<(Origin, String)> {
        match self.value(path)? {
            (origin, Value::Text(text)) => Some((origin, text)),
            _ => None,
        }
    }

    fn number<N: TryFrom<u64>>(&self, path: &str, into: &mut N) {
        if let Some((_, Value::Number(number))) = self.value(path)
            && let Ok(number) = N::try_from(number)
        {
            *into = number;
        }
    }

    fn time(&self, path: &str) -> Option<Duration> {
        match self.value(path)? {
            (_, Value::Time(time)) => Some(time),
            _ => None,
        }
    }

    fn flag(&self, path: &str) -> Option<Origin> {
        match self.value(path)? {
            (origin, Value::Flag(true)) => Some(origin),
            _ => None,
        }
    }

    fn wrong(&mut self, origin: &Origin, what: impl Into<String>) {
        self.mistakes.push(Mistake::new(origin, what));
    }

    /// A file that has to be named.
    fn file(&mut self, path: &'static str, hint: &str) -> Option<Named> {
        if self.given.get(path).is_none() {
            let origin = self.nowhere.clone();
            let name = if origin == Origin::Nowhere { format!("--{path}") } else { format!("`{path}`") };
            self.wrong(&origin, format!("{name} is missing; {hint}"));
        }
        self.text(path).map(|(origin, path)| Named { origin, path: path.into() })
    }

    /// Whoever forwards to its own listener goes round in circles, and to its admin listener or its probes shows them
    /// to devices.
    fn not_to_itself(&mut self) {
        let Some((origin, forward)) = self.given.get("forward").and_then(|_| self.text("forward")) else {
            return;
        };
        for (path, why) in [
            ("listen", "devices would come back to this server for ever"),
            ("admin.listen", "devices would reach the admin listener"),
            ("probes.listen", "devices would reach the probes"),
        ] {
            if self.text(path).is_some_and(|(_, listen)| itself::reaches(&forward, &listen)) {
                let what =
                    format!("{forward:?} is this server's own `{path}`; {why}; name the service's address");
                self.wrong(&origin, what);
            }
        }
    }

    /// Two listeners cannot have one address.
    fn probes_apart(&mut self) {
        let Some((origin, probes)) = self.text("probes.listen") else { return };
        for path in ["listen", "admin.listen"] {
            if self.text(path).is_some_and(|(_, listen)| itself::reaches(&probes, &listen)) {
                self.wrong(&origin, format!("{probes:?} is this server's own `{path}`; choose another port"));
            }
        }
    }

    /// The registry that is shared, as its origin names it.
    fn shared(&self) -> Option<Named> {
        self.given.get(NATS)?;
        self.text(NATS).map(|(origin, address)| Named { origin, path: address.into() })
    }

    fn nats(&mut self) -> Option<Nats> {
        self.given.get(NATS)?;
        let (origin, address) = self.text(NATS)?;
        if let Some((other, _)) = self.given.get("devices") {
            let other = other.clone();
            self.wrong(
                &other,
                "both `devices` and `nats.registry`; a server has one registry, take the other away",
            );
        }
        if let Err(why) = super::address::of_nats(&address) {
            self.wrong(&origin, format!("{address:?}: {why}"));
        }
        let name = self.text("nats.name").map(|(_, name)| name);
        if name.as_ref().is_none_or(|name| name.is_empty() || name.len() > LONGEST_NAME) {
            self.wrong(&origin, format!("`nats.name` is missing, or longer than {LONGEST_NAME} bytes; give each server one of its own"));
        }
        let (on_stale, max_stale) = (self.text("nats.on_stale")?, self.time("nats.max_stale")?);
        let serves_on = match &*on_stale.1 {
            "refuse" => false,
            "serve" => true,
            other => {
                let what = format!("{other:?} is neither refuse nor serve");
                self.wrong(&on_stale.0, what);
                return None;
            }
        };
        let path = |builder: &Self, path| builder.text(path).map(|(_, path)| path.into());
        let (credentials, roots) = (path(self, "nats.credentials"), path(self, "nats.roots"));
        Some(Nats { address, name: name?, credentials, roots, max_stale, serves_on })
    }

    fn listen(&mut self, path: &str) -> Option<String> {
        let (origin, address) = self.text(path)?;
        if host_and_port(&address).is_none() {
            self.wrong(&origin, format!("{address:?} is no address; write it as ADDRESS:PORT"));
        }
        Some(address)
    }

    fn service(&mut self) -> Option<Service> {
        let (echo, proxy) = (self.flag("echo"), self.flag("send_proxy"));
        let forward = self.given.get("forward");
        if let (Some(_), Some((origin, _))) = (&echo, forward) {
            let origin = origin.clone();
            self.wrong(
                &origin,
                "both `echo` and `forward`; devices talk to one of them, take the other away",
            );
            return None;
        }
        if let (Some(origin), None) = (&proxy, forward) {
            self.wrong(origin, "`send_proxy` needs `forward`; there is nobody to send it to");
        }
        if echo.is_some() {
            return Some(Service::Echo);
        }
        if forward.is_none() {
            let origin = self.nowhere.clone();
            let what = if origin == Origin::Nowhere {
                "neither --forward nor --echo; say what devices talk to, for example --forward 127.0.0.1:1883"
            } else {
                "neither `forward` nor `echo`; say what devices talk to, for example forward = \"127.0.0.1:1883\""
            };
            self.wrong(&origin, what);
        }
        let (origin, text) = self.text("forward")?;
        if text.contains("://") {
            if let Some(proxy) = &proxy {
                self.wrong(proxy, "`send_proxy` is for a service behind that streams are carried to");
            }
            return self.store(&origin, text).map(Service::Store);
        }
        if let Some((other, _)) = STORE.iter().find_map(|path| self.given.get(path)) {
            let other = other.clone();
            self.wrong(
                &other,
                "[store] is for a `forward` that stores, such as nats://127.0.0.1:4222/lowkey",
            );
        }
        let backend: Backend =
            text.parse().map_err(|error: BackendError| self.wrong(&origin, error.to_string())).ok()?;
        let mut forwarder = Forwarder::new(backend);
        forwarder.send_proxy = proxy.is_some();
        Some(Service::Forward(forwarder))
    }

    fn store(&mut self, origin: &Origin, address: String) -> Option<Store> {
        let by = match super::address::of_store(&address) {
            Ok(by) => by,
            Err(why) => {
                self.wrong(origin, format!("{address:?}: {why}"));
                return None;
            }
        };
        if by != By::JetStream {
            if self.given.get("state").is_none() {
                self.wrong(origin, "it needs `state`, the folder in which what was acknowledged is kept");
            }
            if let Some((stream, _)) = self.given.get("store.stream") {
                let stream = stream.clone();
                self.wrong(&stream, "`store.stream` is for a `forward` to JetStream");
            }
        }
        let text = |path| self.text(path).map(|(_, text)| text);
        let of_nats = |path| if by == By::JetStream { text(path) } else { None };
        let file = |path, of_registry| text(path).or_else(|| of_nats(of_registry)).map(PathBuf::from);
        Some(Store {
            by,
            name: text("nats.name").unwrap_or_else(|| "lowkey".to_owned()),
            credentials: file("store.credentials", "nats.credentials"),
            roots: file("store.roots", "nats.roots"),
            stream: text("store.stream"),
            address,
        })
    }

    fn admin(&mut self) -> Option<Endpoint> {
        let (origin, text) = self.text("admin.listen")?;
        let address = text.parse().ok();
        if address.is_none() {
            let hint = "write 127.0.0.1:PORT, [::1]:PORT or unix:PATH; other machines ask `probes.listen`";
            self.wrong(&origin, format!("{text:?} is no address of this machine alone; {hint}"));
        }
        address
    }

    fn readiness(&self) -> Readiness {
        match self.flag("admin.ready_with_service") {
            Some(_) => Readiness::WithService,
            None => Readiness::Accepting,
        }
    }

    fn texts(&self, path: &str) -> Option<(Origin, Vec<String>)> {
        match self.value(path)? {
            (origin, Value::Texts(texts)) => Some((origin, texts)),
            _ => None,
        }
    }

    fn program(&mut self) -> Option<Program> {
        let (origin, command) = self.texts("events.run")?;
        let (named, only) = self.texts("events.only")?;
        for name in only.iter().filter(|name| !name.starts_with("lowkey.")) {
            self.wrong(
                &named,
                format!("{name:?} is no event; write it as the log does, like \"lowkey.ended\""),
            );
        }
        if command.first().is_some_and(|program| !Path::new(program).is_absolute()) {
            self.wrong(&origin, "a program is named by its whole path, as in [\"/usr/local/bin/notify\"]");
        }
        let time = self.time("events.time")?;
        let (program, arguments) = command.split_first()?;
        Some(Program { program: program.into(), arguments: arguments.to_vec(), only, time })
    }

    fn networks(&mut self) -> Networks {
        let Some((origin, texts)) = self.texts("accept_proxy") else { return Networks::default() };
        for text in &texts {
            if let Err(error) = Networks::parse([text]) {
                self.wrong(&origin, error.to_string());
            }
        }
        Networks::parse(&texts).unwrap_or_default()
    }

    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        self.number("limits.max_frame", &mut limits.max_frame);
        self.number("limits.max_message", &mut limits.max_message);
        self.number("limits.attempts", &mut limits.attempts);
        self.number("limits.attempts_per_address", &mut limits.attempts_per_address);
        self.number("limits.sessions", &mut limits.sessions);
        self.number("limits.sessions_per_address", &mut limits.sessions_per_address);
        self.number("limits.messages_1_per_second", &mut limits.messages_1_per_second);
        let per_address = &mut limits.messages_1_per_second_per_address;
        self.number("limits.messages_1_per_second_per_address", per_address);
        let time = |path, default| self.time(path).unwrap_or(default);
        limits.handshake = time("limits.handshake", limits.handshake);
        limits.silence = time("sessions.silence", limits.silence);
        limits.answer = time("sessions.answer", limits.answer);
        limits.linger = time("sessions.linger", limits.linger);
        limits.lifetime = self.time("sessions.lifetime");
        limits
    }

    fn log(&mut self) -> Option<Log> {
        let (level, format) = (self.text("log.level"), self.text("log.format"));
        if let Some((origin, level)) = &level
            && let Err(why) = level::check(level)
        {
            self.wrong(origin, why);
        }
        let (origin, format) = format?;
        let format = match format.as_str() {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            other => {
                self.wrong(&origin, format!("{other:?} is no format; write text or json"));
                return None;
            }
        };
        Some(Log { level: level?.1, format })
    }
}

/// The setting of a registry that is shared.
const NATS: &str = "nats.registry";
/// The settings of what stores.
const STORE: [&str; 3] = ["store.credentials", "store.roots", "store.stream"];
const LONGEST_NAME: usize = 64;
/// What a nats-server takes that is told nothing, 1 MiB, less headers.
const LONGEST_STORED: usize = (1 << 20) - 1024;

/// What is so without being said.
fn default(path: &str) -> Option<Value> {
    let field = field(path)?;
    let text = field.default?;
    if let Takes::Texts = field.takes {
        return Some(Value::Texts(Vec::new()));
    }
    let parsed = DeValue::parse(text).ok()?;
    Value::from_text(field, parsed.get_ref().as_str().unwrap_or(text)).ok()
}
