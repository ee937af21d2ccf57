//! Certificates of every kind that is refused, and the two that are not.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::*;
use crate::net::{Answer, Endpoint, TlsFault, TlsOptions};

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// The file by which it is trusted; it lives as long as this.
    file: std::path::PathBuf,
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

fn authority(name: &str) -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    let file = std::env::temp_dir().join(format!("conformance-{}-{name}.pem", std::process::id()));
    std::fs::write(&file, certificate.pem()).unwrap();
    Authority { issuer: Issuer::new(params, key), file }
}

fn for_localhost() -> CertificateParams {
    CertificateParams::new(vec!["localhost".to_owned()]).unwrap()
}

/// Serves HTTPS with a certificate of `params`, signed by `authority` or else by itself; answers what a client
/// with these options gets.
async fn ask(
    params: CertificateParams,
    authority: Option<&Authority>,
    options: TlsOptions,
) -> Result<Answer, HttpError> {
    let key = KeyPair::generate().unwrap();
    let certificate = match authority {
        Some(authority) => params.signed_by(&key, &authority.issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let plain = fake::serve(move |_, stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                read_request(&mut stream).await;
                say(&mut stream, &http("200 OK", "text/plain", "over TLS")).await;
                let _ = stream.shutdown().await;
            }
        }
    })
    .await;
    let url = format!("https://localhost:{}", plain.base().port().unwrap());
    get(&Endpoint::new(Url::parse(&url).unwrap(), options).unwrap()).await
}

fn fault(result: Result<Answer, HttpError>) -> TlsFault {
    match result.unwrap_err() {
        HttpError::Dial(DialError::Tls { fault, .. }) => fault,
        other => panic!("{other}"),
    }
}

fn trusting(authority: &Authority) -> TlsOptions {
    TlsOptions { ca_file: Some(authority.file.clone()), ..TlsOptions::default() }
}

#[tokio::test]
async fn a_named_authority_is_trusted() {
    let authority = authority("named");
    let answer = ask(for_localhost(), Some(&authority), trusting(&authority)).await.unwrap();
    assert_eq!(answer.text(), "over TLS");
}

#[tokio::test]
async fn any_certificate_will_do_when_told_so() {
    let options = TlsOptions { insecure: true, ..TlsOptions::default() };
    assert_eq!(ask(for_localhost(), None, options).await.unwrap().text(), "over TLS");
}

#[tokio::test]
async fn a_certificate_from_nobody_we_know_is_refused() {
    assert_eq!(fault(ask(for_localhost(), None, TlsOptions::default()).await), TlsFault::UnknownIssuer);
}

#[tokio::test]
async fn a_server_that_shows_an_authoritys_own_certificate_is_refused_as_self_signed() {
    let mut params = for_localhost();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    assert_eq!(fault(ask(params, None, TlsOptions::default()).await), TlsFault::SelfSigned);
}

#[tokio::test]
async fn a_certificate_for_another_host_says_whose_it_is() {
    let authority = authority("another-host");
    let params = CertificateParams::new(vec!["example.com".to_owned()]).unwrap();
    let TlsFault::WrongHost { names } = fault(ask(params, Some(&authority), trusting(&authority)).await) else {
        panic!("not a wrong host");
    };
    assert!(names.contains("example.com"), "{names}");
}

#[tokio::test]
async fn an_expired_certificate_is_told_apart() {
    let authority = authority("expired");
    let mut params = for_localhost();
    params.not_after = date_time_ymd(2020, 1, 1);
    assert_eq!(fault(ask(params, Some(&authority), trusting(&authority)).await), TlsFault::Expired);
}

#[tokio::test]
async fn a_plain_http_port_is_told_apart() {
    for (said, expected) in
        [(http("400 Bad Request", "text/plain", "plain"), TlsFault::NotTls), (String::new(), TlsFault::HungUp)]
    {
        let plain = fake::serve(move |_, mut stream| {
            let said = said.clone();
            async move {
                // Read first, so that the connection is closed and not reset.
                let _ = stream.read(&mut [0; 4096]).await;
                say(&mut stream, &said).await;
            }
        })
        .await;
        let url = format!("https://127.0.0.1:{}", plain.base().port().unwrap());
        let endpoint = Endpoint::new(Url::parse(&url).unwrap(), TlsOptions::default()).unwrap();
        assert_eq!(fault(get(&endpoint).await), expected);
    }
}
