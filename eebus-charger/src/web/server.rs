//! Sockets, TLS and HTTP: everything in between is bounded in size and time.

use core::convert::Infallible;
use core::pin::pin;
use core::time::Duration;
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use std::{io, thread};

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::Request;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, info, warn};

use super::certificate::{self, Names};
use super::checks::{self, Here};
use super::doorman::{Doorman, Limits, Visit};
use super::stall::Stall;
use super::{Error, Options, assets};
use crate::api::Problem;
use crate::ending::Ending;

/// How long TLS may take to be set up.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the head of a request may take, and how long a connection may wait for the next one.
const HEAD: Duration = Duration::from_secs(15);
/// How long an answer may wait to be taken.
const TAKEN: Duration = Duration::from_secs(15);
/// The largest head of a request (CH-674).
const HEAD_SIZE: usize = 16 * 1024;
/// What the system keeps of an answer that is not taken yet.
const SEND_BUFFER: usize = 64 * 1024;
/// How long an answer may take to end when the program does.
const PARTING: Duration = Duration::from_secs(2);
/// How long to wait for what the system is short of.
const SHORTAGE: Duration = Duration::from_millis(50);
/// How often names, addresses and the time are compared with the certificate.
const RENEWAL: Duration = Duration::from_secs(60);

/// A server that has its sockets and its certificate and serves nobody yet.
#[derive(Debug)]
pub struct Bound {
    https: (StdListener, SocketAddr),
    http: Option<(StdListener, SocketAddr)>,
    limits: Limits,
    face: Arc<Face>,
    state_dir: PathBuf,
}

/// Takes the sockets, and the certificate from the state directory.
///
/// # Errors
///
/// If the system refuses.
pub fn bind(options: Options, state_dir: &Path) -> Result<Bound, Error> {
    let https = listen(options.https)?;
    let http = options.http.map(listen).transpose()?;
    let names = Names::of(options.https.ip());
    let (key, _) =
        certificate::current(state_dir, &names, SystemTime::now()).map_err(Error::Certificate)?;
    let face = Arc::new(Face(ArcSwap::from_pointee(Shown { key, names })));
    Ok(Bound { https, http, limits: options.limits, face, state_dir: state_dir.to_owned() })
}

fn listen(address: SocketAddr) -> Result<(StdListener, SocketAddr), Error> {
    let listen = || {
        let listener = StdListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    listen().map_err(|error| Error::Listen(address, error))
}

impl Bound {
    /// Where HTTPS listens.
    pub fn https(&self) -> SocketAddr {
        self.https.1
    }

    /// Where plain HTTP listens, if anywhere.
    pub fn http(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(|(_, address)| *address)
    }

    /// Serves the page and this API in a thread of its own until the program ends. The future
    /// resolves when the thread has ended.
    ///
    /// # Errors
    ///
    /// If the system has no thread to give.
    pub fn spawn(
        self,
        api: Router,
        until: Ending,
    ) -> Result<impl Future<Output = io::Result<()>> + Send + 'static, Error> {
        let (done, ended) = oneshot::channel();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            // Nobody hears it only if the program is ending.
            let _ = done.send(runtime.and_then(|runtime| runtime.block_on(self.serve(api, until))));
        };
        thread::Builder::new().name("web".into()).spawn(run).map_err(Error::Thread)?;
        Ok(async { ended.await.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into())) })
    }

    async fn serve(self, api: Router, until: Ending) -> io::Result<()> {
        let (https, address) = self.https;
        let https = TcpListener::from_std(https)?;
        let http = self.http.map(|(http, _)| TcpListener::from_std(http)).transpose()?;
        let secure = Server {
            doorman: Doorman::new(self.limits),
            face: Arc::clone(&self.face),
            tls: Some(TlsAcceptor::from(Arc::new(config(Arc::clone(&self.face))))),
            router: assets::router().merge(api).layer(middleware::from_fn(checks::checked)),
            until,
        };
        let leading = Router::new()
            .fallback(async move |request: Request| lead(&request, address.port()))
            .layer(middleware::from_fn(checks::checked));
        let plain = Server { tls: None, router: leading, ..secure.clone() };
        tokio::select! {
            () = secure.run(https) => {}
            () = async {
                match http {
                    Some(http) => plain.run(http).await,
                    None => core::future::pending().await,
                }
            } => {}
            never = renew(self.face, self.state_dir, address.ip()) => match never {},
        }
        Ok(())
    }
}

