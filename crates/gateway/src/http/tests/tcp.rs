//! The API over TCP: TLS, tokens, and what strangers may do.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::*;
use crate::config::{Http, HttpAddress, Scheme};

struct Tcp {
    address: String,
    folder: tempfile::TempDir,
    fake: Fake,
    stop: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<()>,
}

impl Tcp {
    fn start(scheme: Scheme, change: impl FnOnce(&mut Http)) -> Tcp {
        let folder = tempfile::tempdir().unwrap();
        let loopback = "127.0.0.1:0".parse().unwrap();
        let mut http = Http {
            listen: vec![HttpAddress { scheme: Some(scheme), address: loopback }],
            certificate: None,
            key: None,
            plain: false,
            max_connections: 16,
            max_per_source: 8,
            rate: 50,
        };
        change(&mut http);
        let socket = ApiSocket::bind(&folder.path().join("s")).unwrap();
        let names = || vec!["localhost".to_owned()];
        let doors = Doors::from(socket).with_tcp(&http, folder.path(), names).unwrap();
        let url = doors.shown().addresses.remove(0);
        let address = url.split("//").nth(1).unwrap().to_owned();
        let fake = Fake::new();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        let served = tokio::spawn(serve(doors, fake.clone(), stopped, Duration::from_secs(1)));
        Tcp { address, folder, fake, stop: Some(stop), served }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.unwrap()
    }

    async fn ask(&self, head: &str) -> String {
        ask(self.connect().await, head).await
    }
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, head: &str) -> String {
    let request = format!("{head}\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

const LIST: &str = "GET /api/v1/devices HTTP/1.1";
const LIST_WITH_TOKEN: &str = "GET /api/v1/devices HTTP/1.1\r\nauthorization: Bearer hmt_good";

#[tokio::test]
async fn without_a_token_nothing_is_told_but_that_it_lives() {
    let tcp = Tcp::start(Scheme::Http, |_| {});
    for head in [
        LIST,
        "GET /nonsense HTTP/1.1",
        "GET /api/v1/devices HTTP/1.1\r\nauthorization: Basic aG10X2dvb2Q6",
        "GET /api/v1/devices HTTP/1.1\r\nauthorization: hmt_good",
    ] {
        let answer = tcp.ask(head).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
        assert!(answer.contains("www-authenticate: Bearer realm=\"homing\""), "{answer}");
        assert!(answer.contains("\"code\":\"not-logged-in\""), "{answer}");
    }
    let wrong = "GET /api/v1/devices HTTP/1.1\r\nauthorization: Bearer hmt_bad";
    assert!(tcp.ask(wrong).await.contains("\"code\":\"unknown-token\""));
    assert!(tcp.fake.asked.lock().unwrap().is_empty());
    for path in ["/healthz", "/readyz"] {
        let answer = tcp.ask(&format!("GET {path} HTTP/1.1")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[tokio::test]
async fn the_owner_of_the_token_is_who_asks() {
    let tcp = Tcp::start(Scheme::Http, |_| {});
    assert!(tcp.ask(LIST_WITH_TOKEN).await.starts_with("HTTP/1.1 200"));
    let forget = "DELETE /api/v1/devices/mx1 HTTP/1.1\r\nauthorization: bearer hmt_good";
    assert!(tcp.ask(forget).await.starts_with("HTTP/1.1 204"));
    assert!(tcp.fake.asked.lock().unwrap().contains(&"forget mx1 by ops".to_owned()));
}

#[tokio::test]
async fn tls_is_spoken_with_the_certificate_in_the_data_folder() {
    let tcp = Tcp::start(Scheme::Https, |_| {});
    let pem = std::fs::read(tcp.folder.path().join("http.crt")).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let settings = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(settings));
    let name = ServerName::try_from("localhost").unwrap();
    let stream = connector.connect(name, tcp.connect().await).await.unwrap();
    assert!(ask(stream, LIST_WITH_TOKEN).await.starts_with("HTTP/1.1 200"));
    // What is no TLS ends without an answer of HTTP.
    let mut answer = Vec::new();
    let mut plain = tcp.connect().await;
    plain.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let tcp = Tcp::start(Scheme::Http, |http| http.rate = 1);
    for _ in 0..10 {
        assert!(tcp.ask(LIST).await.starts_with("HTTP/1.1 401"));
    }
    let answer = tcp.ask(LIST).await;
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
    assert!(answer.contains("\"code\":\"too-many-requests\""), "{answer}");
    // A token has a rate of its own, and another does not wear it out.
    for _ in 0..10 {
        assert!(tcp.ask(LIST_WITH_TOKEN).await.starts_with("HTTP/1.1 200"));
    }
    assert!(tcp.ask(LIST_WITH_TOKEN).await.starts_with("HTTP/1.1 429"));
}

#[tokio::test]
async fn a_source_gets_no_more_connections_than_its_share() {
    let tcp = Tcp::start(Scheme::Http, |http| http.max_per_source = 2);
    let (first, _second) = (tcp.connect().await, tcp.connect().await);
    let mut third = tcp.connect().await;
    let mut nothing = Vec::new();
    assert_eq!(third.read_to_end(&mut nothing).await.unwrap_or(0), 0);
    drop(first);
    let answered = async {
        loop {
            let mut stream = tcp.connect().await;
            let request = format!("{LIST_WITH_TOKEN}\r\nhost: x\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(request.as_bytes()).await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            if answer.starts_with(b"HTTP/1.1 200") {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), answered).await.unwrap();
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let tcp = Tcp::start(Scheme::Http, |_| {});
    let answer = tcp.ask(&format!("GET / HTTP/1.1\r\nx: {}", "x".repeat(40_000))).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn stopping_ends_connections_that_wait_and_handshakes_that_do_not_come() {
    for scheme in [Scheme::Http, Scheme::Https] {
        let mut tcp = Tcp::start(scheme, |_| {});
        let mut idle = tcp.connect().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        tcp.stop.take().unwrap().send(()).unwrap();
        let mut nothing = Vec::new();
        let read = idle.read_to_end(&mut nothing);
        let _ = tokio::time::timeout(Duration::from_millis(900), read).await.unwrap();
        tokio::time::timeout(Duration::from_secs(3), tcp.served).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_with_its_setting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let scheme = Some(Scheme::Http);
    let http = Http {
        listen: vec![HttpAddress { scheme, address: taken.local_addr().unwrap() }],
        certificate: None,
        key: None,
        plain: false,
        max_connections: 1,
        max_per_source: 1,
        rate: 1,
    };
    let socket = ApiSocket::bind(&folder.path().join("s")).unwrap();
    let error = Doors::from(socket).with_tcp(&http, folder.path(), Vec::new).unwrap_err();
    assert_eq!(error.code(), "cannot-listen");
    assert!(error.to_string().contains("choose another with `http.listen`"), "{error}");
    assert!(!folder.path().join("s").exists());
}
