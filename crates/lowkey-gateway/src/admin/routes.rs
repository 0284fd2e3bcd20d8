//! From a request to its answer.

use super::caller::Caller;
use super::events::Readers;
use super::here::{Here, Question};
use super::joined::{Joined, asked};
use super::others::Others;
use super::{aside, json, page, pair, send};
use crate::http::{Answer, JSON, Routes, Turn, Vitals, done, text};
use hyper::body::Incoming;
use hyper::header::{HOST, ORIGIN};
use hyper::{Request, StatusCode};
use lowkey_host::Acceptor;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Rooms {
    pub(super) vitals: Vitals,
    pub(super) here: Here,
    pub(super) others: Option<Arc<dyn Others>>,
    pub(super) readers: Option<Readers>,
    /// Whether browsers reach us.
    on_loopback: bool,
}

impl Routes for Rooms {
    type Caller = Caller;

    async fn answer(&self, request: Request<Incoming>, caller: Caller, turn: &Turn) -> Answer {
        if !self.is_for_us(&request) {
            return text(StatusCode::MISDIRECTED_REQUEST, "ask by a loopback address\n");
        }
        if is_of_another_site(&request) {
            return text(StatusCode::FORBIDDEN, "this is not for pages of another site\n");
        }
        let acceptor = self.vitals.acceptor.clone();
        let request = match pair::answer(&acceptor, caller, request).await {
            Ok(answer) => return answer,
            Err(another) => another,
        };
        let request = match send::answer(&acceptor, self.others.as_ref(), caller, request).await {
            Ok(answer) => return answer,
            Err(another) => another,
        };
        let request = match aside::answer(&self.here, caller, request).await {
            Ok(answer) => return answer,
            Err(another) => another,
        };
        if let Some(answer) = self.vitals.answer(&request).await {
            return answer;
        }
        if let Some(asset) = page::asset(request.uri().path()) {
            return asset;
        }
        let (path, query) = (request.uri().path(), request.uri().query());
        match Question::read(path, query) {
            Some(Ok(question)) => return done(JSON, self.of_all(question).await),
            Some(Err(ask)) => return text(StatusCode::BAD_REQUEST, ask),
            None => (),
        }
        match path {
            "/events" => match &self.readers {
                Some(readers) => readers.answer(query, request.headers(), self.others.as_ref(), turn),
                None => text(StatusCode::NOT_IMPLEMENTED, "this server keeps no events\n"),
            },
            "/registry" => {
                let path = self.here.registry.clone();
                done(JSON, self.here.write(move || json::registry(&acceptor, &path)).await)
            }
            _ => text(
                StatusCode::NOT_FOUND,
                "/, /metrics, /livez, /readyz, /overview, /sessions, /devices, /events, /registry, /doctor, /aside\n",
            ),
        }
    }
}

impl Rooms {
    pub(super) fn new(acceptor: Acceptor, on_loopback: bool) -> Self {
        Self {
            vitals: Vitals::new(acceptor.clone(), Duration::ZERO),
            here: Here::new(acceptor),
            others: None,
            readers: None,
            on_loopback,
        }
    }

    /// What all gateways know, or we if there are no others.
    async fn of_all(&self, question: Question) -> Option<String> {
        let Some(others) = &self.others else { return self.here.text(question).await };
        let name = others.name().to_owned();
        let asked = asked(&question);
        let said = tokio::spawn(others.ask(Box::new(move |_| asked.clone()))); // while we look ourselves
        let (ours, wanted) = question.of_us();
        let own = self.here.text(ours).await?;
        let said = said.await.unwrap_or_default();
        self.here.write(move || Joined::of(&name, &own, said).text(&wanted)).await
    }

    /// A web page can have a browser ask any name that its own server makes point here. Such a request names that
    /// host, and ours never has a name but `localhost`.
    fn is_for_us(&self, request: &Request<Incoming>) -> bool {
        let in_header = request.headers().get(HOST);
        let host = request.uri().host().or_else(|| in_header?.to_str().ok());
        // A tunnel leads browsers to a Unix socket as well. Who asks it otherwise need not name a host.
        if !self.on_loopback && host.is_none() && in_header.is_none() {
            return true;
        }
        host.is_some_and(|host| {
            let address = host.parse().map(|address: SocketAddr| address.ip());
            let address = address.or_else(|_| host.trim_matches(['[', ']']).parse::<IpAddr>());
            match address {
                Ok(address) => address.to_canonical().is_loopback(),
                Err(_) => host.split(':').next().is_some_and(|name| name.eq_ignore_ascii_case("localhost")),
            }
        })
    }
}

/// Whether a browser asks for a page of somebody else's: it says so (Fetch Metadata), or from where the page is.
fn is_of_another_site(request: &Request<Incoming>) -> bool {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    if header("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return true;
    }
    let ours = header("host").map(|host| format!("http://{host}"));
    request.headers().contains_key(ORIGIN) && header("origin") != ours.as_deref()
}
