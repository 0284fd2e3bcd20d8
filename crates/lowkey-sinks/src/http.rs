//! HTTP: each message is a POST.

mod pool;
mod token;

use crate::aside::Aside;
use crate::courier::{Courier, Window};
use crate::dial::{Dialer, Tls};
use crate::error::SinkError;
use crate::offered::{Answer, Deliver, Offered, shown};
use crate::standing::{Standing, Tally};
use crate::target::{Cleartext, Schemes, Target};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use hyper::{Request, StatusCode};
use lowkey_host::numbered::{Begun, Later, Rows, RunId, Sink, Unstored};
use pool::{Pool, Turn};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use token::Token;
use tokio::time::timeout;

/// A sink to which each message is a POST, over HTTP/1.1.
///
/// The body is the message, its type `application/octet-stream`. The headers say whose it is: `Lowkey-Device`, the
/// device's name, in which all but letters, digits, `-`, `.`, `_` and `~` is percent-encoded; `Lowkey-Run`, 16 hex
/// digits; `Lowkey-Number`. `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) is
/// `"<name in hex>:<run>:<number>"`: the same whenever the message comes again, over reconnects and crashes, and of no
/// other message. Who stores a message by that key stores it once.
///
/// What is said to it:
///
/// | status | what becomes of the message |
/// | --- | --- |
/// | 2xx | it is acknowledged |
/// | 400, 413, 415, 422 | it is set aside ([`Aside`]), and then acknowledged: the server says that something is wrong with this message |
/// | every other | it is offered again, with pauses of half a second to 30 s between, or as `Retry-After` says, up to 5 minutes |
///
/// So 401, 403, 404 and their like, which a wrong credential or a wrong URL brings about, throw nothing away, nor do
/// redirects, which are not followed, and 409, which says that the same key is being worked on. A server that does not
/// answer in time, or breaks off, is asked again.
///
/// The messages of a device go one after the other, so that they come in order; those of many go side by side, over
/// connections that stay open.
#[derive(Clone)]
pub struct HttpSink(Arc<Courier>);

/// How an [`HttpSink`] does its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// A file with a bearer token, which only its user can read. It is read again when the token is refused.
    pub token: Option<PathBuf>,
    /// Whom we believe where the URL says `https`, and who we are.
    pub tls: Tls,
    /// Whether `http://` may lead to another machine.
    pub cleartext: Cleartext,
    /// How much of one session may be under way.
    pub window: Window,
    /// How many connections there are at most, and so requests at a time.
    pub connections: usize,
    /// How long one request may take.
    pub timeout: Duration,
}

impl Default for HttpSettings {
    /// No credential, 64 connections, 30 s.
    fn default() -> Self {
        Self {
            token: None,
            tls: Tls::default(),
            cleartext: Cleartext::default(),
            window: Window::default(),
            connections: 64,
            timeout: Duration::from_secs(30),
        }
    }
}

impl HttpSink {
    /// One that posts to this URL: `https://HOST/PATH`, or `http://` for loopback.
    ///
    /// # Errors
    /// [`SinkError`]: nothing was begun.
    pub fn new(
        url: &str,
        rows: Arc<dyn Rows>,
        aside: Aside,
        settings: &HttpSettings,
    ) -> Result<Self, SinkError> {
        let (poster, shown) = Poster::new(url, settings)?;
        let (tally, window) = (Arc::new(Tally::new(shown)), settings.window);
        Ok(Self(Arc::new(Courier { to: Box::new(poster), rows, aside, tally, window })))
    }

    /// Whether one can be made of these, for whoever looks a configuration over: nothing is begun.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn check(url: &str, settings: &HttpSettings) -> Result<(), SinkError> {
        Poster::new(url, settings).map(drop)
    }

    /// How it fares.
    pub fn standing(&self) -> Standing {
        self.0.tally.standing()
    }
}

impl Sink for HttpSink {
    fn begin<'a>(&'a self, device: &'a str, run: RunId) -> Later<'a, Result<Begun, Unstored>> {
        Box::pin(self.0.begin(device, run))
    }
}

impl fmt::Debug for HttpSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSink").field("standing", &self.standing()).finish_non_exhaustive()
    }
}

/// Posts.
struct Poster {
    pool: Pool,
    path: String,
    host: HeaderValue,
    token: Option<Token>,
    timeout: Duration,
}

impl Deliver for Poster {
    fn offer<'a>(&'a self, message: &'a Arc<Offered>) -> Later<'a, Answer> {
        Box::pin(async move {
            let turn = self.pool.turn().await;
            match timeout(self.timeout, self.post(&turn, message)).await {
                Ok(Ok((status, headers, said))) => self.judge(status, &headers, said),
                Ok(Err(why)) => Answer::later(why),
                Err(_) => Answer::later(format!("no answer within {} s", self.timeout.as_secs_f32())),
            }
        })
    }
}

