//! From a stream to the end of a connection: what a connection's task does.

use core::time::Duration;
use std::boxed::Box;
use std::net::{IpAddr, Ipv4Addr};
use std::string::String;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::connection::{Connection, Role};
use crate::identity::Ski;
use crate::net::PATH;
use crate::net::clock::Clock;
use crate::net::drive::{Admission, Driver, LinkId, Reason, Report};
use crate::net::link::{LinkError, Secured, Stream, accept, connect};
use crate::net::tls::Tls;

/// TCP, TLS and upgrade take no longer, waiting for a decision not counted.
const SET_UP_WITHIN: Duration = Duration::from_secs(10);
/// Who is sent away is held for this time: some peers come again without any pause.
const HOLD: Duration = Duration::from_secs(1);

/// What a task needs.
pub(super) struct Attempt {
    pub(super) id: LinkId,
    pub(super) tls: Arc<Tls>,
    pub(super) reports: mpsc::Sender<(LinkId, Report)>,
    pub(super) clock: Clock,
}

impl Attempt {
    /// A peer has opened the stream.
    pub(super) async fn answer<S: Stream>(self, stream: S) -> Reason {
        let secured = timeout(SET_UP_WITHIN, accept(stream, &self.tls)).await;
        self.go_on(secured.unwrap_or(Err(LinkError::Slow)), "").await
    }

    /// We have opened the stream, to `expected` if given. `host` is what the peer is called.
    pub(super) async fn ask<S: Stream>(
        self,
        stream: S,
        expected: Option<Ski>,
        host: &str,
    ) -> Reason {
        let asked = connect(stream, &self.tls, expected, server_name(host));
        let secured = timeout(SET_UP_WITHIN, asked).await;
        self.go_on(secured.unwrap_or(Err(LinkError::Slow)), host).await
    }

    /// We open a stream to the address, and go on as above.
    pub(super) async fn dial(self, address: String, expected: Option<Ski>) -> Reason {
        let set_up = async {
            let stream = TcpStream::connect(&address).await?;
            prepare(&stream)?;
            connect(stream, &self.tls, expected, server_name(&address)).await
        };
        let secured = timeout(SET_UP_WITHIN, set_up).await;
        self.go_on(secured.unwrap_or(Err(LinkError::Slow)), &address).await
    }

    async fn go_on<S: Stream>(self, secured: Result<Secured<S>, LinkError>, host: &str) -> Reason {
        let secured = match secured {
            Ok(secured) => secured,
            Err(error) => return error.into(),
        };
        let role = secured.role();
        let (reply, decided) = oneshot::channel();
        let fingerprint = secured.fingerprint();
        let proven = Report::Proven { ski: secured.ski(), fingerprint, reply };
        if self.reports.send((self.id, proven)).await.is_err() {
            return LinkError::Full.into();
        }
        let Ok(Admission { standing, settings, commands }) = decided.await else {
            if role == Role::Server {
                sleep(HOLD).await;
                let _ = timeout(HOLD, secured.refuse()).await;
            }
            return LinkError::Full.into();
        };
        let socket = match timeout(SET_UP_WITHIN, secured.open(host, PATH)).await {
            Ok(Ok(socket)) => socket,
            Ok(Err(error)) => return error.into(),
            Err(_) => return LinkError::Slow.into(),
        };
        let Self { id, reports, clock, .. } = self;
        let connection = Connection::new(role, standing, settings, clock.now());
        Box::pin(Driver { id, connection, socket, commands, reports, clock }.drive()).await
    }
}

/// Messages are small and must not wait for one another; a peer whose plug was pulled must not
/// stay for ever.
pub(super) fn prepare(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    socket2::SockRef::from(stream).set_keepalive(true)
}

/// The name for TLS: a host name without its port. An IP address is not sent, and what is neither
/// is left out in the same way.
fn server_name(host: &str) -> ServerName<'static> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(name)
        .map_or(ServerName::IpAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED).into()), |n| n.to_owned())
}
