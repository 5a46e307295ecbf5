//! What real peers sent: every message is read, and what is modelled is written as it came.

use std::collections::BTreeMap;

use eebus_json::Reader;
use serde::Deserialize;
use ship::message::{Data, Message};
use spine::datagram::{self, Datagram};
use spine::model::{Cmd, CmdClassifier};

/// One line of a recording, see `recordings/README.md`.
#[derive(Deserialize)]
struct Line {
    from: String,
    #[serde(rename = "type")]
    kind: u8,
    text: Option<String>,
}

fn session() -> Vec<Line> {
    include_str!("../recordings/go-manager--go-charger.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of the recording"))
        .collect()
}

/// The datagrams of the session as they were sent, with their senders.
fn datagrams() -> Vec<(String, String)> {
    let payload = |line: Line| {
        let text = line.text.filter(|_| line.kind == 2)?;
        let message = Reader::strict().read(text.as_bytes()).expect(&text);
        let Message::Data(Data { payload: Some(payload), .. }) = message else {
            panic!("no data: {text}")
        };
        Some((line.from, payload.as_str().to_owned()))
    };
    session().into_iter().filter_map(payload).collect()
}

#[test]
fn every_ship_message_is_read_and_written_as_it_came() {
    let mut count = 0;
    for line in session() {
        let Some(text) = line.text else {
            assert_eq!(line.kind, 0, "only the init message has no text");
            continue;
        };
        let message: Message = Reader::strict().read(text.as_bytes()).expect(&text);
        assert_eq!(eebus_json::to_string(&message), text);
        count += 1;
    }
    assert_eq!(count, 278);
}

#[test]
fn every_header_is_read() {
    let datagrams = datagrams();
    assert_eq!(datagrams.len(), 267);
    for (from, text) in datagrams {
        let header = Datagram::read(&Reader::strict(), text.as_bytes()).expect(&text).header;
        let header = header.expect(&text);
        assert_eq!(header.specification_version.as_deref(), Some("1.3.0"));
        let source = header.address_source.and_then(|address| address.device).expect(&text);
        let sender =
            if from == "manager" { "d:_n:Demo_GoEM-0001" } else { "d:_n:Demo_GoCharger-0002" };
        assert_eq!(source.to_string(), sender, "{text}");
        assert!(header.address_destination.is_some_and(|a| a.feature.is_some()), "{text}");
        assert!(header.msg_counter.is_some(), "{text}");
        let classifier = header.cmd_classifier.expect(&text);
        let is_answer = matches!(classifier, CmdClassifier::Reply | CmdClassifier::Result);
        assert_eq!(header.msg_counter_reference.is_some(), is_answer, "{text}");
    }
}

/// The one command of a datagram and the datagram written again.
fn reread(text: &str) -> (Cmd, String) {
    let reader = Reader::strict();
    let datagram = Datagram::read(&reader, text.as_bytes()).expect(text);
    let (commands, fault) = datagram.commands(&reader).expect(text);
    assert_eq!(fault, None, "{text}");
    let [cmd] = <[Cmd; 1]>::try_from(commands.cmd).expect("one command");
    let again = datagram::to_raw(datagram.header.expect(text), cmd.clone()).as_str().to_owned();
    (cmd, again)
}

#[test]
fn every_datagram_is_written_as_it_came_and_recognised_by_its_function() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (_, text) in datagrams() {
        let (cmd, again) = reread(&text);
        assert_eq!(again, text);
        let function = cmd.data.expect(&text).function_name();
        *seen.entry(function.as_str().to_owned()).or_default() += 1;
    }
    // The whole session, so that a message that is mistaken for another one is noticed.
    let expected = [
        ("deviceClassificationManufacturerData", 6),
        ("deviceConfigurationKeyValueDescriptionListData", 6),
        ("deviceConfigurationKeyValueListData", 6),
        ("deviceDiagnosisHeartbeatData", 45),
        ("deviceDiagnosisStateData", 9),
        ("electricalConnectionCharacteristicListData", 2),
        ("electricalConnectionDescriptionListData", 4),
        ("electricalConnectionParameterDescriptionListData", 4),
        ("electricalConnectionPermittedValueSetListData", 8),
        ("identificationListData", 4),
        ("incentiveTableData", 8),
        ("incentiveTableDescriptionData", 8),
        ("loadControlLimitDescriptionListData", 6),
        ("loadControlLimitListData", 20),
        ("measurementConstraintsListData", 4),
        ("measurementDescriptionListData", 4),
        ("measurementListData", 12),
        ("nodeManagementBindingRequestCall", 8),
        ("nodeManagementDetailedDiscoveryData", 7),
        ("nodeManagementSubscriptionRequestCall", 25),
        ("nodeManagementUseCaseData", 17),
        ("resultData", 42),
        ("timeSeriesConstraintsListData", 4),
        ("timeSeriesDescriptionListData", 4),
        ("timeSeriesListData", 4),
    ];
    let expected: BTreeMap<_, _> = expected.map(|(name, n)| (name.to_owned(), n)).into();
    assert_eq!(seen, expected);
}
