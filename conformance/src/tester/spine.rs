//! The tool as a SPINE device: what a case tells it to say, and the answers that every peer owes.
//!
//! Everything that comes in is kept. A case waits for what it wants to see, and while it waits the
//! tool answers reads, acknowledges calls, writes and notifies, and beats if it was told to.

use core::fmt;
use core::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::link::{Arrival, Message};
use super::ship::{Ship, access_methods};
use super::tool::{CEM, Tool, cem};
use super::wire::View;
use super::{Step, fail};

/// How long an answer may take: `defaultMaxResponseDelay` and 2 s of tolerance.
pub const ANSWER: Duration = Duration::from_secs(12);

/// The entity and feature part of an address; both devices' parts are added when it is sent.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Address {
    /// The path of the entity.
    pub entity: Vec<u64>,
    /// The number of the feature.
    pub feature: u64,
}

/// An address.
pub fn at(entity: &[u64], feature: u64) -> Address {
    Address { entity: entity.to_vec(), feature }
}

/// The NodeManagement of either device.
pub fn node_management() -> Address {
    at(&[0], 0)
}

impl Address {
    /// As an element of a message that names the device as well, unless that is unknown.
    fn to_json(&self, device: Option<&str>) -> String {
        let entity = self.entity.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let device = device.map(|name| format!(r#"{{"device":"{name}"}},"#)).unwrap_or_default();
        format!(r#"[{device}{{"entity":[{entity}]}},{{"feature":{}}}]"#, self.feature)
    }

    fn read(view: View<'_>) -> Option<Self> {
        let entity =
            view.at("entity")?.items().map(|item| item.0.as_u64()).collect::<Option<_>>()?;
        Some(Self { entity, feature: view.number("feature")? })
    }
}

/// `[1,1]/3`
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{}", self.entity, self.feature)
    }
}

/// A datagram of the device.
#[derive(Clone, Debug)]
pub struct Datagram {
    /// When it came.
    pub at: Instant,
    /// From which feature.
    pub source: Address,
    /// To which feature.
    pub destination: Address,
    /// `msgCounter`
    pub counter: u64,
    /// `msgCounterReference`
    pub reference: Option<u64>,
    /// `cmdClassifier`
    pub classifier: String,
    /// `ackRequest`, as far as it is true.
    pub wants_ack: bool,
    /// The name of the function whose data it carries.
    pub function: String,
    header: Value,
    cmd: Value,
}

impl Datagram {
    /// Takes the content of a `data` message apart; `None` if it is not a datagram of the standard.
    fn read(data: &Value, at: Instant) -> Option<Self> {
        let datagram = View(data).at("payload")?.0.as_object()?.get("datagram")?;
        let header = View(datagram).at("header")?;
        let mut commands = View(datagram).list("payload.cmd");
        let cmd = commands.next()?;
        if commands.next().is_some() {
            return None;
        }
        let function = cmd.names().find(|name| !matches!(*name, "function" | "filter"))?;
        Some(Self {
            at,
            source: Address::read(header.at("addressSource")?)?,
            destination: Address::read(header.at("addressDestination")?)?,
            counter: header.number("msgCounter")?,
            reference: header.number("msgCounterReference"),
            classifier: header.text("cmdClassifier")?.to_owned(),
            wants_ack: header.flag("ackRequest") == Some(true),
            function: function.to_owned(),
            header: header.0.clone(),
            cmd: cmd.0.clone(),
        })
    }

    /// The data of its function.
    pub fn data(&self) -> View<'_> {
        View(&self.cmd).at(&self.function).expect("it was found when it was read")
    }

    /// The command with `function` and `filter`.
    pub const fn cmd(&self) -> View<'_> {
        View(&self.cmd)
    }

    /// The header.
    pub const fn header(&self) -> View<'_> {
        View(&self.header)
    }

    /// Whether it carries a filter with `cmdControl` partial.
    pub fn is_partial(&self) -> bool {
        self.cmd().list("filter").any(|filter| filter.at("cmdControl.partial").is_some())
    }

    /// The number of a result; none in every other datagram.
    pub fn error(&self) -> Option<u64> {
        (self.classifier == "result").then(|| self.data().number("errorNumber")).flatten()
    }

    /// Whether it is this kind of message about this function.
    pub fn is(&self, classifier: &str, function: &str) -> bool {
        self.classifier == classifier && self.function == function
    }
}

