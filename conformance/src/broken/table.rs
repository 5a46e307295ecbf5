//! The rows: what a broken device does.

use serde_json::Value;

use super::{Broken, Distortion, Overheard, text};
use crate::device::Action;
use crate::tester::link::Passing;
use crate::tester::wire::View;

const DISCOVERY: &str = "nodeManagementDetailedDiscoveryData";

/// A row: name, what it does, the cases that have to notice, how it is done.
const fn broken(
    name: &'static str,
    what: &'static str,
    fails: &'static [&'static str],
    make: fn() -> Distortion,
) -> Broken {
    Broken { name, what, fails, make }
}

/// All broken devices.
pub const ALL: &[Broken] = &[
    // SHIP.
    broken(
        "forged-certificates",
        "takes a certificate for what it claims",
        &["TC_SHIP_SEC"],
        Distortion::forged_certificates,
    ),
    broken(
        "never-closes",
        "keeps every connection open",
        &[
            "TC_SHIP_CMI",
            "TC_SHIP_HELLO_003",
            "TC_SHIP_PROT_003",
            "TC_SHIP_PROT_004",
            "TC_SHIP_TERM",
        ],
        || {
            Distortion::messages(|passing| match passing {
                Passing::Closed(_) => vec![],
                other => vec![other],
            })
        },
    ),
    broken(
        "no-mode-before-closing",
        "closes after an invalid mode without its own",
        &["TC_SHIP_CMI_001", "TC_SHIP_CMI_005"],
        || {
            let mut is_valid = true;
            Distortion::messages(move |passing| {
                if let Passing::ToDevice(octets) = &passing {
                    is_valid &= octets[..] != [1, 0] && octets[..] != [0, 1];
                }
                match passing {
                    Passing::FromDevice(octets) if octets == [0, 0] && !is_valid => vec![],
                    other => vec![other],
                }
            })
        },
    ),
    broken(
        "farewell-after-invalid-mode",
        "says hello to a peer whose mode is invalid",
        &["TC_SHIP_CMI_002", "TC_SHIP_CMI_006"],
        || {
            Distortion::messages(|passing| match &passing {
                Passing::ToDevice(octets) if octets[..] == [1, 0] || octets[..] == [0, 1] => {
                    let hello =
                        [&[1], &br#"{"connectionHello":[{"phase":"aborted"}]}"#[..]].concat();
                    vec![passing, Passing::FromDevice(hello)]
                }
                _ => vec![passing],
            })
        },
    ),
    broken(
        "no-hello",
        "never says hello",
        &["TC_SHIP_CONN", "TC_SHIP_ROLE", "TC_SHIP_HELLO_001"],
        || Distortion::never_sends(|text| text.starts_with(r#"{"connectionHello""#)),
    ),
    broken(
        "endless-hello",
        "does not say how long it waits",
        &["TC_SHIP_HELLO_002", "TC_SHIP_HELLO_003"],
        || {
            Distortion::rewrites(|text| {
                let start =
                    text.starts_with(r#"{"connectionHello""#).then(|| text.find(r#",{"waiting""#));
                let start = start.flatten()?;
                Some(format!("{}]}}", &text[..start]))
            })
        },
    ),
    broken("no-prolongation", "ignores a request for prolongation", &["TC_SHIP_HELLO_002"], || {
        Distortion::never_hears(|text| text.contains("prolongationRequest"))
    }),
    broken("answers-pending", "answers a peer that is pending", &["TC_SHIP_HELLO_004"], || {
        Distortion::messages(|passing| match &passing {
            Passing::ToDevice(octets)
                if text(octets).is_some_and(|text| {
                    text.contains(r#""phase":"pending""#) && !text.contains("prolongation")
                }) =>
            {
                let hello =
                    [&[1], &br#"{"connectionHello":[{"phase":"ready"},{"waiting":60000}]}"#[..]];
                vec![passing, Passing::FromDevice(hello.concat())]
            }
            _ => vec![passing],
        })
    }),
    broken("silent-abort", "gives up waiting without a word", &["TC_SHIP_HELLO_003"], || {
        Distortion::never_sends(|text| text.contains(r#""phase":"aborted""#))
    }),
    broken(
        "one-error-for-all",
        "calls every fault of the handshake a selection mismatch",
        &["TC_SHIP_PROT_003", "TC_SHIP_PROT_004", "TC_SHIP_PROT_005", "TC_SHIP_PROT_006"],
        || {
            Distortion::rewrites(|text| {
                let is_error = text.contains("messageProtocolHandshakeError");
                is_error.then(|| r#"{"messageProtocolHandshakeError":[{"error":3}]}"#.to_owned())
            })
        },
    ),
    broken(
        "too-new",
        "announces and selects a version that nobody offered",
        &["TC_SHIP_PROT_001", "TC_SHIP_PROT_002"],
        || {
            Distortion::rewrites(|text| {
                let is_handshake = text.contains(r#"{"messageProtocolHandshake":"#);
                is_handshake.then(|| text.replace(r#""minor":0"#, r#""minor":1"#))
            })
        },
    ),
    broken("pin", "wants a PIN although it says that it has none", &["TC_SHIP_PIN"], || {
        Distortion::rewrites(|text| {
            text.contains("connectionPinState").then(|| text.replace("none", "required"))
        })
    }),
    broken("nameless", "answers the access methods without an id", &["TC_SHIP_AM_001"], || {
        Distortion::rewrites(|text| {
            let is_methods = text.starts_with(r#"{"accessMethods":"#);
            is_methods.then(|| r#"{"accessMethods":[{"dnsSd_mDns":[]}]}"#.to_owned())
        })
    }),
    broken(
        "stunned",
        "does nothing more after an odd message",
        &["TC_SHIP_MSG_001", "TC_SHIP_MSG_002"],
        || {
            let mut is_stunned = false;
            Distortion::messages(move |passing| match passing {
                Passing::ToDevice(octets) => {
                    is_stunned |= octets.len() == 1 || octets.first() > Some(&3);
                    if is_stunned { vec![] } else { vec![Passing::ToDevice(octets)] }
                }
                other => vec![other],
            })
        },
    ),
    broken("minified-only", "does not read JSON with whitespace", &["TC_SHIP_MSG_003"], || {
        Distortion::never_hears(|text| text.contains("\t\r\n"))
    }),
    broken(
        "access-methods-first",
        "is deaf to SPINE until its own request is answered",
        &["TC_SHIP_AMDATA_002"],
        || {
            let mut is_waiting = false;
            Distortion::messages(move |passing| {
                match &passing {
                    Passing::FromDevice(octets) if is_request(octets) => is_waiting = true,
                    Passing::ToDevice(octets) if is_methods(octets) => is_waiting = false,
                    Passing::ToDevice(octets) if is_waiting && octets.first() == Some(&2) => {
                        return vec![];
                    }
                    _ => {}
                }
                vec![passing]
            })
        },
    ),
    broken(
        "no-access-methods",
        "does not answer the request for its access methods",
        &["TC_SHIP_AM"],
        || Distortion::never_sends(|text| text.starts_with(r#"{"accessMethods":"#)),
    ),
    broken("endless-close", "announces the end without saying when", &["TC_SHIP_TERM"], || {
        Distortion::rewrites(|text| {
            let is_close = text.starts_with(r#"{"connectionClose":"#);
            is_close.then(|| r#"{"connectionClose":[{"phase":"announce"}]}"#.to_owned())
        })
    }),
    // SPINE.
    broken(
        "wrong-reference",
        "refers to another message than it answers",
        &["TC_SPINE_COMP_001", "TC_SPINE_COMP_002", "TC_SPINE_DATA_004", "EM-GEN-001"],
        || {
            Distortion::rewrites(|text| {
                let (before, after) = text.split_once(r#""msgCounterReference":"#)?;
                Some(format!(r#"{before}"msgCounterReference":7{after}"#))
            })
        },
    ),
    broken(
        "all-is-well",
        "confirms what it refuses",
        &[
            "TC_SPINE_COMP_001",
            "TC_SPINE_FC",
            "TC_SPINE_BIND_001",
            "EM-GEN-013",
            "EM-OPEV-011",
            "EM-OPEV-012",
            "EM-OPEV-013",
        ],
        || Distortion::rewrites(|text| with_error_number(text, |_| 0)),
    ),
    broken(
        "never-satisfied",
        "refuses what it does",
        &["TC_SPINE_SUBS", "TC_SPINE_DATA_005", "EM-GEN-011"],
        || Distortion::rewrites(|text| with_error_number(text, |_| 1)),
    ),
    broken(
        "present-only",
        "does not hear messages of a later version",
        &["TC_SPINE_COMP_001", "TC_SPINE_COMP_002"],
        || Distortion::never_hears(|text| text.contains("1.999.999")),
    ),
    broken("silent-about-versions", "does not answer odd versions", &["TC_SPINE_COMP_006"], || {
        Distortion::never_hears(|text| {
            text.contains(r#""specificationVersion":""#)
                && !text.contains(r#""specificationVersion":"1."#)
        })
    }),
    broken("draft", "announces drafts of use cases", &["TC_SPINE_COMP_005"], || {
        Distortion::rewrites(|text| {
            let is_use_cases = text.contains(r#""useCaseVersion""#);
            is_use_cases
                .then(|| text.replace(r#""useCaseVersion":"1.0."#, r#""useCaseVersion":"1.0b"#))
        })
    }),
    broken(
        "complains-about-replies",
        "answers replies with errors",
        &["TC_SPINE_COMP_003", "TC_SPINE_COMP_004"],
        || Distortion::answers(|overheard| overheard.is("reply").then_some(1), true),
    ),
    broken(
        "answers-results",
        "answers results",
        &["TC_SPINE_DATA_006", "TC_SPINE_DATA_008"],
        || {
            let wants = |overheard: &Overheard| overheard.is("result") && overheard.wants_ack();
            Distortion::answers(move |overheard| wants(overheard).then_some(0), true)
        },
    ),
    broken("confirms-reads", "confirms a read beside its reply", &["TC_SPINE_DATA_007"], || {
        let wants = |overheard: &Overheard| overheard.is("read") && overheard.wants_ack();
        Distortion::answers(move |overheard| wants(overheard).then_some(0), true)
    }),
    broken("counts-backwards", "its message counters descend", &["TC_SPINE_DATA_001"], || {
        let mut counter = 1_000_000;
        Distortion::messages(move |passing| match passing {
            Passing::FromDevice(octets) => {
                counter -= 1;
                let changed = text(&octets).and_then(|text| with_counter(text, counter));
                let octets = changed.map_or(octets, |text| [&[2], text.as_bytes()].concat());
                vec![Passing::FromDevice(octets)]
            }
            other => vec![other],
        })
    }),
    broken(
        "no-gaps",
        "does not hear a message whose counter leaves some out",
        &["TC_SPINE_DATA_002", "TC_SPINE_DATA_004"],
        || {
            let mut last = None;
            Distortion::messages(move |passing| match &passing {
                Passing::ToDevice(octets) => match Overheard::read(octets) {
                    Some(overheard) if last.is_some_and(|last| overheard.counter() > last + 1) => {
                        vec![]
                    }
                    Some(overheard) => {
                        last = Some(overheard.counter());
                        vec![passing]
                    }
                    None => vec![passing],
                },
                _ => vec![passing],
            })
        },
    ),
    broken(
        "no-restart",
        "takes a lower counter for a repeated message",
        &["TC_SPINE_DATA_003"],
        || {
            let mut most = 0;
            Distortion::messages(move |passing| match &passing {
                Passing::ToDevice(octets) => match Overheard::read(octets) {
                    Some(overheard) if overheard.counter() < most => vec![],
                    Some(overheard) => {
                        most = overheard.counter();
                        vec![passing]
                    }
                    None => vec![passing],
                },
                _ => vec![passing],
            })
        },
    ),
    broken(
        "replies-twice",
        "says everything twice",
        &["TC_SPINE_DATA_004", "TC_SPINE_DATA_007", "EM-GEN-012"],
        || {
            Distortion::messages(|passing| match passing {
                Passing::FromDevice(octets) if octets.first() == Some(&2) => {
                    vec![Passing::FromDevice(octets.clone()), Passing::FromDevice(octets)]
                }
                other => vec![other],
            })
        },
    ),
    broken("deaf-to-notifies", "does not acknowledge notifies", &["TC_SPINE_DATA_005"], || {
        Distortion::never_hears(|text| text.contains(r#""cmdClassifier":"notify""#))
    }),
    broken("calls-anywhere", "takes a call wherever it goes", &["TC_SPINE_FC"], || {
        Distortion::mishears(|text| {
            let is_call = text.contains(r#""cmdClassifier":"call""#);
            let (before, after) = text.split_once(r#"{"addressDestination":"#)?;
            let elsewhere = r#"{"entity":[1]},{"feature":0}"#;
            let here = r#"{"entity":[0]},{"feature":0}"#;
            let changed = after.replacen(elsewhere, here, 1);
            is_call.then(|| format!(r#"{before}{{"addressDestination":{changed}"#))
        })
    }),
    broken(
        "incurious",
        "never reads a discovery",
        &["TC_SHIP_AMDATA_003", "TC_SPINE_DDISC_001"],
        || {
            Distortion::never_sends(|text| {
                text.contains(r#""cmdClassifier":"read""#) && text.contains(DISCOVERY)
            })
        },
    ),
    broken("patient-for-ever", "asks once and waits for ever", &["TC_SPINE_DDISC_002"], || {
        let mut has_asked = false;
        Distortion::messages(move |passing| match passing {
            Passing::FromDevice(octets)
                if text(&octets).is_some_and(|text| {
                    text.contains(r#""cmdClassifier":"read""#) && text.contains(DISCOVERY)
                }) =>
            {
                let again = core::mem::replace(&mut has_asked, true);
                if again { vec![] } else { vec![Passing::FromDevice(octets)] }
            }
            Passing::Closed(_) => vec![],
            other => vec![other],
        })
    }),
    broken("anonymous", "does not name itself in its messages", &["TC_SPINE_DDISC_001"], || {
        Distortion::rewrites(|text| {
            let (before, after) = text.split_once(r#"{"addressSource":[{"device":"#)?;
            let (_, after) = after.split_once("},")?;
            Some(format!(r#"{before}{{"addressSource":[{after}"#))
        })
    }),
    broken(
        "keeps-subscriptions",
        "confirms a deletion that it does not carry out",
        &["TC_SPINE_SUBS_002"],
        || {
            let is_deletion = |overheard: &Overheard| {
                overheard.text.contains("nodeManagementSubscriptionDeleteCall")
            };
            Distortion::answers(move |overheard| is_deletion(overheard).then_some(0), false)
        },
    ),
    broken(
        "forgets-subscriptions",
        "confirms a subscription that it does not keep",
        &["TC_SPINE_SUBS_001"],
        || {
            let is_request = |overheard: &Overheard| {
                overheard.text.contains("nodeManagementSubscriptionRequestCall")
            };
            Distortion::answers(move |overheard| is_request(overheard).then_some(0), false)
        },
    ),
    // EV charging.
    broken(
        "device-in-discovery",
        "names its device where the schema forbids it",
        &["EM-GEN-001"],
        || {
            Distortion::rewrites(|text| {
                let is_reply = text.contains(r#""entityAddress":[{"entity""#);
                let named = r#""entityAddress":[{"device":"d:_n:X"},{"entity""#;
                is_reply.then(|| text.replace(r#""entityAddress":[{"entity""#, named))
            })
        },
    ),
    broken(
        "unfiltered-discovery",
        "notifies its discovery without a filter",
        &["EM-GEN-002", "EM-GEN-005"],
        || {
            Distortion::rewrites(|text| {
                let filter = r#"{"function":"nodeManagementDetailedDiscoveryData"},{"filter":[[{"cmdControl":[{"partial":[]}]}]]},"#;
                text.contains(filter).then(|| text.replace(filter, ""))
            })
        },
    ),
    broken(
        "bare-entities",
        "announces an entity without its features",
        &["EM-GEN-002", "EM-GEN-004"],
        || {
            Distortion::rewrites(|text| {
                let is_added = text.contains(r#""lastStateChange":"added""#);
                let start = is_added.then(|| text.find(r#",{"featureInformation""#)).flatten()?;
                Some(format!("{}]}}]]}}]}}]}}}}]}}", &text[..start]))
            })
        },
    ),
    broken(
        "cars-stay",
        "does not say that a car has gone",
        &["EM-GEN-005", "EM-GEN-007", "EM-GEN-009"],
        || Distortion::never_sends(|text| text.contains(r#""lastStateChange":"removed""#)),
    ),
    broken(
        "silent-use-cases",
        "does not notify its use cases",
        &["EM-GEN-003", "EM-GEN-005"],
        || {
            Distortion::never_sends(|text| {
                text.contains(r#""cmdClassifier":"notify""#)
                    && text.contains("nodeManagementUseCaseData")
            })
        },
    ),
    broken("uninvited", "notifies what nobody subscribed to", &["EM-GEN-006"], || {
        Distortion::messages(|passing| match &passing {
            Passing::FromDevice(octets)
                if text(octets)
                    .is_some_and(|text| text.contains(r#""lastStateChange":"added""#)) =>
            {
                let stray = [&[2], &br#"{"data":[{"header":[{"protocolId":"ee1.0"}]},{"payload":{"datagram":[{"header":[{"specificationVersion":"1.3.0"},{"addressSource":[{"device":"d:_n:X"},{"entity":[1,1]},{"feature":1}]},{"addressDestination":[{"entity":[1]},{"feature":5}]},{"msgCounter":8000000},{"cmdClassifier":"notify"}]},{"payload":[{"cmd":[[{"measurementListData":[]}]]}]}]}}]}"#[..]];
                vec![passing, Passing::FromDevice(stray.concat())]
            }
            _ => vec![passing],
        })
    }),
    broken(
        "hasty-relations",
        "asks for subscriptions before it is known",
        &["EM-GEN-010", "EM-GEN-018"],
        || {
            Distortion::messages(|passing| match &passing {
                Passing::FromDevice(octets)
                    if text(octets).is_some_and(|text| {
                        text.contains(r#""cmdClassifier":"read""#) && text.contains(DISCOVERY)
                    }) =>
                {
                    let call = [&[2], &br#"{"data":[{"header":[{"protocolId":"ee1.0"}]},{"payload":{"datagram":[{"header":[{"specificationVersion":"1.3.0"},{"addressSource":[{"device":"d:_n:X"},{"entity":[0]},{"feature":0}]},{"addressDestination":[{"entity":[0]},{"feature":0}]},{"msgCounter":8000000},{"cmdClassifier":"call"}]},{"payload":[{"cmd":[[{"nodeManagementSubscriptionRequestCall":[{"subscriptionRequest":[{"clientAddress":[{"entity":[1,1]},{"feature":9}]},{"serverAddress":[{"entity":[1]},{"feature":1}]},{"serverFeatureType":"DeviceDiagnosis"}]}]}]]}]}]}}]}"#[..]];
                    vec![passing, Passing::FromDevice(call.concat())]
                }
                _ => vec![passing],
            })
        },
    ),
    broken(
        "standby",
        "does not tell its operating state",
        &["EM-EVSECC-002", "EM-EVCC-012"],
        || {
            Distortion::rewrites(|text| {
                replaced(text, r#""operatingState""#, r#""vendorStateCode""#)
            })
        },
    ),
    broken(
        "bound-readers-only",
        "lets nobody read without a binding",
        &["EM-EVSECC-006", "EM-GEN-014", "EM-OPEV-032"],
        || {
            let is_read = |overheard: &Overheard| {
                overheard.is("read") && !overheard.text.contains("nodeManagement")
            };
            Distortion::answers(move |overheard| is_read(overheard).then_some(9), false)
        },
    ),
    broken("without-brand", "leaves out who made it", &["EM-EVSECC-001"], || {
        Distortion::rewrites(|text| replaced(text, r#""vendorCode""#, r#""powerSource""#))
    }),
    broken("unknown-standard", "does not know how the car communicates", &["EM-EVCC-002"], || {
        Distortion::rewrites(|text| replaced(text, "iec61851", "unknown"))
    }),
    broken("keyless", "describes no key of its configuration", &["EM-EVCC-001"], || {
        Distortion::rewrites(|text| replaced(text, r#""keyName""#, r#""label""#))
    }),
    broken("empty-identification", "identifies the car by nothing", &["EM-EVCC-007"], || {
        Distortion::messages(|passing| match &passing {
            Passing::FromDevice(octets) => match text(octets) {
                Some(text) if text.contains(r#""useCaseName":"evCommissioning"#) => {
                    let text = text
                        .replace(r#""scenarioSupport":[1,2,3,"#, r#""scenarioSupport":[1,2,3,4,"#);
                    vec![Passing::FromDevice([&[2], text.as_bytes()].concat())]
                }
                Some(text) if text.contains(r#""identificationListData":[]"#) => {
                    let text = text.replace(r#""identificationListData":[]"#, r#""identificationListData":[{"identificationData":[[{"identificationValue":""}]]}]"#);
                    vec![Passing::FromDevice([&[2], text.as_bytes()].concat())]
                }
                _ => vec![passing],
            },
            _ => vec![passing],
        })
    }),
    broken(
        "any-current",
        "permits any current and power",
        &["EM-EVCC-009", "EM-EVCC-010", "EM-OPEV-003"],
        || {
            Distortion::rewrites(|text| {
                replaced(text, r#"{"min":[{"number":"#, r#"{"min":[{"number":-"#)
            })
        },
    ),
    broken(
        "wrong-unit",
        "describes currents and limits in watts",
        &["EM-EVCEM-001", "EM-OPEV-001"],
        || Distortion::rewrites(|text| replaced(text, r#""unit":"A""#, r#""unit":"W""#)),
    ),
    broken(
        "phaseless",
        "does not say to which phase a measurement belongs",
        &["EM-EVCEM-002"],
        || {
            Distortion::rewrites(|text| {
                replaced(
                    text,
                    r#""acMeasuredInReferenceTo":"neutral""#,
                    r#""acMeasuredInReferenceTo":"earth""#,
                )
            })
        },
    ),
    broken("produces", "counts consumption as production", &["EM-EVCEM-003"], || {
        Distortion::rewrites(|text| {
            replaced(
                text,
                r#""positiveEnergyDirection":"consume""#,
                r#""positiveEnergyDirection":"produce""#,
            )
        })
    }),
    broken(
        "charged-car",
        "announces the state of charge of a car that tells none",
        &["EM-EVSOC-002"],
        || {
            Distortion::rewrites(|text| {
                replaced(
                    text,
                    r#""useCaseName":"measurementOfElectricityDuringEvCharging""#,
                    r#""useCaseName":"evStateOfCharge""#,
                )
            })
        },
    ),
    broken(
        "unmeasured",
        "does not notify its measurements",
        &["EM-EVCEM-004", "EM-EVCEM-005", "EM-EVCEM-006"],
        || {
            Distortion::never_sends(|text| {
                text.contains(r#""cmdClassifier":"notify""#)
                    && text.contains(r#"{"measurementListData":"#)
            })
        },
    ),
    broken(
        "leftover-limits",
        "starts with limits that apply",
        &["EM-GEN-007", "EM-OPEV-002", "EM-OPEV-024"],
        || {
            Distortion::rewrites(|text| {
                replaced(text, r#""isLimitActive":false"#, r#""isLimitActive":true"#)
            })
        },
    ),
    broken(
        "feigns-obedience",
        "confirms limits and does not follow them",
        &["EM-OPEV-004", "EM-OPEV-005", "EM-OPEV-010", "EM-OPEV-014", "EM-OPEV-016", "EM-OPEV-030"],
        || {
            let is_limit = |overheard: &Overheard| {
                overheard.is("write") && overheard.text.contains("loadControlLimitListData")
            };
            Distortion::answers(move |overheard| is_limit(overheard).then_some(0), false)
        },
    ),
    broken("silent-limits", "does not notify limits", &["EM-OPEV-004", "EM-GEN-012"], || {
        Distortion::never_sends(|text| {
            text.contains(r#""cmdClassifier":"notify""#)
                && text.contains("loadControlLimitListData")
        })
    }),
    broken(
        "six-at-least",
        "never goes below the minimum current",
        &["EM-OPEV-007", "EM-OPEV-008", "EM-LIM-004"],
        || Distortion::sight(|_, seen| seen.into_iter().map(|ma| ma.max(6000)).collect()),
    ),
    broken(
        "generous",
        "offers, draws and measures more than it should",
        &["EM-OPEV-009", "EM-OPEV-010", "EM-EVCEM-010", "EM-EVCEM-011", "EM-EVCEM-012"],
        || Distortion::sight(|_, seen| seen.into_iter().map(|ma| ma + 1000).collect()),
    ),
    broken(
        "lazy-pilot",
        "never offers more than before",
        &["EM-OPEV-006", "EM-OPEV-020", "EM-OPEV-022", "EM-OPEV-025"],
        || {
            let mut least: Option<Vec<u32>> = None;
            Distortion::sight(move |_, seen| {
                // Nothing before the first current is a limit.
                if seen.iter().all(|ma| *ma > 0) {
                    let known = least.get_or_insert_with(|| seen.clone());
                    known.iter_mut().zip(&seen).for_each(|(least, ma)| *least = (*least).min(*ma));
                }
                least.clone().unwrap_or(seen)
            })
        },
    ),
    broken(
        "stuck-pilot",
        "never offers less than before",
        &["EM-OPEV-004", "EM-OPEV-018", "EM-OPEV-019", "EM-OPEV-021", "EM-OPEV-022", "EM-OPEV-023"],
        || {
            let mut most = [0; 3];
            Distortion::sight(move |_, seen| {
                for (most, ma) in most.iter_mut().zip(&seen) {
                    *most = (*most).max(*ma);
                }
                most.to_vec()
            })
        },
    ),
    broken("stuck-plug", "does not notice that the plug is pulled", &["EM-GEN-008"], || {
        Distortion::ignores(|action| *action == Action::Unplug)
    }),
    broken("blind", "does not notice that a car is plugged in", &["EM-OPEV-034"], || {
        Distortion::ignores(|action| *action == Action::Plug)
    }),
    broken(
        "wrong-guard",
        "listens to the heartbeat of another entity",
        &["EM-OPEV-027", "EM-OPEV-028"],
        || {
            Distortion::rewrites(|text| {
                let is_request = text.contains(r#""serverFeatureType":"DeviceDiagnosis""#);
                let (before, after) = text.split_once(r#""serverAddress":"#)?;
                let changed = after.replacen(r#""entity":[1]"#, r#""entity":[2]"#, 1);
                is_request.then(|| format!(r#"{before}"serverAddress":{changed}"#))
            })
        },
    ),
    broken("answers-heartbeats", "answers heartbeats with errors", &["EM-OPEV-029"], || {
        let is_beat = |overheard: &Overheard| {
            overheard.is("notify") && overheard.text.contains("deviceDiagnosisHeartbeatData")
        };
        Distortion::answers(move |overheard| is_beat(overheard).then_some(1), true)
    }),
    broken(
        "deaf-to-the-guard",
        "does not hear what the guard says of itself",
        &["EM-OPEV-021", "EM-OPEV-022"],
        || {
            Distortion::never_hears(|text| {
                text.contains(r#""cmdClassifier":"notify""#) && text.contains("operatingState")
            })
        },
    ),
    broken("hard-of-hearing", "misses every other heartbeat", &["EM-OPEV-026"], || {
        let mut is_heard = false;
        Distortion::messages(move |passing| match &passing {
            Passing::ToDevice(octets)
                if text(octets).is_some_and(|text| {
                    text.contains(r#""cmdClassifier":"notify""#)
                        && text.contains("heartbeatCounter")
                }) =>
            {
                is_heard = !is_heard;
                if is_heard { vec![passing] } else { vec![] }
            }
            _ => vec![passing],
        })
    }),
    // EV charging, the energy manager.
    broken(
        "car-blind",
        "takes no notice of cars",
        &["EM-GEN-015", "EM-GEN-016", "EM-GEN-017", "EM-EVCEM"],
        || Distortion::never_sends(|text| text.contains(r#"{"entity":[1,1]}"#)),
    ),
    broken("station-blind", "does not look at charging stations", &["EM-EVSECC-008"], || {
        Distortion::never_sends(|text| text.contains("deviceClassificationManufacturerData"))
    }),
    broken("unconfirmed", "does not want to know what became of a limit", &["EM-OPEV-035"], || {
        Distortion::rewrites(|text| {
            let is_write = text.contains(r#""cmdClassifier":"write""#);
            is_write.then(|| text.replace(r#",{"ackRequest":true}"#, ""))
        })
    }),
    broken("never-releases", "never says that nothing is limited", &["EM-OPEV-036"], || {
        Distortion::never_sends(|text| {
            text.contains(r#""cmdClassifier":"write""#) && text.contains(r#""isLimitActive":false"#)
        })
    }),
    broken(
        "by-number",
        "takes limits for phases in the order of their numbers",
        &["EM-OPEV-037"],
        || {
            Distortion::rewrites(|text| {
                let is_write = text.contains(r#""cmdClassifier":"write""#);
                // Between the two, a number that no car has.
                let swapped = text.replace(r#""limitId":23"#, r#""limitId":99"#);
                let swapped = swapped.replace(r#""limitId":25"#, r#""limitId":23"#);
                is_write.then(|| swapped.replace(r#""limitId":99"#, r#""limitId":25"#))
            })
        },
    ),
    broken(
        "literal",
        "limits to currents that nobody can charge with",
        &["EM-OPEV-038", "EM-OPEV-039"],
        || {
            Distortion::rewrites(|text| {
                let is_write = text.contains(r#""cmdClassifier":"write""#);
                let (before, after) = text.split_once(r#""value":[{"number":"#)?;
                let end = after.find(']')?;
                is_write.then(|| {
                    format!(r#"{before}"value":[{{"number":3}},{{"scale":0}}{}"#, &after[end..])
                })
            })
        },
    ),
    broken("arrhythmic", "leaves out heartbeats", &["EM-OPEV-040"], || {
        let mut beats = 0;
        Distortion::messages(move |passing| match &passing {
            Passing::FromDevice(octets)
                if text(octets).is_some_and(|text| {
                    text.contains(r#""cmdClassifier":"notify""#)
                        && text.contains("heartbeatCounter")
                }) =>
            {
                beats += 1;
                if beats % 3 == 0 { vec![passing] } else { vec![] }
            }
            _ => vec![passing],
        })
    }),
    broken("long-memory", "knows cars by their first numbers", &["EM-OPEV-045"], || {
        Distortion::rewrites(|text| {
            let is_write = text.contains(r#""cmdClassifier":"write""#);
            is_write.then(|| text.replace(r#""limitId":2"#, r#""limitId":"#))
        })
    }),
];

fn replaced(text: &str, from: &str, to: &str) -> Option<String> {
    text.contains(from).then(|| text.replace(from, to))
}

fn is_request(octets: &[u8]) -> bool {
    text(octets).is_some_and(|text| text.starts_with(r#"{"accessMethodsRequest""#))
}

fn is_methods(octets: &[u8]) -> bool {
    text(octets).is_some_and(|text| text.starts_with(r#"{"accessMethods":"#))
}

/// A result with another number than it has; none if it is no result or has that number.
fn with_error_number(text: &str, change: impl Fn(u64) -> u64) -> Option<String> {
    let (before, after) = text.split_once(r#""errorNumber":"#)?;
    let end = after.find(|c: char| !c.is_ascii_digit())?;
    let number = change(after[..end].parse().ok()?);
    Some(format!(r#"{before}"errorNumber":{number}{}"#, &after[end..]))
}

/// A datagram with another counter.
fn with_counter(text: &str, counter: u64) -> Option<String> {
    let root: Value = serde_json::from_str(text).ok()?;
    View(root.get("data")?).at("payload")?;
    let (before, after) = text.split_once(r#"{"msgCounter":"#)?;
    let end = after.find('}')?;
    Some(format!(r#"{before}{{"msgCounter":{counter}{}"#, &after[end..]))
}
