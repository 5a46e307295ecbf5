//! A browser: what it shows, what it is told to do, and what it complained about.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, geteuid, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

/// How long the page may take for anything that has no bound of its own.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a change of the light takes, and a little more.
const CALM: Duration = Duration::from_millis(500);
/// How often the page is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// What the page is looked at with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) width: u32,
    pub(crate) is_dark: bool,
}

impl View {
    pub(crate) const PHONE: Self = Self { width: 360, is_dark: false };
    pub(crate) const DESK: Self = Self { width: 1440, is_dark: false };

    pub(crate) const fn dark(self) -> Self {
        Self { is_dark: true, ..self }
    }

    /// The name of the view in the names of pictures.
    pub(crate) fn name(self) -> String {
        format!("{}-{}", self.width, if self.is_dark { "dark" } else { "light" })
    }
}

/// A browser with one window. Everything that belongs to it ends when it is dropped.
pub(crate) struct Browser {
    pub(crate) page: Client,
    _driver: Driver,
}

/// chromedriver and the browsers that it starts: a process group and its temporary files.
struct Driver {
    process: Child,
    _place: TempDir,
}

impl Browser {
    pub(crate) async fn start(view: View) -> Self {
        let (driver, port) = Driver::start();
        let mut arguments = vec![
            "--headless=new",
            "--disable-gpu",
            // Only what a test asks for: no updates, no services of the vendor.
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            // Containers have little shared memory.
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ];
        if geteuid().is_root() {
            // Chromium does not run as root with its sandbox.
            arguments.push("--no-sandbox");
        }
        let capabilities = json!({
            "acceptInsecureCerts": true,
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "goog:chromeOptions": {
                "args": arguments,
                "prefs": { "intl.accept_languages": "en-US" },
            },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("it is one") };
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("chromedriver starts a Chromium of its own version");
        let browser = Self { page, _driver: driver };
        browser.show(view).await;
        browser
    }

    /// Changes what the page is looked at with.
    pub(crate) async fn show(&self, view: View) {
        let is_phone = view.width < 600;
        let size = json!({
            "width": view.width,
            "height": if is_phone { 800 } else { 900 },
            "deviceScaleFactor": 1,
            "mobile": is_phone,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if view.is_dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    pub(crate) async fn open(&self, address: &str) {
        self.page.goto(address).await.expect("the page opens");
    }

    /// What a script returns.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.page.execute(script, Vec::new()).await.expect("the script runs")
    }

    /// The text of an element as it is shown, on one line; empty if it is hidden.
    pub(crate) async fn text(&self, id: &str) -> String {
        let script = format!(
            "const element = document.getElementById('{id}');
            return element.checkVisibility() ? element.innerText : '';"
        );
        let text = self.script(&script).await;
        let words = text.as_str().expect("an element has a text").split_whitespace();
        // Places where a word may be broken are not seen.
        words.collect::<Vec<_>>().join(" ").replace('\u{ad}', "")
    }

    /// Waits until an element shows what is expected, and says how long that took.
    pub(crate) async fn until(&self, id: &str, is_shown: impl Fn(&str) -> bool) -> Duration {
        let start = Instant::now();
        loop {
            let text = self.text(id).await;
            if is_shown(&text) {
                return start.elapsed();
            }
            assert!(start.elapsed() < PATIENCE, "#{id} shows {text:?} after {PATIENCE:?}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until a script returns `true`.
    pub(crate) async fn until_true(&self, script: &str) {
        let start = Instant::now();
        while self.script(script).await != true {
            assert!(start.elapsed() < PATIENCE, "not so after {PATIENCE:?}: {script}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Presses a key in the element that has the focus.
    pub(crate) async fn press(&self, key: Key) {
        let element = self.page.active_element().await.expect("something has the focus");
        element.send_keys(&char::from(key).to_string()).await.expect("it takes keys");
    }

    pub(crate) async fn click(&self, selector: &str) {
        let element = self.page.find(Locator::Css(selector)).await.expect("it is there");
        element.click().await.expect("it can be clicked");
    }

    /// Keeps a picture of the whole page.
    pub(crate) async fn picture(&self, name: &str) {
        tokio::time::sleep(CALM).await;
        let whole = json!({ "captureBeyondViewport": true });
        let answer = self.devtools("Page.captureScreenshot", whole).await;
        let data = answer["data"].as_str().expect("it is a picture");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        let picture = STANDARD.decode(data).expect("it is base64");
        std::fs::write(folder.join(format!("{name}.png")), picture).expect("it can be kept");
    }

    /// What the browser logged as an error since the last call.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.log("browser").await;
        let errors = log.iter().filter(|entry| entry["level"] == "SEVERE");
        errors.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Where the page has sent requests since the last call.
    pub(crate) async fn requests(&self) -> Vec<String> {
        let log = self.log("performance").await;
        let events = log
            .iter()
            .filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok());
        let sent = events.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
        sent.filter_map(|event| {
            Some(event["message"]["params"]["request"]["url"].as_str()?.to_owned())
        })
        .collect()
    }

    async fn log(&self, kind: &str) -> Vec<Value> {
        let log = self.command("se/log", json!({ "type": kind })).await;
        log.as_array().expect("a log has entries").clone()
    }

    /// A command of Chromium's own protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.command("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    async fn command(&self, path: &'static str, body: Value) -> Value {
        let command = Own { path, body };
        self.page.issue_cmd(command).await.expect("chromedriver knows the command")
    }
}

impl Driver {
    /// Starts chromedriver on a free port.
    fn start() -> (Self, u16) {
        let place = tempfile::tempdir().expect("a temporary directory");
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .env("TMPDIR", place.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("chromedriver is installed");
        let printed = BufReader::new(process.stdout.take().expect("it is piped"));
        let port = printed.lines().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        (Self { process, _place: place }, port.expect("it says where it listens"))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The browsers are in the same group. Nothing of it may be left, also after a panic.
        let _ = kill_process_group(Pid::from_child(&self.process), Signal::KILL);
        let _ = self.process.wait();
    }
}

/// A command that is not in the standard.
#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
