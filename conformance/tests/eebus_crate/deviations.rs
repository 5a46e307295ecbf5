//! What the crate does otherwise than the standard says, message by message.
//!
//! The test tool of this package stands in front of their devices, so that no code of ours comes
//! between the message and the reader. Our devices live with all of it, as the stories show. A
//! test that fails after an update of the crate may mean that the deviation is gone.

use std::any::Any;
use std::net::SocketAddr;
use std::time::Duration;

use conformance::tester::identity::{Identity, Ski};
use conformance::tester::link::{Link, Transcript, straight};
use conformance::tester::ship::{ANNOUNCE_MAX, HELLO_READY, Ship};
use conformance::tester::spine::{Outgoing, Relation, Spine, at, node_management};
use conformance::tester::tool::{CEM, Tool, cem};
use eebus::runtime::{Hub, Node};
use eebus::spine::Engine;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::their_car::car;
use crate::their_guard::guard;
use crate::theirs::{self, Actor, Device};

const SECONDS: fn(u64) -> Duration = Duration::from_secs;
/// Their car.
const EV: &[u64] = &[1, 1];
/// Its feature with the limits.
const LOAD_CONTROL: u64 = 1;
const LIMITS: &str = "loadControlLimitListData";

/// SHIP 1.1.0 §13.4.3: the server answers the client's connection mode with its own. With the Go
/// stack of 2024 as client one connection of two fails over that.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_does_not_wait_for_the_clients_connection_mode() {
    let front = Front::of(car()).await;
    let mut ship = front.dial().await;
    ship.expect_init().await.expect("00 00, although the client has said nothing");
    assert_eq!(front.heard(), ["00 00"]);
}

/// SHIP 1.1.0 §12.2: the identifier of a peer is that of the key which it has proven to have. It
/// believes what the certificate says about itself, so that a stranger who names a trusted peer,
/// whose identifier anybody can read in its announcement, is trusted.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_claims_a_trusted_key_is_trusted() {
    let mut front = Front::of(car()).await;
    front.identity = Identity::fresh();
    let mut stranger = front.dial().await.up_to_hello().await.expect("no objection");
    stranger.expect_hello("pending").await.expect("an honest stranger waits");

    front.identity = Identity::forged(front.trusted);
    let mut ship = front.dial().await.up_to_hello().await.expect("no objection");
    ship.expect_hello("ready").await.expect("trust");
}

/// SHIP 1.1.0 §13.4.4.2: an unexpected message ends the handshake with error 2.
#[tokio::test(flavor = "multi_thread")]
async fn a_hello_in_place_of_the_version_is_ignored() {
    let front = Front::of(car()).await;
    let mut ship = front.dial().await.up_to_protocol().await.expect("a hello");
    ship.send(HELLO_READY).await;
    ship.send(ANNOUNCE_MAX).await;
    ship.expect_protocol("select").await.expect("the handshake goes on");
}

/// SHIP 1.1.0 §13.4.4.2 wants it so. But the Go stack accepts nothing but 1.0, and openeebus
/// aborts.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_announces_ship_1_1() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let (identity, transcript) = (Identity::fresh(), Transcript::default());
    let (engine, actor) = guard();
    let mut hub = Hub::new(node(&identity), engine);
    hub.dial(listener.local_addr().expect("it listens"));
    let _guard = Device::start(hub, actor);
    let (stream, _) = timeout(SECONDS(5), listener.accept()).await.expect("in time").expect("one");
    let link = Link::accept(Box::new(stream), &identity, straight(), transcript.clone()).await;
    let ship = Ship::new(link.unwrap_or_else(|why| panic!("{why}")));
    let mut ship = ship.up_to_protocol().await.expect("a hello");
    ship.expect_protocol("announceMax").await.expect("a version");
    let last = r#"01 {"messageProtocolHandshake":[{"handshakeType":"announceMax"},{"version":[{"major":1},{"minor":1}]},{"formats":[{"format":["JSON-UTF8"]}]}]}"#;
    assert_eq!(heard(&transcript).last().map(String::as_str), Some(last));
}

/// SHIP 1.1.0 §11.4: an element that does not occur is left out. The Go stack of 2024 cannot read
/// the message then, and never learns what the device is.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_without_entries_is_sent() {
    let front = Front::of(guard()).await;
    let mut spine = front.meet().await;
    spine.read_node("nodeManagementDetailedDiscoveryData").await.expect("a reply");
    let empty = r#"{"featureType":"Generic"},{"role":"client"},{"supportedFunction":[]}"#;
    assert!(front.heard().iter().any(|message| message.contains(empty)), "{:?}", front.heard());
}

/// SPINE 1.3.0 5.3.4.1: `function` is there if and only if there is a filter.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_named_without_a_filter() {
    let front = Front::of(car()).await;
    let mut spine = front.meet().await;
    spine.read_node("nodeManagementUseCaseData").await.expect("a reply");
    let named =
        r#"{"cmd":[[{"function":"nodeManagementUseCaseData"},{"nodeManagementUseCaseData":[{"#;
    assert!(front.heard().iter().any(|message| message.contains(named)), "{:?}", front.heard());
}

