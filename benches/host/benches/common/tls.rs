//! TLS 1.3 as it is set up against us: one suite, one key exchange, P-256 certificates on both sides, every handshake
//! a full one.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedCipherSuite, client::Resumption, version};
use std::sync::Arc;

/// Both sides' configuration, each with a certificate that the other demands and checks.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) client: Arc<ClientConfig>,
    pub(crate) server: Arc<ServerConfig>,
}

impl Tls {
    pub(crate) fn new(suite: SupportedCipherSuite, exchange: &'static dyn SupportedKxGroup) -> Self {
        let provider = Arc::new(CryptoProvider {
            cipher_suites: vec![suite],
            kx_groups: vec![exchange],
            ..default_provider()
        });
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let authority = CertifiedIssuer::self_signed(params, p256()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).unwrap();
        let roots = Arc::new(roots);

        let (chain, key) = certificate(&authority);
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider));
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&version::TLS13])
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(chain, key)
            .unwrap();
        server.send_tls13_tickets = 0;

        let (chain, key) = certificate(&authority);
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .unwrap();
        client.resumption = Resumption::disabled();
        Self { client: Arc::new(client), server: Arc::new(server) }
    }
}

/// The name in the certificates.
pub(crate) fn name() -> ServerName<'static> {
    ServerName::try_from(NAME).unwrap()
}

fn certificate(
    authority: &CertifiedIssuer<'_, KeyPair>,
) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let key = p256();
    let params = CertificateParams::new([NAME.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    (vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
}

fn p256() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

const NAME: &str = "localhost";
