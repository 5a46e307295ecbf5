//! What a connection costs: to set up, to keep open, and a thousand of them at one node.
//!
//!     cargo bench -p conformance --bench connection
//!
//! Everything runs in this process, on one thread and over TCP on the loopback interface: both
//! ends, with TCP, TLS, WebSocket and the SHIP handshake up to the data exchange. The same is done
//! with the crate `eebus`, which does not prove that a peer's SKI is that of its key; there a
//! connection alone is measured, here one of a whole node. Printed are
//!
//! - the CPU time to set up a connection, as a share of theirs, and what part of it TLS takes;
//! - the heap that an open connection takes after a message of 6.7 kB each way, both ends together;
//!   for both, 20 nodes are connected to 20 others, so that connections count and not nodes;
//! - how long a message to each of 1,000 peers of one node takes, with the answers.
//!
//! It takes a minute, and fails where a goal is missed.

use std::error::Error;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use eebus::cert::{self, CertParams};
use eebus::runtime::{ShipConnection, TrustStore};
use eebus::ship::ShipMessage;
use eebus::tls::ShipTls;
use peak_alloc::PeakAlloc;
use rustls::pki_types::ServerName;
use ship::identity::Identity;
use ship::net::{Config, Event, Events, Handle, Limits, Node, Tls, accept, connect, provider};
use ship::{Raw, Role, Ski};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Nodes that listen, and as many that dial: 400 connections are set up and kept open.
const SIDE: usize = 20;
/// Connections of one node that are all used.
const PEERS: usize = 1_000;
/// A detailed discovery has about this size.
const MESSAGE: usize = 6_700;
/// What has not happened by then never will.
const LOST: Duration = Duration::from_secs(60);

/// Share of their CPU time.
const GOAL_CPU: f64 = 0.75;
const GOAL_KILOBYTES: f64 = 28.0;
const GOAL_ROUND_TRIP: Duration = Duration::from_secs(2);

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    // `cargo test --benches` asks whether it can be started.
    if std::env::args().any(|argument| argument == "--test") {
        return ExitCode::SUCCESS;
    }
    match bench() {
        Ok(results) => results.judge(),
        Err(why) => {
            eprintln!("connection: {why}");
            ExitCode::FAILURE
        }
    }
}

fn bench() -> Result<Results, Failure> {
    let ours = alone(ours(SIDE))?;
    let tls = alone(tls(SIDE * SIDE))?;
    let theirs = alone(theirs(SIDE))?;
    let (round_trip, memory) = alone(many(PEERS))?;
    Ok(Results { ours, tls, theirs, round_trip, memory })
}

/// Runs one measurement on this thread, and ends whatever it has left.
fn alone<T>(measurement: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime: Runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measurement)
}

/// What a connection costs.
struct Cost {
    /// CPU time to set it up.
    cpu: Duration,
    /// Heap while it is open, in octets.
    heap: usize,
}

/// With our nodes: every one that listens is dialled by every one that does not.
async fn ours(side: usize) -> Result<Cost, Failure> {
    let mut fleet = Fleet::start(side, side).await?;
    let count = side * side;
    let heap = HEAP.current_usage();
    let before = cpu()?;
    for i in 0..side {
        for j in 0..side {
            fleet.join(i, j).await?;
        }
    }
    let cpu = (cpu()? - before) / count as u32;
    let payload = payload();
    for i in 0..side {
        for j in 0..side {
            let Fleet { servers, clients, .. } = &mut fleet;
            clients[i].node.send(servers[j].ski, payload.clone())?;
            servers[j].hears().await?;
            servers[j].node.send(clients[i].ski, payload.clone())?;
            clients[i].hears().await?;
        }
    }
    settle().await;
    Ok(Cost { cpu, heap: HEAP.current_usage().saturating_sub(heap) / count })
}

