//! Keys that are not what they claim, and trust that ends (SHIP 1.1.0 §12.2, §13.4.8).

use core::time::Duration;

use tokio::time::Instant;

use super::Case;
use crate::device::Action;
use crate::tester::identity::Identity;
use crate::tester::link::{Arrival, Message, Refused};
use crate::tester::ship::{ANSWER, access_methods};
use crate::tester::wire::View;
use crate::tester::{Step, Stop, fail, require};

/// The device ends TLS with this identity in both roles.
///
/// As TLS client the tool cannot always tell the alert from the end of the stream that follows,
/// but it never sees a WebSocket.
async fn refuses_in_tls(cx: &mut Case, forged: &Identity) -> Step {
    if cx.sheet().has_ship_service {
        match cx.connect_as(forged).await? {
            Err(Refused::Tls(_)) => {}
            Err(Refused::Upgrade(why)) => {
                return fail(format!("TLS was completed with a forged certificate; then: {why}"));
            }
            Err(Refused::Silence) => return fail("TLS with a forged certificate is left open"),
            Ok(_) => return fail("a WebSocket was opened with a forged certificate"),
        }
    }
    match cx.be_dialled_as(forged).await {
        Ok(Err(Refused::Tls(_))) => Ok(()),
        // rustls is done as soon as the device has sent its last message of the handshake, and a
        // device that ends it afterwards sends no upgrade.
        Ok(Err(Refused::Upgrade(_))) => fail("TLS was completed with a forged certificate"),
        Ok(Err(Refused::Silence)) => fail("TLS with a forged certificate is left open"),
        Ok(Ok(_)) => fail("the device upgraded a connection with a forged certificate"),
        Err(Stop::NotApplicable(why)) => {
            cx.remark(format!("not tried with the device as client: {why}"));
            Ok(())
        }
        Err(stop) => Err(stop),
    }
}

pub(super) async fn tc_ship_sec_001(cx: &mut Case) -> Step {
    // The device trusts the honest key; the forged certificate claims to be of that one.
    let forged = Identity::forged(cx.identity.ski);
    refuses_in_tls(cx, &forged).await
}

pub(super) async fn tc_ship_sec_002(cx: &mut Case) -> Step {
    let ship = cx.connect().await?.up_to_data().await?;
    ship.link.cut();
    let forged = Identity::forged(cx.identity.ski);
    refuses_in_tls(cx, &forged).await?;
    // The attempts must not have cost the honest key its trust.
    cx.connect().await?.up_to_data().await.map(drop)
}

pub(super) async fn tc_ship_term_001(cx: &mut Case) -> Step {
    if !cx.sheet().initiates_close {
        return Err(Stop::NotApplicable("PAR_initiateClose is no".to_owned()));
    }
    let mut ship = cx.connect().await?.up_to_data().await?;
    cx.act(Action::Untrust(cx.identity.ski)).await?;
    let until = Instant::now() + ANSWER;
    let close = loop {
        match ship.link.next(until).await {
            Arrival::Message(Message::End(content)) => break content,
            Arrival::Message(Message::Control(name, _)) if name == "accessMethodsRequest" => {
                ship.send(&access_methods()).await;
            }
            Arrival::Message(_) => {}
            other => return fail(format!("expected connectionClose, got {other:?}")),
        }
    };
    let close = View(&close);
    require(close.text("phase") == Some("announce"), format!("announced: {close}"))?;
    let reason = close.text("reason");
    require(
        matches!(reason, Some("unspecific" | "removedConnection")),
        format!("the reason is one of the two: {close}"),
    )?;
    let Some(max_time) = close.number("maxTime") else {
        return fail(format!("connectionClose without maxTime: {close}"));
    };
    let until = Instant::now() + Duration::from_millis(max_time) + Duration::from_secs(2);
    loop {
        match ship.link.next(until).await {
            Arrival::Closed(_) => break,
            Arrival::Message(_) => {}
            Arrival::Nothing => {
                return fail(format!("open {max_time} ms + 2 s after the announce"));
            }
        }
    }
    // The cases that follow need the trust again.
    cx.act(Action::Trust(cx.identity.ski)).await
}
