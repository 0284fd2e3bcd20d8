//! A stream to what is behind, encrypted or not.

use crate::error::SinkError;
use crate::target::Target;
use lowkey_registry::text_file::{Trust, read, shown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;

/// Whom we believe, and who we are, where a URL says that it is encrypted (TLS 1.2 and 1.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// A file of certificates, in PEM, that the other side's is signed by. Without one: those of the operating system.
    pub roots: Option<PathBuf>,
    /// A file of our own certificate, those that sign it, and its private key, in PEM, which only its user can read.
    pub certificate: Option<PathBuf>,
}

/// A stream.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<W: AsyncRead + AsyncWrite + Send + Unpin> Wire for W {}

/// Makes streams to one host.
pub(crate) struct Dialer {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    has_roots: bool,
}

impl Dialer {
    /// # Errors
    /// [`SinkError`].
    pub(crate) fn new(target: &Target, tls: &Tls) -> Result<Self, SinkError> {
        let (host, port) = (target.host.clone(), target.port);
        let secured = target.is_encrypted.then(|| {
            let name = ServerName::try_from(host.clone());
            let name = name.map_err(|_| SinkError::Url("its host is a name or an address".to_owned()))?;
            Ok((TlsConnector::from(Arc::new(config(tls)?)), name))
        });
        Ok(Self { host, port, tls: secured.transpose()?, has_roots: tls.roots.is_some() })
    }

    /// A stream, within a few seconds.
    pub(crate) async fn dial(&self) -> io::Result<Box<dyn Wire>> {
        let late = |_| io::Error::from(io::ErrorKind::TimedOut);
        timeout(CONNECTING, self.dial_in_time()).await.map_err(late)?
    }

    async fn dial_in_time(&self) -> io::Result<Box<dyn Wire>> {
        let stream = TcpStream::connect((&*self.host, self.port)).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some((tls, name)) => {
                let secured = tls.connect(name.clone(), stream).await.map_err(|error| self.hint(error))?;
                Ok(Box::new(secured))
            }
        }
    }

    /// With what mends an error that is often made.
    fn hint(&self, error: io::Error) -> io::Error {
        let text = error.to_string();
        // The second is of one that has the name of ours.
        if !["UnknownIssuer", "BadSignature"].iter().any(|why| text.contains(why)) {
            return error;
        }
        io::Error::new(
            error.kind(),
            match self.has_roots {
                false => format!("{text}; `roots` names the file of certificates that its own is signed by"),
                true => format!("{text}; its certificate is signed by none of `roots`"),
            },
        )
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

fn config(tls: &Tls) -> Result<ClientConfig, SinkError> {
    let mut roots = RootCertStore::empty();
    let found = match &tls.roots {
        Some(path) => certificates(path, read_file(path, Trust::Ours)?.as_bytes())?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let (added, _) = roots.add_parsable_certificates(found);
    if added == 0 {
        return Err(SinkError::File(match &tls.roots {
            Some(path) => format!("{}: it holds no certificate in PEM", shown(path)),
            None => {
                "this machine has no certificates that others' are signed by; name a file of `roots`".into()
            }
        }));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| SinkError::File(error.to_string()))?
        .with_root_certificates(roots);
    let Some(path) = &tls.certificate else { return Ok(config.with_no_client_auth()) };
    let text = read_file(path, Trust::Secret)?;
    let chain = certificates(path, text.as_bytes())?;
    // What it says of a key that is none shows nothing of it.
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes());
    let key = key.map_err(|_| SinkError::File(format!("{}: it holds no private key in PEM", shown(path))))?;
    config
        .with_client_auth_cert(chain, key)
        .map_err(|error| SinkError::File(format!("{}: {error}", shown(path))))
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, SinkError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(SinkError::File(format!("{}: it holds no certificate in PEM", shown(path)))),
    }
}

/// A file that may be believed. What it holds is wiped.
pub(crate) fn read_file(path: &Path, trust: Trust) -> Result<Zeroizing<String>, SinkError> {
    read(path, trust, LONGEST_FILE).map(Zeroizing::new).map_err(|error| SinkError::File(error.to_string()))
}

const CONNECTING: Duration = Duration::from_secs(10);
/// A few certificates, or all that an operating system has.
const LONGEST_FILE: u64 = 4 << 20;
