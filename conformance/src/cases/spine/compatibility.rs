//! What is unknown, odd or wrong in a message (SPINE 1.3.0, 4.3.4).

use super::{
    Case, DISCOVERY, SILENT, USE_CASES, discovery_read, established, its_discovery_read, tool,
};
use crate::tester::spine::{Holds, Outgoing, Spine};
use crate::tester::{Step, fail, require};

/// Another version that has to be understood.
const FUTURE: &str = "1.999.999";

pub(super) async fn tc_spine_comp_001(cx: &mut Case) -> Step {
    let mut spine = established(cx).await?;
    let read = Outgoing { cmd: r#"{"kqzwfxyvbnjtrhgdlmcp":[]}"#.to_owned(), ..discovery_read() };
    let counter = spine.send_as(FUTURE, read).await;
    match spine.expect_result(counter).await? {
        0 => fail("an unknown function was confirmed"),
        6 => Ok(()),
        other => {
            cx.remark(format!("answers an unknown function with {other}, 6 says what it is"));
            Ok(())
        }
    }
}

pub(super) async fn tc_spine_comp_002(cx: &mut Case) -> Step {
    let mut spine = established(cx).await?;
    let counter = spine.send_as(FUTURE, discovery_read()).await;
    spine.expect_reply(counter, DISCOVERY).await.map(drop)
}

/// The device must not answer this reply with a result that `is_wrong`.
async fn expect_no_result(spine: &mut Spine, counter: u64, is_wrong: impl Fn(u64) -> bool) -> Step {
    spine.watch(SILENT).await?;
    let wrong = spine.log().iter().find(|d| {
        d.reference == Some(counter) && d.classifier == "result" && is_wrong(d.error().unwrap_or(1))
    });
    match wrong {
        Some(result) => fail(format!("a reply was answered: {result}")),
        None => Ok(()),
    }
}

pub(super) async fn tc_spine_comp_003(cx: &mut Case) -> Step {
    let mut spine = cx.fresh_data(tool()).await?;
    spine.holds = Holds::ReadsOf(DISCOVERY);
    let read = its_discovery_read(cx, &mut spine).await?;
    let device = spine.tool.device.clone();
    let cmd = format!(
        r#"{{"{DISCOVERY}":[{{"entityInformation":[[{{"description":[{{"entityAddress":[{{"device":"{device}"}},{{"entity":[99]}}]}},{{"entityType":"unsupportedEntityType"}}]}}]]}},{{"featureInformation":[[{{"description":[{{"featureAddress":[{{"device":"{device}"}},{{"entity":[99]}},{{"feature":99}}]}},{{"featureType":"unsupportedFeatureType"}},{{"wqkzjxvyhgbnmtr":"testData"}}]}}]]}}]}}"#
    );
    spine.tool.version = FUTURE.to_owned();
    let counter = spine.reply(&read, cmd).await;
    expect_no_result(&mut spine, counter, |_| true).await
}

pub(super) async fn tc_spine_comp_004(cx: &mut Case) -> Step {
    let mut spine = cx.fresh_data(tool()).await?;
    spine.holds = Holds::ReadsOf(DISCOVERY);
    let read = its_discovery_read(cx, &mut spine).await?;
    let cmd = format!(
        r#"{{"{DISCOVERY}":[{{"entityInformation":[[{{"description":[{{"entityAddress":[{{"entity":["InvalidStringValue"]}}]}}]}}]]}}]}}"#
    );
    let counter = spine.respond(&read, "reply", Some(true), cmd).await;
    expect_no_result(&mut spine, counter, |number| number > 0).await
}

/// `[1-9][0-9]*\.[0-9]+\.[0-9]+` over the whole text.
fn is_version(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_number) && !parts[0].starts_with('0')
}

pub(super) async fn tc_spine_comp_005(cx: &mut Case) -> Step {
    let mut spine = established(cx).await?;
    let discovery = spine.read_node(DISCOVERY).await?;
    let versions: Vec<_> = discovery
        .data()
        .list("specificationVersionList.specificationVersion")
        .map(|version| version.0.as_str().unwrap_or_default())
        .collect();
    require(!versions.is_empty(), "the device lists its versions")?;
    for version in versions {
        require(is_version(version), format!("{version:?} is a version"))?;
    }
    let use_cases = spine.read_node(USE_CASES).await?;
    let mut supports = 0;
    for entry in use_cases.data().list("useCaseInformation") {
        for support in entry.list("useCaseSupport") {
            let version = support.text("useCaseVersion").unwrap_or_default();
            require(is_version(version), format!("{version:?} is a version"))?;
            let revision = support.text("useCaseDocumentSubRevision").unwrap_or_default();
            require(!revision.is_empty(), format!("{support} has a sub revision"))?;
            supports += 1;
        }
    }
    if supports == 0 {
        cx.remark("announces no use case");
    }
    for datagram in spine.log() {
        let version = datagram.header().text("specificationVersion").unwrap_or_default();
        require(is_version(version), format!("{version:?} in the header of {datagram}"))?;
    }
    Ok(())
}

pub(super) async fn tc_spine_comp_006(cx: &mut Case) -> Step {
    for version in ["TS1.3.0", "V0.3.0", "v0.3.0", "0.3.0", "2.0.0", "V1.3.0", "v1.3.0"] {
        let mut spine = cx.fresh_data(tool()).await?;
        let counter = spine.send_as(version, discovery_read()).await;
        spine.pass(SILENT).await;
        let answer = spine.log().iter().find(|d| d.reference == Some(counter));
        match answer {
            Some(answer) if answer.error().is_some_and(|number| number > 0) => {}
            Some(answer) if answer.is("reply", DISCOVERY) => {
                if !matches!(version, "V1.3.0" | "v1.3.0") {
                    cx.remark(format!("version {version} is served"));
                }
            }
            Some(answer) => return fail(format!("version {version} is answered by {answer}")),
            None if spine.is_closed() => {}
            None => return fail(format!("version {version} is met with silence")),
        }
        spine.ship.link.cut();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_three_numbers() {
        assert!(is_version("1.3.0") && is_version("1.999.999") && is_version("10.0.1"));
        for wrong in ["V1.3.0", "1.3", "1.0.1b", "0.3.0", "1.0.0 draft3", "1..0", ""] {
            assert!(!is_version(wrong), "{wrong}");
        }
    }
}