/// The way from plain HTTP to the application (CH-061).
fn lead(request: &Request, port: u16) -> Response {
    let host = match checks::authority(request) {
        Ok(authority) => authority.host().to_owned(),
        Err(problem) => return problem.into_response(),
    };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let port = if port == 443 { String::new() } else { format!(":{port}") };
    match HeaderValue::try_from(format!("https://{host}{port}{path}")) {
        Ok(location) => (StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response(),
        Err(_) => Problem::UNREADABLE.into_response(),
    }
}

/// Keeps the certificate good, without a restart (CH-671).
async fn renew(face: Arc<Face>, state_dir: PathBuf, listen: IpAddr) -> Infallible {
    let mut renewal = interval(RENEWAL);
    loop {
        renewal.tick().await;
        let names = Names::of(listen);
        match certificate::current(&state_dir, &names, SystemTime::now()) {
            Ok((key, true)) => {
                info!("the web has a new certificate");
                face.0.store(Arc::new(Shown { key, names }));
            }
            Ok((_, false)) => {}
            Err(error) => warn!("the web keeps its old certificate: {error}"),
        }
    }
}

/// Who the server says it is.
struct Face(ArcSwap<Shown>);

struct Shown {
    key: Arc<CertifiedKey>,
    names: Names,
}

impl std::fmt::Debug for Face {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Face").field(&self.0.load().names).finish()
    }
}

impl ResolvesServerCert for Face {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.load().key))
    }
}

fn config(face: Arc<Face>) -> ServerConfig {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_cert_resolver(face);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// One listening socket and what is behind it.
#[derive(Clone)]
struct Server {
    doorman: Doorman,
    face: Arc<Face>,
    /// None is plain HTTP.
    tls: Option<TlsAcceptor>,
    router: Router,
    until: Ending,
}

impl Server {
    async fn run(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        let mut ending = pin!(self.until.clone().begun());
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
                () = &mut ending => break,
            };
            match accepted {
                Ok((stream, from)) => {
                    // Who is not let in finds the door closed at once, which costs least.
                    if let Some(visit) = self.doorman.admit(from.ip()) {
                        connections.spawn(self.clone().connection(stream, visit));
                    }
                }
                Err(error) => {
                    // The system is short of something: it may have more in a moment.
                    debug!("no connection to the web: {error}");
                    sleep(SHORTAGE).await;
                }
            }
        }
        drop(listener);
        let ended = async { while connections.join_next().await.is_some() {} };
        // What is not done by then is cut off.
        let _ = timeout(PARTING, ended).await;
    }

    /// One connection from beginning to end. What goes wrong is the client's affair.
    async fn connection(self, stream: TcpStream, _visit: Visit) {
        let Ok(address) = stream.local_addr() else { return };
        let here = Here { address: address.ip(), names: self.face.0.load().names.hosts.clone() };
        // Without them the connection works as well.
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER);
        let stream = Stall::new(stream, TAKEN);
        match &self.tls {
            Some(tls) => match timeout(HANDSHAKE, tls.accept(stream)).await {
                Ok(Ok(stream)) => self.http(stream, here).await,
                Ok(Err(error)) => debug!("no TLS: {error}"),
                Err(_) => debug!("no TLS in time"),
            },
            None => self.http(stream, here).await,
        }
    }

    async fn http(self, stream: impl AsyncRead + AsyncWrite + Unpin, here: Here) {
        let here = Arc::new(here);
        let router = TowerToHyperService::new(self.router);
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(Arc::clone(&here));
            router.call(request)
        });
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .max_header_size(HEAD_SIZE)
                .max_buf_size(2 * HEAD_SIZE)
                .serve_connection(TokioIo::new(stream), service)
        );
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = self.until.begun() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!("the connection ended: {error}");
        }
    }
}