impl Poster {
    /// One, and its URL without anything secret.
    fn new(url: &str, settings: &HttpSettings) -> Result<(Self, String), SinkError> {
        let target = Target::parse(url, SCHEMES, settings.cleartext)?;
        let path = match &*target.rest {
            rest if rest.starts_with('/') => rest.to_owned(),
            rest => format!("/{rest}"),
        };
        let host = HeaderValue::try_from(&target.authority);
        let host = host.map_err(|_| SinkError::Url("its host is a name or an address".to_owned()))?;
        // Without its query, in which some put a key.
        let shown = format!("{}/", url.split_at(url.len() - target.rest.len()).0);
        let poster = Self {
            pool: Pool::new(Dialer::new(&target, &settings.tls)?, settings.connections),
            path,
            host,
            token: settings.token.as_deref().map(Token::new).transpose()?,
            timeout: settings.timeout,
        };
        // Said now and not to the first device.
        poster.request(&Offered::sample()).map_err(SinkError::Url)?;
        Ok((poster, shown))
    }

    /// What was answered, with a line of its body.
    async fn post(
        &self,
        turn: &Turn<'_>,
        message: &Offered,
    ) -> Result<(StatusCode, HeaderMap, String), String> {
        let (response, sender) = turn.send(|| self.request(message)).await?;
        let (head, body) = response.into_parts();
        // The status is what counts, also where the rest does not come.
        let read = timeout(REST, read(body)).await;
        let said = read.map_or_else(
            |_| String::new(),
            |(said, is_whole)| {
                if is_whole {
                    turn.keep(sender);
                }
                said
            },
        );
        Ok((head.status, head.headers, said))
    }

    fn request(&self, message: &Offered) -> Result<Request<Full<Bytes>>, String> {
        let mut request = Request::post(&self.path)
            .header(HOST, &self.host)
            .header(USER_AGENT, "lowkey")
            .header(CONTENT_TYPE, "application/octet-stream")
            // Of an empty one hyper says nothing, which servers refuse (411).
            .header(CONTENT_LENGTH, message.bytes.len())
            .header("idempotency-key", format!("\"{}\"", message.key()))
            .header("lowkey-device", &message.whose.plain)
            .header("lowkey-run", message.run())
            .header("lowkey-number", message.number);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token.value());
        }
        let body = Full::new(Bytes::copy_from_slice(&message.bytes));
        request.body(body).map_err(|error| error.to_string())
    }

    fn judge(&self, status: StatusCode, headers: &HeaderMap, said: String) -> Answer {
        let why = match &*said {
            "" => status.to_string(),
            said => format!("{status}: {said}"),
        };
        let hint = match status.as_u16() {
            200..=299 => return Answer::Taken,
            // Of this message: others are as those before it.
            400 | 413 | 415 | 422 => return Answer::Refused { status: status.as_u16(), why: said },
            300..=399 => "; it leads elsewhere, and is not followed: write where as the URL",
            401 | 403 => {
                match &self.token {
                    None => "; it wants to know who asks: `token` or `certificate`",
                    // A new one counts from the next try on.
                    Some(token) => match token.read_again() {
                        Ok(()) => "; it does not take this token",
                        Err(error) => return Answer::later(error),
                    },
                }
            }
            _ => "",
        };
        let after = headers.get(RETRY_AFTER).and_then(wait).unwrap_or_default();
        Answer::Later { why: format!("{why}{hint}"), after }
    }
}

/// A line of a body, and whether there was no more than may be.
async fn read(mut body: Incoming) -> (String, bool) {
    let (mut said, mut len) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return (line(&said), false) };
        let data = frame.data_ref().map_or(&[][..], |data| data);
        said.extend_from_slice(&data[..data.len().min(LONGEST_SAID - said.len())]);
        len += data.len();
        if len > LONGEST_BODY {
            return (line(&said), false);
        }
    }
    (line(&said), true)
}

fn line(said: &[u8]) -> String {
    shown(&String::from_utf8_lossy(said))
}

/// What `Retry-After` says: seconds, or a date.
fn wait(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).ok(),
    }
}

const SCHEMES: Schemes = [("http", 80), ("https", 443)];
/// How long the rest of an answer may take to come, once its status is there.
const REST: Duration = Duration::from_secs(2);
/// Of a body that is longer no more is read, and its connection ends.
const LONGEST_BODY: usize = 64 * 1024;
/// A line is in it, if one is to be had.
const LONGEST_SAID: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9110_10_2_3_retry_after_is_of_seconds_or_a_date() {
        let wait = |text: &str| wait(&HeaderValue::try_from(text).unwrap());
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(wait(" 0 "), Some(Duration::ZERO));
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3_600));
        assert!(wait(&soon).unwrap() > Duration::from_secs(3_500), "{soon}");
        for none in ["", "-1", "soon", "1.5", "Fri, 31 Dec 1999 23:59:59 GMT", "99999999999999999999999"] {
            assert_eq!(wait(none), None, "{none}");
        }
    }
}
