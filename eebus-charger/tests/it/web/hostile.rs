//! Clients that mean no good: each is answered or cut off, needs no more than its share, and the
//! charger charges on.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::client::TlsStream;

use super::{SECONDS, charger};
use crate::https::{Browser, HERE, tcp, tls};
use crate::program::Charger;

/// The most that any of this may cost, in KiB.
const MEMORY: u64 = 16 * 1024;

/// Another address of this machine.
fn neighbour(number: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 1, number).into()
}

/// A charger that charges, its web, and what it occupies.
fn charging() -> (Charger, String, u64) {
    let (charger, web) = charger(&["--sim-plug", "0", "--sim-speed", "20"]);
    charger.until(SECONDS(20), |status| status["state"] == "charging");
    let resident = charger.resident();
    (charger, web, resident)
}

/// The charger charges as before, answers at once, and is not much larger.
fn unimpressed(charger: &Charger, resident: u64) {
    let asked = Instant::now();
    let status = charger.status();
    assert!(asked.elapsed() < SECONDS(2), "{:?}", asked.elapsed());
    assert_eq!(status["state"], "charging");
    assert_eq!(status["offered_ma"], serde_json::json!([16_000, 16_000, 16_000]));
    assert_eq!(status["stale"], false);
    let now = charger.resident();
    assert!(now < resident + MEMORY, "{resident} KiB before, {now} KiB now");
}

/// Whether the other side ends the connection in time, whatever it says before.
async fn is_cut_off(stream: &mut (impl AsyncRead + Unpin), patience: Duration) -> bool {
    let mut buffer = [0; 4096];
    let end = async { while matches!(stream.read(&mut buffer).await, Ok(1..)) {} };
    timeout(patience, end).await.is_ok()
}

/// Sends this and returns the status of the answer; 0 if there is none.
async fn answer(web: &str, request: &[u8]) -> u16 {
    let mut stream = tls(HERE, web).await.expect("it listens");
    // The server may have heard enough before all is sent.
    let _ = stream.write_all(request).await;
    status(&mut stream).await
}