/// `notify loadControlLimitListData [1,1]/2 -> [1]/3: [...]`
impl fmt::Display for Datagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { classifier, function, source, destination, .. } = self;
        write!(f, "{classifier} {function} {source} -> {destination}: {}", self.data())
    }
}

/// What the tool sends: see [`Spine::send`].
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// From which feature of the tool.
    pub source: Address,
    /// To which feature of the device.
    pub destination: Address,
    /// `cmdClassifier`
    pub classifier: &'static str,
    /// `msgCounterReference`
    pub reference: Option<u64>,
    /// `ackRequest`; left out if none.
    pub ack: Option<bool>,
    /// The content of the command: the members inside `"cmd":[[...]]`.
    pub cmd: String,
}

/// Which of the device's messages the tool leaves unanswered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Holds {
    /// None: it is well-behaved.
    Nothing,
    /// Reads of this function: the case answers them, or nobody does.
    ReadsOf(&'static str),
    /// All of SPINE: the tool is mute.
    Spine,
    /// All of SPINE and the `accessMethodsRequest`.
    Everything,
}

/// A heartbeat that the tool sends.
#[derive(Clone, Debug)]
struct Beat {
    every: Duration,
    next: Instant,
    timeout: String,
}

/// The tool in the data phase.
pub struct Spine {
    /// The connection underneath.
    pub ship: Ship,
    /// What the tool is.
    pub tool: Tool,
    /// What it leaves unanswered.
    pub holds: Holds,
    device: Option<String>,
    counter: u64,
    log: Vec<Datagram>,
    controls: Vec<(String, Value)>,
    is_unreadable: Option<String>,
    closed: Option<String>,
    /// Who subscribed to which feature of the tool.
    subscribers: Vec<(Address, Address)>,
    beat: Option<Beat>,
    beats: u64,
}

impl Spine {
    /// On a connection whose data phase has begun.
    pub fn new(ship: Ship, tool: Tool) -> Self {
        Self {
            ship,
            tool,
            holds: Holds::Nothing,
            device: None,
            counter: 0,
            log: Vec::new(),
            controls: Vec::new(),
            is_unreadable: None,
            closed: None,
            subscribers: Vec::new(),
            beat: None,
            beats: 0,
        }
    }

    /// The device's SPINE address, once it has sent something.
    pub fn device(&self) -> Option<&str> {
        self.device.as_deref()
    }

    /// Every datagram so far.
    pub fn log(&self) -> &[Datagram] {
        &self.log
    }

    /// Every control message of the data phase so far, by name.
    pub fn controls(&self) -> &[(String, Value)] {
        &self.controls
    }

    /// Where the log ends now: the place from which [`expect`](Self::expect) looks for what comes.
    pub fn mark(&self) -> usize {
        self.log.len()
    }

    /// Whether the device has closed the connection.
    pub const fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// The next message has this `msgCounter`.
    pub const fn count_from(&mut self, counter: u64) {
        self.counter = counter - 1;
    }

    /// Sends a datagram; its `msgCounter`.
    pub async fn send(&mut self, outgoing: Outgoing) -> u64 {
        let version = self.tool.version.clone();
        self.send_as(&version, outgoing).await
    }