/// TLS alone, as our nodes speak it: its CPU time.
async fn tls(count: usize) -> Result<Duration, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let server = Tls::new(&Identity::create("server")?, provider())?;
    let client = Tls::new(&Identity::create("client")?, provider())?;
    let mut open = Vec::with_capacity(count);
    let before = cpu()?;
    for _ in 0..count {
        let (dialled, accepted) = tokio::join!(dial(address), listener.accept());
        let name = ServerName::try_from("server.local")?;
        let (dialled, accepted) = tokio::join!(
            connect(dialled?, &client, Some(server.ski()), name),
            accept(accepted?.0, &server)
        );
        open.push((dialled?, accepted?));
    }
    Ok((cpu()? - before) / count as u32)
}

/// With the crate `eebus`, in the same way.
async fn theirs(side: usize) -> Result<Cost, Failure> {
    let node = |name: String| -> Result<_, Failure> {
        let tls = ShipTls::new(cert::self_signed(CertParams::new(&*name))?);
        Ok(eebus::runtime::Node::new(name, tls, TrustStore::new()))
    };
    let (mut servers, mut clients) = (Vec::new(), Vec::new());
    for i in 0..side {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        servers.push((node(format!("i:32473_u:Server-{i}"))?, listener));
        clients.push(node(format!("i:32473_u:Client-{i}"))?);
    }
    for client in &clients {
        for (server, _) in &servers {
            client.trust_store().trust(server.ski());
            server.trust_store().trust(client.ski());
        }
    }
    let count = side * side;
    let mut open: Vec<(ShipConnection, ShipConnection)> = Vec::with_capacity(count);
    let heap = HEAP.current_usage();
    let before = cpu()?;
    for client in &clients {
        for (server, listener) in &servers {
            let accepted = async { server.accept(listener.accept().await?.0).await };
            let address = listener.local_addr()?;
            let (dialled, accepted) = tokio::join!(client.connect(address), accepted);
            open.push((dialled?, accepted?));
        }
    }
    let cpu = (cpu()? - before) / count as u32;

    let text = format!("\u{2}{{\"data\":[{{\"payload\":{}}}]}}", payload().as_str());
    let message = ShipMessage::decode(text.as_bytes())?;
    for (client, server) in &mut open {
        client.send_ship(&message).await?;
        heard(server).await?;
        server.send_ship(&message).await?;
        heard(client).await?;
    }
    Ok(Cost { cpu, heap: HEAP.current_usage().saturating_sub(heap) / count })
}

/// Reads on until data come; answers what has to be answered.
async fn heard(connection: &mut ShipConnection) -> Result<(), Failure> {
    loop {
        let message = connection.next_message().await?;
        if matches!(message, ShipMessage::Data(_)) {
            return Ok(());
        }
        connection.handle_message(&message)?;
        connection.flush().await?;
    }
}

/// A message to each of so many peers and back: how long it takes, and the heap of a connection.
async fn many(count: usize) -> Result<(Duration, usize), Failure> {
    let mut fleet = Fleet::start(1, count).await?;
    let heap = HEAP.current_usage();
    for i in 0..count {
        fleet.join(i, 0).await?;
    }
    let payload = payload();
    let start = Instant::now();
    let Fleet { servers, clients, .. } = &mut fleet;
    let server = &mut servers[0];
    for client in &*clients {
        server.node.send(client.ski, payload.clone())?;
    }
    for client in clients {
        client.hears().await?;
        client.node.send(server.ski, payload.clone())?;
    }
    for _ in 0..count {
        server.hears().await?;
    }
    let round_trip = start.elapsed();
    settle().await;
    Ok((round_trip, HEAP.current_usage().saturating_sub(heap) / count))
}

/// Nodes that listen, and nodes that dial them.
struct Fleet {
    servers: Vec<Member>,
    clients: Vec<Member>,
}

struct Member {
    node: Handle,
    events: Events,
    ski: Ski,
}

