//! From a stream to the end of a connection: what a connection's task does.

use core::time::Duration;
use std::boxed::Box;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::connection::{Connection, Role};
use crate::discovery::PATH;
use crate::identity::Ski;
use crate::net::capture::Capture;
use crate::net::clock::Clock;
use crate::net::drive::{Admission, Driver, LinkId, Reason, Report};
use crate::net::link::{LinkError, Secured, Stream, accept, connect};
use crate::net::node::dial::Course;
use crate::net::tls::Tls;

/// TCP, TLS and upgrade take no longer, waiting for a decision not counted.
const SET_UP_WITHIN: Duration = Duration::from_secs(10);
/// An address that does not answer takes no longer if there is another one.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// Of a name, so many addresses are tried.
const MOST_ADDRESSES: usize = 8;
/// Who is sent away is held for this time: some peers come again without any pause.
const HOLD: Duration = Duration::from_secs(1);

/// What a task needs.
pub(super) struct Attempt {
    pub(super) id: LinkId,
    pub(super) tls: Arc<Tls>,
    pub(super) reports: mpsc::Sender<(LinkId, Report)>,
    pub(super) clock: Clock,
    pub(super) capture: Option<Capture>,
}

impl Attempt {
    /// A peer has opened the stream.
    pub(super) async fn answer<S: Stream>(self, stream: S) -> Reason {
        let secured = timeout(SET_UP_WITHIN, accept(stream, &self.tls)).await;
        self.go_on(secured.unwrap_or(Err(LinkError::Slow)), "", PATH).await
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
        self.go_on(secured.unwrap_or(Err(LinkError::Slow)), host, PATH).await
    }

    /// We open a stream, and go on as above.
    pub(super) async fn dial(self, course: Course) -> Reason {
        let Course { address, path, expected } = course;
        let host = unscoped(&address);
        let set_up = async {
            let stream = open(&address).await?;
            prepare(&stream)?;
            connect(stream, &self.tls, expected, server_name(&host)).await
        };
        let secured = timeout(SET_UP_WITHIN, set_up).await;
        self.go_on(secured.unwrap_or(Err(LinkError::Slow)), &host, &path).await
    }

    async fn go_on<S: Stream>(
        self,
        secured: Result<Secured<S>, LinkError>,
        host: &str,
        path: &str,
    ) -> Reason {
        let secured = match secured {
            Ok(secured) => secured,
            Err(error) => return error.into(),
        };
        let (role, peer) = (secured.role(), secured.ski());
        tracing::Span::current().record("ski", tracing::field::display(peer));
        let (reply, decided) = oneshot::channel();
        let fingerprint = secured.fingerprint();
        let proven = Report::Proven { ski: peer, fingerprint, reply };
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
        let socket = match timeout(SET_UP_WITHIN, secured.open(host, path)).await {
            Ok(Ok(socket)) => socket,
            Ok(Err(error)) => return error.into(),
            Err(_) => return LinkError::Slow.into(),
        };
        let Self { id, reports, clock, capture, .. } = self;
        let connection = Connection::new(role, standing, settings, clock.now());
        let driver = Driver { id, connection, socket, commands, reports, clock, peer, capture };
        Box::pin(driver.drive()).await
    }
}

/// A connection to the first address that answers. The system knows interfaces by name, but not in
/// brackets.
async fn open(address: &str) -> io::Result<TcpStream> {
    let scoped = address.strip_prefix('[').and_then(|rest| rest.split_once("]:"));
    let addresses: Vec<_> = match scoped.filter(|(ip, _)| ip.contains('%')) {
        Some((ip, port)) => {
            let port = port.parse().map_err(io::Error::other)?;
            lookup_host((ip, port)).await?.take(MOST_ADDRESSES).collect()
        }
        None => lookup_host(address).await?.take(MOST_ADDRESSES).collect(),
    };
    open_any(&addresses).await
}

async fn open_any(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let Some((last, others)) = addresses.split_last() else {
        return Err(io::Error::new(io::ErrorKind::NotFound, "name without an address"));
    };
    for address in others {
        if let Ok(Ok(stream)) = timeout(CONNECT_WITHIN, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    TcpStream::connect(last).await
}

/// The address as the peer may see it: our name for the interface is nothing to it (RFC 6874).
fn unscoped(address: &str) -> String {
    match (address.split_once('%'), address.rsplit_once(']')) {
        (Some((ip, _)), Some((_, port))) => std::format!("{ip}]{port}"),
        _ => address.into(),
    }
}

/// Messages are small and must not wait for one another; a peer whose plug was pulled must not
/// stay for ever.
pub(super) fn prepare(stream: &TcpStream) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    #[tokio::test]
    async fn an_address_that_does_not_answer_does_not_hide_the_next_one() {
        let local = "127.0.0.1:0".parse().expect("an address");
        // Whoever does not fit into its queue hears nothing.
        let deaf = TcpSocket::new_v4().expect("a socket");
        deaf.bind(local).expect("a port");
        let deaf = deaf.listen(0).expect("it listens");
        let silent = deaf.local_addr().expect("an address");
        let mut queue = Vec::new();
        let short = Duration::from_millis(300);
        while let Ok(Ok(stream)) = timeout(short, TcpStream::connect(silent)).await {
            queue.push(stream);
        }
        let there = TcpListener::bind(local).await.expect("a port");
        let there = there.local_addr().expect("an address");
        let opened = timeout(SET_UP_WITHIN, open_any(&[silent, there])).await;
        let stream = opened.expect("in time").expect("a connection");
        assert_eq!(stream.peer_addr().expect("an address"), there);
    }

    #[test]
    fn the_interface_stays_with_us() {
        for (address, host) in [
            ("[fe80::7%eth0]:4712", "[fe80::7]:4712"),
            ("[fe80::7%3]:4712", "[fe80::7]:4712"),
            ("[2001:db8::7]:4712", "[2001:db8::7]:4712"),
            ("192.0.2.7:4712", "192.0.2.7:4712"),
            ("evse:4712", "evse:4712"),
        ] {
            assert_eq!(unscoped(address), host);
        }
    }
}