    /// Sends a datagram with this `specificationVersion`; its `msgCounter`.
    pub async fn send_as(&mut self, version: &str, outgoing: Outgoing) -> u64 {
        self.counter += 1;
        let counter = self.counter;
        let Outgoing { source, destination, classifier, reference, ack, cmd } = outgoing;
        let source = source.to_json(Some(&self.tool.device));
        let destination = destination.to_json(self.device.as_deref());
        let reference = reference
            .map(|number| format!(r#"{{"msgCounterReference":{number}}},"#))
            .unwrap_or_default();
        let ack = ack.map(|ack| format!(r#",{{"ackRequest":{ack}}}"#)).unwrap_or_default();
        let text = format!(
            r#"{{"data":[{{"header":[{{"protocolId":"ee1.0"}}]}},{{"payload":{{"datagram":[{{"header":[{{"specificationVersion":"{version}"}},{{"addressSource":{source}}},{{"addressDestination":{destination}}},{{"msgCounter":{counter}}},{reference}{{"cmdClassifier":"{classifier}"}}{ack}]}},{{"payload":[{{"cmd":[[{cmd}]]}}]}}]}}}}]}}"#
        );
        self.ship.link.send(&[&[2], text.as_bytes()].concat()).await;
        counter
    }

    /// Sends a read of a function; its `msgCounter`.
    pub async fn ask(&mut self, source: Address, destination: Address, function: &str) -> u64 {
        self.send(Outgoing {
            source,
            destination,
            classifier: "read",
            reference: None,
            ack: None,
            cmd: format!(r#"{{"{function}":[]}}"#),
        })
        .await
    }

    /// Reads a function and waits for the reply.
    pub async fn read(
        &mut self,
        source: Address,
        destination: Address,
        function: &str,
    ) -> Step<Datagram> {
        let counter = self.ask(source, destination, function).await;
        self.expect_reply(counter, function).await
    }

    /// Reads a function of the device's NodeManagement.
    pub async fn read_node(&mut self, function: &str) -> Step<Datagram> {
        self.read(node_management(), node_management(), function).await
    }

    /// Sends a call from NodeManagement to NodeManagement, with `ackRequest`; its `msgCounter`.
    pub async fn call(&mut self, cmd: String) -> u64 {
        self.send(Outgoing {
            source: node_management(),
            destination: node_management(),
            classifier: "call",
            reference: None,
            ack: Some(true),
            cmd,
        })
        .await
    }

    /// Asks for a subscription or a binding; the number of the result.
    pub async fn relate(
        &mut self,
        relation: Relation,
        client: &Address,
        server: &Address,
        kind: Option<&str>,
    ) -> Step<u64> {
        let cmd = self.relation_cmd(relation, client, server, kind);
        let counter = self.call(cmd).await;
        self.expect_result(counter).await
    }

    /// Asks for a subscription or a binding, which has to be granted.
    pub async fn establish(
        &mut self,
        relation: Relation,
        client: &Address,
        server: &Address,
        kind: &str,
    ) -> Step {
        match self.relate(relation, client, server, Some(kind)).await? {
            0 => Ok(()),
            error => fail(format!("{relation:?} from {client} to {server} refused with {error}")),
        }
    }

    /// The command that asks for a relation.
    pub fn relation_cmd(
        &self,
        relation: Relation,
        client: &Address,
        server: &Address,
        kind: Option<&str>,
    ) -> String {
        let kind = kind.map(|kind| format!(r#",{{"serverFeatureType":"{kind}"}}"#));
        let kind = kind.unwrap_or_default();
        let client = client.to_json(Some(&self.tool.device));
        let server = server.to_json(self.device.as_deref());
        let (call, item) = relation.request();
        format!(
            r#"{{"{call}":[{{"{item}":[{{"clientAddress":{client}}},{{"serverAddress":{server}}}{kind}]}}]}}"#
        )
    }

    /// The command that deletes a relation, in the portable form with both addresses.
    pub fn deletion_cmd(&self, relation: Relation, client: &Address, server: &Address) -> String {
        let client = client.to_json(Some(&self.tool.device));
        let server = server.to_json(self.device.as_deref());
        let (call, item) = relation.deletion();
        format!(
            r#"{{"{call}":[{{"{item}":[{{"clientAddress":{client}}},{{"serverAddress":{server}}}]}}]}}"#
        )
    }

    /// Waits for a datagram that fits, among those since `mark`.
    pub async fn expect(
        &mut self,
        mark: usize,
        within: Duration,
        what: &str,
        fits: impl Fn(&Datagram) -> bool,
    ) -> Step<Datagram> {
        let until = Instant::now() + within;
        let mut next = mark;
        loop {
            if let Some(found) = self.log[next.min(self.log.len())..].iter().find(|d| fits(d)) {
                return Ok(found.clone());
            }
            next = self.log.len();
            if let Some(how) = &self.closed {
                return fail(format!("expected {what}, the device closed: {how}"));
            }
            if !self.step(until).await {
                let why = self.is_unreadable.as_ref().map(|text| format!("; unreadable: {text}"));
                let why = why.unwrap_or_default();
                return fail(format!("expected {what}, it did not come in {within:?}{why}"));
            }
        }
    }

    /// Waits for the reply to a read.
    pub async fn expect_reply(&mut self, counter: u64, function: &str) -> Step<Datagram> {
        let what = format!("a reply with {function} to {counter}");
        let answer = self.expect(0, ANSWER, &what, |d| d.reference == Some(counter)).await?;
        if answer.is("reply", function) {
            Ok(answer)
        } else {
            fail(format!("expected {what}, got {answer}"))
        }
    }

    /// Waits for the result of a message; its number.
    pub async fn expect_result(&mut self, counter: u64) -> Step<u64> {
        let what = format!("a result for {counter}");
        let answer = self.expect(0, ANSWER, &what, |d| d.reference == Some(counter)).await?;
        match answer.error() {
            Some(number) => Ok(number),
            None => fail(format!("expected {what}, got {answer}")),
        }
    }

    /// Lets time pass; the connection has to survive it.
    pub async fn watch(&mut self, time: Duration) -> Step {
        self.pass(time).await;
        match &self.closed {
            Some(how) => fail(format!("the device closed the connection: {how}")),
            None => Ok(()),
        }
    }

    /// Lets time pass, whatever the device does.
    pub async fn pass(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while self.closed.is_none() && self.step(until).await {}
        tokio::time::sleep_until(until).await;
    }

    /// Sends a notify to everyone who subscribed to a feature of the tool; the last `msgCounter`.
    pub async fn notify(&mut self, source: &Address, cmd: &str, ack: Option<bool>) -> Option<u64> {
        let to: Vec<_> = self
            .subscribers
            .iter()
            .filter(|(server, _)| server == source)
            .map(|(_, client)| client.clone())
            .collect();
        let mut last = None;
        for destination in to {
            let counter = self
                .send(Outgoing {
                    source: source.clone(),
                    destination,
                    classifier: "notify",
                    reference: None,
                    ack,
                    cmd: cmd.to_owned(),
                })
                .await;
            last = Some(counter);
        }
        last
    }

    /// The features of the device that subscribed to a feature of the tool.
    pub fn subscribers_of(&self, server: &Address) -> impl Iterator<Item = &Address> {
        self.subscribers.iter().filter(move |row| &row.0 == server).map(|row| &row.1)
    }

    /// Begins to send heartbeats to whoever subscribes: one now and one after each `every`.
    pub fn start_beating(&mut self, every: Duration, timeout: &str) {
        self.beat = Some(Beat { every, next: Instant::now(), timeout: timeout.to_owned() });
    }

    /// Falls silent: no more heartbeats.
    pub fn stop_beating(&mut self) {
        self.beat = None;
    }

    /// One step of the traffic; `false` when `until` has come, or the end of the connection.
    async fn step(&mut self, until: Instant) -> bool {
        let wake = self.beat.as_ref().map_or(until, |beat| beat.next.min(until));
        match self.ship.link.next(wake).await {
            Arrival::Nothing => {
                let now = Instant::now();
                if let Some(beat) = self.beat.as_mut().filter(|beat| beat.next <= now) {
                    beat.next = now + beat.every;
                    self.beat_once().await;
                }
                now < until
            }
            Arrival::Closed(how) => {
                self.closed = Some(how);
                false
            }
            Arrival::Message(Message::Data(data)) => {
                match Datagram::read(&data, Instant::now()) {
                    Some(datagram) => self.take(datagram).await,
                    None => self.is_unreadable = Some(data.to_string()),
                }
                true
            }
            Arrival::Message(Message::Control(name, content)) => {
                if name == "accessMethodsRequest" && self.holds != Holds::Everything {
                    let answer = access_methods();
                    self.ship.send(&answer).await;
                }
                self.controls.push((name, content));
                true
            }
            Arrival::Message(Message::End(content)) => {
                self.controls.push(("connectionClose".to_owned(), content));
                true
            }
            Arrival::Message(_) => true,
        }
    }

    /// Keeps a datagram and gives the answer that is owed for it.
    async fn take(&mut self, datagram: Datagram) {
        if self.device.is_none() {
            self.device = datagram.header().text("addressSource.device").map(str::to_owned);
        }
        let is_held = match self.holds {
            Holds::Nothing => false,
            Holds::ReadsOf(function) => datagram.is("read", function),
            Holds::Spine | Holds::Everything => true,
        };
        if !is_held {
            self.answer(&datagram).await;
        }
        self.log.push(datagram);
    }

    /// The answer of a well-behaved peer.
    pub async fn answer(&mut self, datagram: &Datagram) {
        match datagram.classifier.as_str() {
            "read" => {
                let function = &datagram.function;
                let content = if function == "deviceDiagnosisHeartbeatData" {
                    self.heartbeat_data()
                } else {
                    self.tool.content(&datagram.destination.entity, function)
                };
                self.reply(datagram, format!(r#"{{"{function}":{content}}}"#)).await;
            }
            "call" => {
                self.note_relation(datagram);
                if datagram.wants_ack {
                    self.acknowledge(datagram, 0).await;
                }
            }
            "write" | "notify" if datagram.wants_ack => {
                self.acknowledge(datagram, 0).await;
            }
            _ => {}
        }
    }

    /// Replies to a read with this command.
    pub async fn reply(&mut self, to: &Datagram, cmd: String) -> u64 {
        self.respond(to, "reply", None, cmd).await
    }

    /// Answers with a result.
    pub async fn acknowledge(&mut self, to: &Datagram, number: u64) -> u64 {
        let cmd = format!(r#"{{"resultData":[{{"errorNumber":{number}}}]}}"#);
        self.respond(to, "result", None, cmd).await
    }

    /// Answers a datagram.
    pub async fn respond(
        &mut self,
        to: &Datagram,
        classifier: &'static str,
        ack: Option<bool>,
        cmd: String,
    ) -> u64 {
        self.send(Outgoing {
            source: to.destination.clone(),
            destination: to.source.clone(),
            classifier,
            reference: Some(to.counter),
            ack,
            cmd,
        })
        .await
    }

    fn note_relation(&mut self, call: &Datagram) {
        let pair = |item: &str| {
            let item = call.data().at(item)?;
            let server = Address::read(item.at("serverAddress")?)?;
            Some((server, Address::read(item.at("clientAddress")?)?))
        };
        if let Some(pair) = pair("subscriptionRequest") {
            if !self.subscribers.contains(&pair) {
                self.subscribers.push(pair);
            }
        } else if let Some(pair) = pair("subscriptionDelete") {
            self.subscribers.retain(|known| *known != pair);
        }
    }

    async fn beat_once(&mut self) {
        self.beats += 1;
        let cmd = format!(r#"{{"deviceDiagnosisHeartbeatData":{}}}"#, self.heartbeat_data());
        self.notify(&at(CEM, cem::DIAGNOSIS), &cmd, None).await;
    }

    fn heartbeat_data(&self) -> String {
        let timeout = self.beat.as_ref().map_or("PT4S", |beat| beat.timeout.as_str());
        let counter = self.beats;
        format!(
            r#"[{{"timestamp":"2026-05-04T10:00:00.0Z"}},{{"heartbeatCounter":{counter}}},{{"heartbeatTimeout":"{timeout}"}}]"#
        )
    }
}

/// The two relations between features.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Relation {
    /// The server notifies the client.
    Subscription,
    /// The client may write.
    Binding,
}

impl Relation {
    const fn request(self) -> (&'static str, &'static str) {
        match self {
            Self::Subscription => ("nodeManagementSubscriptionRequestCall", "subscriptionRequest"),
            Self::Binding => ("nodeManagementBindingRequestCall", "bindingRequest"),
        }
    }

    const fn deletion(self) -> (&'static str, &'static str) {
        match self {
            Self::Subscription => ("nodeManagementSubscriptionDeleteCall", "subscriptionDelete"),
            Self::Binding => ("nodeManagementBindingDeleteCall", "bindingDelete"),
        }
    }
}