/// SPINE 1.3.0 5.2.3.1: a message whose `msgCounter` is not greater than the last one is processed
/// like any other; who has restarted counts from the beginning.
#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_was_there_before_is_not_answered() {
    let front = Front::of(car()).await;
    let mut spine = front.meet().await;
    for counter in [100, 100, 200] {
        spine.count_from(counter);
        let server = at(EV, LOAD_CONTROL);
        assert_eq!(spine.ask(at(CEM, cem::LOAD_CONTROL), server, LIMITS).await, counter);
    }
    // Answers come in order: what is not there by now does not come.
    spine.expect_reply(200, LIMITS).await.expect("a reply");
    let answers: Vec<_> = spine.log().iter().filter_map(|datagram| datagram.reference).collect();
    assert_eq!(answers.iter().filter(|answer| **answer == 100).count(), 1, "{answers:?}");
}

/// TC_SPINE_FC_001: relations are asked for at `[0]`/0, and nowhere else.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_carried_out_wherever_it_is_sent_to() {
    let front = Front::of(car()).await;
    let mut spine = front.meet().await;
    let (client, server) = (at(CEM, cem::LOAD_CONTROL), at(EV, LOAD_CONTROL));
    let cmd = spine.relation_cmd(Relation::Subscription, &client, &server, Some("LoadControl"));
    let call = Outgoing {
        source: node_management(),
        destination: server,
        classifier: "call",
        reference: None,
        ack: Some(true),
        cmd,
    };
    let call = spine.send(call).await;
    assert_eq!(spine.expect_result(call).await, Ok(0));
}

/// SPINE 1.3.0 5.2.5 has 6 for a function that is not known; 1 tells nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_function_is_a_general_error() {
    let front = Front::of(car()).await;
    let mut spine = front.meet().await;
    let server = at(EV, LOAD_CONTROL);
    let read = spine.ask(at(CEM, cem::LOAD_CONTROL), server, "noSuchListData").await;
    assert_eq!(spine.expect_result(read).await, Ok(1));
}

/// An empty name breaks SPINE 1.3.0 5.3.4.1, but the Go stack of 2024 reads with selectors so, and
/// never limits a car that refuses. The data element says what is meant.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_function_beside_a_filter_is_refused() {
    let front = Front::of(car()).await;
    let mut spine = front.meet().await;
    let read = Outgoing {
        source: at(CEM, cem::LOAD_CONTROL),
        destination: at(EV, LOAD_CONTROL),
        classifier: "read",
        reference: None,
        ack: None,
        cmd: r#"{"function":""},{"filter":[[{"cmdControl":[{"partial":[]}]},{"loadControlLimitListDataSelectors":[{"limitId":1}]}]]},{"loadControlLimitListData":[]}"#.into(),
    };
    let read = spine.send(read).await;
    assert_eq!(spine.expect_result(read).await, Ok(6));
}

/// The test tool in front of one of their devices, which listens and trusts it.
struct Front {
    identity: Identity,
    /// Whom they trust: the tool, unless a test gives it another identity.
    trusted: Ski,
    address: SocketAddr,
    transcript: Transcript,
    _device: Box<dyn Any>,
}

impl Front {
    async fn of<A: Actor>((engine, actor): (Engine, A)) -> Self {
        let identity = Identity::fresh();
        let (hub, address) = theirs::listen(node(&identity), engine).await;
        let _device = Box::new(Device::start(hub, actor));
        let (trusted, transcript) = (identity.ski, Transcript::default());
        Self { identity, trusted, address, transcript, _device }
    }

    /// A fresh connection.
    async fn dial(&self) -> Ship {
        let stream = TcpStream::connect(self.address).await.expect("it listens");
        let transcript = self.transcript.clone();
        let link = Link::dial(Box::new(stream), &self.identity, straight(), transcript).await;
        Ship::new(link.unwrap_or_else(|why| panic!("{why}")))
    }

    /// The tool as energy manager, in the data phase.
    async fn meet(&self) -> Spine {
        let ship = self.dial().await.up_to_data().await.expect("the data phase");
        let mut spine = Spine::new(ship, Tool::energy_manager("d:_n:Tester"));
        spine.read_node("nodeManagementDetailedDiscoveryData").await.expect("a reply");
        spine
    }

    /// Every message of the device so far.
    fn heard(&self) -> Vec<String> {
        heard(&self.transcript)
    }
}

fn node(trusted: &Identity) -> Node {
    theirs::node("i:32473_u:Their", trusted.ski.to_string().parse().expect("an SKI"))
}

fn heard(transcript: &Transcript) -> Vec<String> {
    let lines = transcript.lines();
    lines.iter().filter_map(|line| line.strip_prefix("device> ")).map(str::to_owned).collect()
}
