//! What a user sees.

use std::time::Duration;

use fantoccini::key::Key;
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::browser::View;
use crate::stage::Stage;

/// CH-093.
const LATENCY: Duration = Duration::from_secs(1);
/// Everything that the browser loads before the page is whole, in bytes on the wire.
const WEIGHT: u64 = 60_000;
/// From the request to the first picture with a value in it.
const FIRST_PICTURE: Duration = Duration::from_millis(500);

/// One browser at a time: two of them disturb each other's times.
async fn alone() -> MutexGuard<'static, ()> {
    static STAGE: Mutex<()> = Mutex::const_new(());
    STAGE.lock().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and chromedriver"]
async fn a_day_on_a_phone() {
    a_day(View::PHONE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and chromedriver"]
async fn a_night_on_a_phone() {
    a_day(View::PHONE.dark()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and chromedriver"]
async fn a_day_at_a_desk() {
    a_day(View::DESK).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and chromedriver"]
async fn a_night_at_a_desk() {
    a_day(View::DESK.dark()).await;
}

/// The story of the page: limits come, a point of the past is looked at, the charger restarts.
async fn a_day(view: View) {
    let _alone = alone().await;
    let Stage { browser, manager, charger } = Stage::set(view).await;
    let name = view.name();

    // The shown current follows the energy manager.
    let mut slowest = Duration::ZERO;
    let limits = [
        (Some(10), "10 A: limited by energy manager"),
        (Some(13), "13 A: limited by energy manager"),
        (None, "16 A: limited by charger"),
        (Some(7), "7 A: limited by energy manager"),
    ];
    for (amps, sentence) in limits {
        manager.limit(amps);
        slowest = slowest.max(browser.until("sentence", |shown| shown == sentence).await);
    }
    println!("{name}: a limit is shown within {} ms", slowest.as_millis());
    assert!(slowest < LATENCY, "{slowest:?}");
    browser.until("ladder-h", |why| why == "Why 7 A?").await;
    browser
        .until("ladder", |ladder| ladder.starts_with("Energy manager") && ladder.contains("16 A"))
        .await;
    browser.until("read-current", |amps| amps == "7.0 · 7.0 · 7.0 A").await;
    browser.until("value", |power| power == "4.8").await;
    browser.picture(&format!("overview-{name}")).await;

    // A point of the past, chosen by keyboard.
    browser.until_true("return document.getElementById('scrub').max >= 8").await;
    browser.script("document.getElementById('scrub').focus()").await;
    for _ in 0..5 {
        browser.press(Key::Left).await;
    }
    browser.until("when", |when| when.starts_with("At ")).await;
    let spoken = browser.script("return document.getElementById('scrub').ariaValueText").await;
    let spoken = spoken.as_str().expect("it is said").replace('\u{a0}', " ");
    for part in ["At ", " kW, ", " kWh until then, ", " A, ", " A: "] {
        assert!(spoken.contains(part), "{part} is missing in {spoken:?}");
    }
    browser.picture(&format!("point-{name}")).await;
    browser.press(Key::Home).await;
    browser.until("read-energy", |energy| energy == "0.0 kWh until then").await;
    browser.press(Key::End).await;
    browser.until("when", |when| when == "Now").await;
    browser.press(Key::Left).await;
    browser.until("when", |when| when.starts_with("At ")).await;
    browser.press(Key::Escape).await;
    browser.until("when", |when| when == "Now").await;
    assert_eq!(browser.complaints().await, [""; 0]);

    // The charger restarts: what is shown is old, says so, and is new again by itself.
    let broken = async {
        browser.until("more", |more| more.starts_with("Last value, ")).await;
        assert_eq!(browser.script("return document.querySelectorAll('.old').length").await, 1);
        browser.picture(&format!("stale-{name}")).await;
        browser.until("word", |word| word == "No connection to charger").await;
        browser.picture(&format!("lost-{name}")).await;
    };
    let charger = charger.restart(broken).await;
    browser.until("word", |word| word == "Charging").await;
    browser.until("more", |more| !more.starts_with("Last value, ")).await;
    assert_eq!(browser.script("return document.querySelectorAll('.old').length").await, 0);

    // Nothing was wrong but the connection, and nobody else was asked for anything.
    for complaint in browser.complaints().await {
        let is_about_the_connection =
            complaint.contains("/api/v1/events - Failed to load resource: net::ERR_");
        assert!(is_about_the_connection, "{complaint}");
    }
    let requests = browser.requests().await;
    assert!(requests.len() > 10, "{requests:?}");
    for address in requests {
        assert!(
            address.starts_with(&charger.address()) || address.starts_with("data:"),
            "{address}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and chromedriver"]
async fn ch_089_a_point_is_chosen_by_mouse_and_by_finger() {
    let _alone = alone().await;
    let stage = Stage::set(View::PHONE).await;
    let browser = &stage.browser;
    browser.until_true("return document.getElementById('scrub').max >= 4").await;
    browser.script("document.getElementById('plot').scrollIntoView({ block: 'center' })").await;
    let plot =
        browser.script("return document.getElementById('plot').getBoundingClientRect()").await;
    let at = |name: &str| plot[name].as_f64().expect("it is a number");
    let point = |x: f64| json!({ "x": x, "y": at("top") + at("height") / 2.0 });
    let now = async || browser.until("when", |when| when == "Now").await;
    let chosen = async || browser.until("when", |when| when.starts_with("At ")).await;

    let mouse = async |kind: &str, x: f64| {
        let mut event = point(x);
        event["type"] = kind.into();
        event["button"] = "left".into();
        event["buttons"] = 1.into();
        event["clickCount"] = 1.into();
        browser.devtools("Input.dispatchMouseEvent", event).await;
    };
    mouse("mousePressed", at("width") / 2.0).await;
    chosen().await;
    mouse("mouseMoved", at("width") - 1.0).await;
    now().await;
    mouse("mouseMoved", 1.0).await;
    mouse("mouseReleased", 1.0).await;
    browser.until("read-energy", |energy| energy == "0.0 kWh until then").await;
    browser.click("#back").await;
    now().await;

    let finger = async |kind: &str, points: Value| {
        let event = json!({ "type": kind, "touchPoints": points });
        browser.devtools("Input.dispatchTouchEvent", event).await;
    };
    finger("touchStart", json!([point(at("width") / 2.0)])).await;
    finger("touchMove", json!([point(at("width") / 3.0)])).await;
    chosen().await;
    finger("touchEnd", json!([])).await;
    assert!(browser.text("when").await.starts_with("At "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and chromedriver"]
async fn ch_745_the_curve_is_a_table_too() {
    let _alone = alone().await;
    let stage = Stage::set(View::DESK).await;
    let browser = &stage.browser;
    browser.click("#shape").await;
    browser.until("table", |table| table.ends_with("limited by charger")).await;
    let header = browser.script("return document.querySelector('#table tr').innerText").await;
    assert_eq!(header, "Time\tPower\tEnergy\tCurrent\tLimit");
    browser.picture("table").await;
    browser.click("#shape").await;
    browser.until("table", str::is_empty).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and chromedriver"]
async fn ch_746_the_language_changes_without_a_reload_and_is_kept() {
    let _alone = alone().await;
    let Stage { browser, manager, charger } = Stage::set(View::PHONE).await;
    manager.limit(Some(10));
    browser.until("sentence", |shown| shown == "10 A: limited by energy manager").await;
    browser.script("window.isTheSame = true").await;
    browser.click("#language option[value=de]").await;
    browser.until("word", |word| word == "Lädt").await;
    assert_eq!(browser.text("sentence").await, "10 A: begrenzt durch Energiemanager");
    browser.until("read-current", |amps| amps == "10,0 · 10,0 · 10,0 A").await;
    assert_eq!(browser.script("return document.documentElement.lang").await, "de");
    assert_eq!(browser.script("return window.isTheSame").await, true);
    browser.picture("german").await;
    browser.open(&charger.address()).await;
    browser.until("word", |word| word == "Lädt").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and chromedriver"]
async fn ch_744_nothing_is_wider_than_the_narrowest_screen() {
    let _alone = alone().await;
    let stage = Stage::set(View { width: 320, is_dark: false }).await;
    let (browser, manager) = (&stage.browser, &stage.manager);
    manager.limit(Some(10));
    browser.until("sentence", |shown| shown == "10 A: limited by energy manager").await;
    for language in ["en", "de"] {
        browser.click(&format!("#language option[value={language}]")).await;
        let word = if language == "en" { "Charging" } else { "Lädt" };
        browser.until("word", |shown| shown == word).await;
        let width = browser.script("return document.documentElement.scrollWidth").await;
        assert_eq!(width, 320, "{language}");
        browser.picture(&format!("narrow-{language}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and chromedriver"]
async fn a_car_that_waits_and_a_car_that_is_gone_have_their_own_light() {
    let _alone = alone().await;
    let Stage { browser, manager, charger } = Stage::set(View::PHONE).await;
    let light = async || browser.script("return document.documentElement.dataset.light").await;
    assert_eq!(light().await, "green");

    manager.limit(Some(0));
    browser.until("word", |word| word == "Paused by energy manager").await;
    browser.until("caption", |caption| caption == "Since").await;
    assert_eq!(light().await, "blue");
    assert_eq!(browser.text("sentence").await, "0 A: limited by energy manager");
    assert_eq!(browser.text("ladder-h").await, "Why no current?");
    manager.limit(None);
    browser.until("word", |word| word == "Charging").await;

    charger.handle.pause();
    browser.until("word", |word| word == "Paused").await;
    assert_eq!(browser.text("sentence").await, "Paused by you");
    browser.picture("paused").await;
    charger.handle.resume();

    charger.unplug().await;
    browser.until("word", |word| word == "No vehicle").await;
    assert_eq!(light().await, "white");
    assert_eq!(browser.text("progress").await, "");
    browser.picture("idle").await;
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and chromedriver"]
async fn the_page_is_small_and_quick() {
    const MEASURE: &str = "
        const done = arguments[0];
        const loads = performance.getEntriesByType('resource')
            .concat(performance.getEntriesByType('navigation'))
            .filter(({ name }) => !name.includes('/api/'));
        const weight = loads.reduce((sum, { transferSize }) => sum + transferSize, 0);
        new PerformanceObserver((list) => {
            const first = list.getEntries().find(({ element }) => element?.closest('.hero'));
            if (first) done({ weight, loads: loads.length, first: first.startTime });
        }).observe({ type: 'largest-contentful-paint', buffered: true });";
    let _alone = alone().await;
    let stage = Stage::set(View::PHONE).await;
    let (browser, charger) = (&stage.browser, &stage.charger);
    // The stage has opened it before; nothing of that counts.
    browser.devtools("Network.setCacheDisabled", json!({ "cacheDisabled": true })).await;
    let mut first = Duration::MAX;
    // The machine may be busy with something else.
    for _ in 0..3 {
        browser.open(&charger.address()).await;
        let measured = browser.page.execute_async(MEASURE, Vec::new()).await.expect("it measures");
        let weight = measured["weight"].as_u64().expect("it is a sum");
        let picture =
            Duration::from_secs_f64(measured["first"].as_f64().expect("it is a time") / 1e3);
        println!(
            "{} files, {weight} bytes; first picture after {} ms",
            measured["loads"],
            picture.as_millis()
        );
        assert!(weight > 10_000, "the page was not loaded: {weight}");
        assert!(weight < WEIGHT, "{weight}");
        first = first.min(picture);
    }
    assert!(first < FIRST_PICTURE, "{first:?}");
}

/// The pairs of the design's table, and how much they have to differ at least (WCAG 2.2).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and chromedriver"]
async fn ch_745_text_and_marks_can_be_told_from_what_is_behind_them() {
    const MEASURE: &str = "
        const style = getComputedStyle(document.documentElement);
        const channel = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        const light = (name) => {
            const hex = style.getPropertyValue(name).trim();
            const [r, g, b] = [1, 3, 5].map((i) => channel(parseInt(hex.slice(i, i + 2), 16) / 255));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        return arguments[0].map(([a, b]) => {
            const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
            return (high + 0.05) / (low + 0.05);
        });";
    let mut pairs = vec![
        ("--ink".to_owned(), "--page".to_owned(), 7.0),
        ("--ink-2".into(), "--page".into(), 4.5),
        ("--amber-deep".into(), "--amber-wash".into(), 4.5),
        ("--edge".into(), "--page".into(), 3.0),
        ("--white-deep".into(), "--page".into(), 3.0),
    ];
    for light in ["green", "blue", "red", "white", "off"] {
        pairs.push(("--on-field".into(), format!("--{light}-field"), 7.0));
        pairs.push(("--on-field".into(), format!("--{light}-hill"), 4.5));
        pairs.push(("--on-field-2".into(), format!("--{light}-field"), 4.5));
        pairs.push((format!("--{light}-deep"), "--page".into(), 4.5));
    }
    for light in ["green", "blue", "red"] {
        pairs.push((format!("--{light}-line"), "--page".into(), 3.0));
    }
    let _alone = alone().await;
    let stage = Stage::set(View::DESK).await;
    let browser = &stage.browser;
    for view in [View::DESK, View::DESK.dark()] {
        browser.show(view).await;
        let names: Vec<_> = pairs.iter().map(|(front, back, _)| json!([front, back])).collect();
        let ratios = browser.page.execute(MEASURE, vec![Value::from(names)]).await;
        let ratios = ratios.expect("the tokens are colours");
        for (i, (front, back, least)) in pairs.iter().enumerate() {
            let ratio = ratios[i].as_f64().expect("it is a ratio");
            assert!(ratio >= *least, "{front} on {back}, {}: {ratio:.1}", view.name());
        }
    }
}