impl Fleet {
    /// All nodes run, trust each other, and are not connected.
    async fn start(servers: usize, clients: usize) -> Result<Self, Failure> {
        let configs = |kind: &str, count: usize, peers: usize| {
            let config = |i| -> Result<Config, Failure> {
                let name = format!("i:32473_u:{kind}-{i}");
                let mut config = Config::new(Identity::create(&name)?, name);
                config.limits = Limits { trusted: peers + 2, ..Limits::default() };
                Ok(config)
            };
            (0..count).map(config).collect::<Result<Vec<_>, _>>()
        };
        let mut listening = configs("Server", servers, clients)?;
        let mut dialling = configs("Client", clients, servers)?;
        for server in &mut listening {
            server.listen = Some((Ipv4Addr::LOCALHOST, 0).into());
            for client in &mut dialling {
                server.trust.trust(client.identity.ski())?;
                client.trust.trust(server.identity.ski())?;
            }
        }
        let mut fleet = Self { servers: Vec::new(), clients: Vec::new() };
        for config in listening {
            fleet.servers.push(Member::start(config).await?);
        }
        for config in dialling {
            fleet.clients.push(Member::start(config).await?);
        }
        Ok(fleet)
    }

    /// Connects client `i` to server `j`.
    async fn join(&mut self, i: usize, j: usize) -> Result<(), Failure> {
        let (client, server) = (&mut self.clients[i], &mut self.servers[j]);
        let stream = dial(server.node.address().ok_or("it does not listen")?).await?;
        if !client.node.attach(stream, Role::Client, Some(server.ski), "server.local").await {
            return Err("the client has stopped".into());
        }
        client.until(|event| matches!(event, Event::Connected { .. })).await?;
        server.until(|event| matches!(event, Event::Connected { .. })).await
    }
}

impl Member {
    async fn start(config: Config) -> Result<Self, Failure> {
        let ski = config.identity.ski();
        let (node, events) = Node::start(config).await?;
        Ok(Self { node, events, ski })
    }

    /// Waits for a message.
    async fn hears(&mut self) -> Result<(), Failure> {
        self.until(|event| matches!(event, Event::Data { .. })).await
    }

    /// Hears events until one of them is it.
    async fn until(&mut self, is_it: impl Fn(&Event) -> bool) -> Result<(), Failure> {
        loop {
            let event = timeout(LOST, self.events.next()).await?.ok_or("the node has stopped")?;
            if is_it(&event) {
                return Ok(());
            }
            if let Event::Disconnected { reason, .. } = event {
                return Err(reason.into());
            }
        }
    }
}

async fn dial(address: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Lets every task do what it still has to do.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

fn payload() -> Raw {
    let text = format!("{{\"datagram\":\"{}\"}}", "x".repeat(MESSAGE - 16));
    Raw::new(&text).expect("JSON")
}

/// How long this thread has run.
fn cpu() -> Result<Duration, Failure> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split_whitespace().next().ok_or("no time of the thread")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}

struct Results {
    ours: Cost,
    tls: Duration,
    theirs: Cost,
    round_trip: Duration,
    /// Heap of a connection when there are 1,000.
    memory: usize,
}

impl Results {
    fn judge(&self) -> ExitCode {
        let share = self.ours.cpu.as_secs_f64() / self.theirs.cpu.as_secs_f64();
        let kilobytes = kilobytes(self.ours.heap);
        println!("connection.cpu_us: {}", self.ours.cpu.as_micros());
        println!("connection.cpu.vs_eebus: {share:.2}");
        println!(
            "connection.tls_share: {:.2}",
            self.tls.as_secs_f64() / self.ours.cpu.as_secs_f64()
        );
        println!("connection.memory_kb: {kilobytes:.1}");
        println!(
            "connection.memory.vs_eebus: {:.2}",
            self.ours.heap as f64 / self.theirs.heap as f64
        );
        println!("connection.peers1000.round_trip_ms: {}", self.round_trip.as_millis());
        println!("connection.peers1000.memory_kb: {:.1}", self::kilobytes(self.memory));

        let goals = [
            (share <= GOAL_CPU, "a connection must take at most 0.75 of the CPU time of `eebus`"),
            (kilobytes <= GOAL_KILOBYTES, "an open connection must take at most 28 kB"),
            (self.round_trip <= GOAL_ROUND_TRIP, "1,000 peers must have answered within 2 s"),
        ];
        let missed = goals.iter().filter(|(is_met, _)| !is_met);
        missed.clone().for_each(|(_, goal)| eprintln!("connection: {goal}"));
        if missed.count() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn kilobytes(octets: usize) -> f64 {
    octets as f64 / 1e3
}