async fn status(stream: &mut TlsStream<TcpStream>) -> u16 {
    let mut head = [0; 12];
    let read = timeout(SECONDS(5), stream.read_exact(&mut head)).await.expect("it answers");
    let text = read.ok().and_then(|_| std::str::from_utf8(&head).ok()).unwrap_or_default();
    text.strip_prefix("HTTP/1.1 ").and_then(|status| status.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn who_takes_for_ever_is_cut_off() {
    let (charger, web, resident) = charging();
    let mut slow = JoinSet::new();
    for number in 0..8 {
        let web = web.clone();
        // A head that comes byte by byte.
        slow.spawn(async move {
            let mut stream = tls(neighbour(number), &web).await.expect("it listens");
            let (mut reading, mut writing) = tokio::io::split(&mut stream);
            let drip = async {
                for byte in b"GET / HTTP/1.1\r\nX-Slow: ".iter().chain(std::iter::repeat(&b'a')) {
                    if writing.write_all(&[*byte]).await.is_err() {
                        break;
                    }
                    sleep(Duration::from_millis(200)).await;
                }
            };
            let cut_off = is_cut_off(&mut reading, SECONDS(20));
            tokio::select! { cut_off = cut_off => cut_off, () = drip => true }
        });
    }
    for number in 0..8 {
        // Nothing at all: neither TLS, nor a request, nor a second request.
        let here = web.clone();
        slow.spawn(async move {
            let mut stream = tcp(neighbour(number), &here).await.expect("it listens");
            is_cut_off(&mut stream, SECONDS(20)).await
        });
        let here = web.clone();
        slow.spawn(async move {
            let mut stream = tls(neighbour(number), &here).await.expect("it listens");
            is_cut_off(&mut stream, SECONDS(20)).await
        });
        let here = web.clone();
        slow.spawn(async move {
            let mut stream = tls(neighbour(number), &here).await.expect("it listens");
            let request = format!("GET /api/v1/health HTTP/1.1\r\nHost: {here}\r\n\r\n");
            stream.write_all(request.as_bytes()).await.expect("it reads");
            is_cut_off(&mut stream, SECONDS(20)).await
        });
    }
    sleep(SECONDS(2)).await;
    assert_eq!(
        Browser::open(&web)
            .await
            .expect("there is room")
            .get("/")
            .await
            .expect("it answers")
            .status,
        200
    );
    unimpressed(&charger, resident);
    while let Some(cut_off) = slow.join_next().await {
        assert!(cut_off.expect("nobody panics"));
    }
    unimpressed(&charger, resident);
}

#[tokio::test]
async fn who_asks_and_never_reads_is_cut_off() {
    let (charger, web, resident) = charging();
    let mut stream = tls(neighbour(1), &web).await.expect("it listens");
    let request = format!("GET / HTTP/1.1\r\nHost: {web}\r\n\r\n").repeat(100);
    let start = Instant::now();
    // It takes requests as long as its answers are taken, and then no more.
    while timeout(SECONDS(2), stream.write_all(request.as_bytes()))
        .await
        .is_ok_and(|sent| sent.is_ok())
    {
        assert!(start.elapsed() < SECONDS(20), "it buffers without end");
    }
    unimpressed(&charger, resident);
    let ended = async {
        while charger.open_files() > 0 && stream.get_ref().0.take_error().is_ok_and(|e| e.is_none())
        {
            if stream.write_all(b"GET / HTTP/1.1\r\n").await.is_err() {
                break;
            }
        }
    };
    timeout(SECONDS(25), ended).await.expect("it is cut off");
    unimpressed(&charger, resident);
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let (charger, web, resident) = charging();
    let get = |rest: &str| format!("GET / HTTP/1.1\r\nHost: {web}\r\n{rest}\r\n");
    let long = "a".repeat(20_000);
    let cases = [
        (get(&format!("X: {long}\r\n")), 431),
        (get(&"X: a\r\n".repeat(101)), 431),
        (format!("GET /{long} HTTP/1.1\r\nHost: {web}\r\n\r\n"), 431),
        (long.clone(), 431),
        (get("Content-Length: 65537\r\n"), 413),
        (get("Content-Length: 18446744073709551613\r\n"), 413),
        (get("Content-Length: 18446744073709551615\r\n"), 431),
        (get("Content-Length: 99999999999999999999\r\n"), 400),
        (get("Content-Length: 1\r\nContent-Length: 2\r\n"), 400),
        (get("Transfer-Encoding: gzip\r\n"), 400),
        (get(""), 200),
    ];
    for (request, expected) in cases {
        let shown: String = request.chars().take(80).collect();
        assert_eq!(answer(&web, request.as_bytes()).await, expected, "{shown:?}");
    }

    // A body without end: it is answered at once and not read.
    let mut stream = tls(HERE, &web).await.expect("it listens");
    let head = format!("POST /api/v1/eebus/pair HTTP/1.1\r\nHost: {web}\r\n");
    let head = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("it reads");
    assert_eq!(status(&mut stream).await, 403);
    let (mut reading, mut writing) = tokio::io::split(stream);
    let chunk = format!("1000\r\n{}\r\n", "b".repeat(0x1000));
    let endless = async { while writing.write_all(chunk.as_bytes()).await.is_ok() {} };
    let cut_off = is_cut_off(&mut reading, SECONDS(5));
    assert!(tokio::select! { cut_off = cut_off => cut_off, () = endless => true });
    unimpressed(&charger, resident);
}

#[tokio::test]
async fn there_is_no_way_out_of_the_assets() {
    let (charger, web, resident) = charging();
    for path in [
        "/assets/",
        "/assets/app.js",
        "/assets/../Cargo.toml",
        "/assets/..%2fCargo.toml",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets//etc/passwd",
        "/assets/..\\..\\etc\\passwd",
        "/../../../../etc/passwd",
        "//etc/passwd",
        "/index.html",
        "/%00",
        "/assets/app.js%00.css",
        "/api/v1/../v1/status",
        "/api/v1/%2e%2e/v1/status",
        "/web.pem",
        "/identity.pem",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {web}\r\n\r\n");
        let status = answer(&web, request.as_bytes()).await;
        assert!([400, 404].contains(&status), "{path}: {status}");
    }
    unimpressed(&charger, resident);
}

#[tokio::test]
async fn ch_673_foreign_names_and_pages_are_refused() {
    let (charger, web, resident) = charging();
    let mut browser = Browser::open(&web).await.expect("it listens");
    let port = web.rsplit_once(':').expect("a port").1;
    let own = format!("localhost:{port}");
    let origin = format!("https://{own}");
    let status = "/api/v1/status";
    let cases: [(&[(&str, &str)], u16); 9] = [
        (&[("host", &own)], 200),
        (&[("host", &own), ("origin", &origin)], 200),
        (&[("host", "evil.example")], 421),
        (&[("host", "192.0.2.1")], 421),
        (&[("host", "127.0.0.1.evil.example")], 421),
        (&[("host", "")], 400),
        (&[("host", &own), ("origin", "https://evil.example")], 403),
        (&[("host", &own), ("origin", "null")], 403),
        (&[("host", &own), ("sec-fetch-site", "cross-site")], 403),
    ];
    for (headers, expected) in cases {
        let answer = browser.ask("GET", status, headers).await.expect("it answers");
        assert_eq!(answer.status, expected, "{headers:?}");
        assert!(answer.header("access-control-allow-origin").is_empty());
    }
    unimpressed(&charger, resident);
}

#[tokio::test]
async fn what_is_no_http_is_cut_off() {
    let (charger, web, resident) = charging();
    let noise: Vec<u8> =
        (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let plain = format!("GET / HTTP/1.1\r\nHost: {web}\r\n\r\n");
    for bytes in [&noise[..], plain.as_bytes(), &[0x16, 3, 1, 0xff, 0xff], &[0x80; 64]] {
        let mut stream = tcp(HERE, &web).await.expect("it listens");
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        assert!(is_cut_off(&mut stream, SECONDS(15)).await);
    }
    for text in [
        "\r\n\r\n\r\n\r\n ",
        "GET\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\0\0\0\0\0\0\0\0\r\n\r\n",
    ] {
        let mut stream = tls(HERE, &web).await.expect("it listens");
        let _ = stream.write_all(text.as_bytes()).await;
        assert!(is_cut_off(&mut stream, SECONDS(15)).await, "{text:?}");
    }
    unimpressed(&charger, resident);
}

#[tokio::test]
async fn ten_thousand_connections_find_a_few_inside_and_the_rest_outside() {
    const AT_ONCE: usize = 500;
    let (charger, web, resident) = charging();
    let files = charger.open_files();
    let mut most = 0;
    for wave in 0..10_000 / AT_ONCE {
        let mut crowd = JoinSet::new();
        for number in 0..AT_ONCE {
            let web = web.clone();
            let from = neighbour((number % 250) as u8);
            crowd.spawn(async move { tcp(from, &web).await });
        }
        let crowd = crowd.join_all().await;
        assert!(crowd.iter().all(Result::is_ok), "wave {wave}: the door is shut, not gone");
        most = most.max(charger.open_files());
        if wave % 5 == 0 {
            unimpressed(&charger, resident);
        }
    }
    assert!(most <= files + 128 + 8, "{files} files before, {most} at most");
    unimpressed(&charger, resident);
    let mut browser = None;
    let begin = Instant::now();
    while browser.is_none() {
        assert!(begin.elapsed() < SECONDS(15), "nobody is let in any more");
        browser = Browser::open(&web).await.ok();
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(browser.expect("it is in").get("/").await.expect("it answers").status, 200);
}

#[tokio::test]
async fn one_address_leaves_room_for_others() {
    let (charger, web, resident) = charging();
    let mut inside = Vec::new();
    for _ in 0..32 {
        inside.push(Browser::open_from(neighbour(1), &web).await.expect("there is room"));
    }
    for _ in 0..10 {
        assert!(Browser::open_from(neighbour(1), &web).await.is_err(), "the 33rd");
    }
    assert!(Browser::open_from(neighbour(2), &web).await.is_ok());
    inside.pop();
    let again = async {
        while Browser::open_from(neighbour(1), &web).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SECONDS(5), again).await.expect("there is room again");
    unimpressed(&charger, resident);
}

#[tokio::test]
async fn streams_that_nobody_reads_are_bounded() {
    let (charger, web, resident) = charging();
    let request = format!("GET /api/v1/events HTTP/1.1\r\nHost: {web}\r\n\r\n");
    let mut asleep = Vec::new();
    // A few more than there is room for: of those that are heard late, one may find it taken by
    // the browser that looks.
    for number in 0..70 {
        let mut stream = tls(neighbour(number % 4), &web).await.expect("there is room");
        stream.write_all(request.as_bytes()).await.expect("it reads");
        asleep.push(stream);
    }
    let mut browser = Browser::open(&web).await.expect("there is room");
    let begin = Instant::now();
    // The last ones may not have been heard yet.
    while browser.begin("GET", "/api/v1/events", &[]).await.expect("it answers").status() != 503 {
        assert!(begin.elapsed() < SECONDS(5), "there is no end to the streams");
        browser = Browser::open(&web).await.expect("there is room");
    }
    sleep(SECONDS(3)).await;
    unimpressed(&charger, resident);
    assert_eq!(browser.get("/").await.expect("it answers").status, 200);

    drop(asleep);
    let begin = Instant::now();
    while browser.begin("GET", "/api/v1/events", &[]).await.expect("it answers").status() != 200 {
        assert!(begin.elapsed() < SECONDS(5), "there is no room for a stream again");
        sleep(Duration::from_millis(100)).await;
        browser = Browser::open(&web).await.expect("there is room");
    }
}
