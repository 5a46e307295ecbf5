//! What devices in the field do otherwise, and that they work with us all the same.
//!
//! The table is the list of known quirks, by device and by area of the protocol. Each row is a test
//! that plays the quirk: there is no row without one, and none can be left out, because the numbers
//! have to be complete.

mod areas;
mod devices;

/// Rows of number, test, who does it, and what. Each becomes a test of the module that plays it.
macro_rules! rows {
    ($($number:literal $module:ident::$play:ident: $who:literal, $what:literal;)*) => {
        const ROWS: &[(usize, &str, &str)] = &[$(($number, $who, $what)),*];

        $(
            #[tokio::test(start_paused = true)]
            async fn $play() {
                println!("{}: {}: {}", $number, $who, $what);
                $module::$play().await;
            }
        )*
    };
}

rows! {
    1 devices::porsche_connect: "Porsche Mobile Charger Connect", "0x00 behind messages in every phase; 4452 when its user refuses";
    2 devices::porsche_plus: "Porsche Mobile Charger Plus", "a host name that nobody can resolve; dials by itself";
    3 devices::elli: "Elli Charger Connect, Pro and relatives", "BOOLEAN 0x01 in the certificate; silent for hours";
    4 devices::elli_pro_2: "Elli Charger Pro 2", "answers ready with pending and drops; dials by itself meanwhile";
    5 devices::sunny_home_manager: "SMA Sunny Home Manager 2.0", "dns of the access methods is a text";
    6 devices::vaillant: "Vaillant gateways", "one manager only; closes with 4450 when the SHIP ID is another one";
    7 devices::vitoconnect: "Viessmann Vitoconnect", "is not there until it is switched on";
    8 devices::openeebus: "heat pumps with openeebus", "pending although ready; any control message in the data exchange ends it";
    9 devices::ordinary_go: "Kostal, Spelsberg, evcc", "the Go stack as everybody has it; removal with a free text";
    10 devices::go_2025_and_2026: "evcc before and after November 2025", "pins the certificate; dns as text or object";
    11 devices::keo: "control boxes with the KEO stack", "identical entities: SHIP carries what SPINE has to sort out";
    12 devices::evcc_2023: "evcc with a certificate of before 2023", "the stated SKI is not the key's";
    13 devices::warp: "Tinkerforge WARP", "prolongation_request, waiting in every update, announce answered by announce";
    14 devices::eebus_net: "managers with EEBUS.Net", "an issued certificate; echoes our hello; more in the PIN state";
    15 devices::py_eebus: "py-eebus", "register=true; waiting in whole seconds";
    16 devices::evcc_2026: "evcc since 2026", "a SHIP ID of its own making";
    17 areas::ski_case: "TXT", "the SKI in either case";
    18 areas::free_texts: "mDNS", "spaces, semicolons, missing keys, keys in any case";
    19 areas::hello_habits: "hello", "always ready, without waiting, pending again and again";
    20 areas::waiting_restarts: "hello", "a prolongation starts the time anew instead of adding to it";
    21 areas::further_hello: "hello", "a peer that its user has approved ends at any further hello";
    22 areas::error_without_envelope: "protocol handshake", "the error without its envelope";
    23 areas::always_1_0: "protocol handshake", "selects 1.0 whatever is offered";
    24 areas::silent_about_access: "access methods", "asked, and never answers";
    25 areas::abrupt_close: "close", "free texts, and TCP closed at once";
    26 areas::same_certificate: "certificate", "issued again under the same key: refused by some";
    27 areas::second_refused: "double connection", "the second one is closed as double connection";
    28 areas::frames_of_4096: "size", "messages in frames of 4096 octets";
    29 areas::never_pings: "ping", "never pings";
    30 areas::no_scope: "IPv6", "addresses of a link without the link";
    31 areas::no_clock: "clock", "certificates that are not valid yet";
    32 areas::refuses_after_restart: "restart", "refuses the new connection while it holds on to the old one";
}

#[test]
fn the_table_is_complete() {
    let numbers: Vec<usize> = ROWS.iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (1..=32).collect::<Vec<_>>());
}
