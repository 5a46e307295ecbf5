//! Asks a running charger through the socket in its state directory.

use core::time::Duration;
use std::io;
use std::path::{Path, PathBuf};

use axum::body::Body;
use http_body_util::{BodyExt, Limited};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use ship::Ski;
use tokio::net::UnixStream;

use super::Failure;
use crate::api::socket;

/// A charger that does not answer within this time hangs.
const PATIENCE: Duration = Duration::from_secs(20);
/// More than any document has.
const MOST: usize = 1024 * 1024;

/// The way to the charger of a state directory.
#[derive(Debug)]
pub(super) struct Client {
    state_dir: PathBuf,
}

impl Client {
    pub(super) fn new(state_dir: &Path) -> Self {
        Self { state_dir: state_dir.to_owned() }
    }

    /// The document of `GET /status` as it came.
    pub(super) async fn status(&self) -> Result<String, Failure> {
        self.ask(Method::GET, "status", None).await
    }

    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let text = self.ask(Method::POST, path, None).await?;
        serde_json::from_str(&text).map_err(Failure::new)
    }

    pub(super) async fn trust(&self, ski: Ski) -> Result<(), Failure> {
        let body = json!({ "ski": ski.to_string() });
        self.ask(Method::POST, "eebus/pair", Some(body)).await.map(drop)
    }

    pub(super) async fn untrust(&self, ski: Ski) -> Result<(), Failure> {
        self.ask(Method::DELETE, &format!("eebus/{ski}"), None).await.map(drop)
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<String, Failure> {
        let answer = tokio::time::timeout(PATIENCE, self.exchange(method, path, body));
        let (ok, text) = match answer.await {
            Ok(exchanged) => exchanged?,
            Err(_) => return Err(Failure::new("the charger does not answer")),
        };
        if ok { Ok(text) } else { Err(Failure::new(problem(&text))) }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(bool, String), Failure> {
        let stream = self.connect().await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(Failure::new)?;
        // Its errors come out of the request as well.
        tokio::spawn(connection);

        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1/{path}"))
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .map_err(Failure::new)?;
        let response = sender.send_request(request).await.map_err(Failure::new)?;
        let ok = response.status().is_success();
        let body =
            Limited::new(response.into_body(), MOST).collect().await.map_err(Failure::new)?;
        let text = String::from_utf8(body.to_bytes().into()).map_err(Failure::new)?;
        Ok((ok, text))
    }

    async fn connect(&self) -> Result<UnixStream, Failure> {
        use io::ErrorKind::{ConnectionRefused, NotFound};
        let connected = UnixStream::connect(socket::path(&self.state_dir)).await;
        connected.map_err(|error| {
            let dir = self.state_dir.display();
            match error.kind() {
                NotFound | ConnectionRefused => Failure {
                    code: Failure::NOT_RUNNING,
                    text: format!(
                        "no charger runs in {dir}; start one with `eebus-charger run`, or name its \
                         directory with --state-dir"
                    ),
                },
                _ => Failure::new(format!("cannot reach the charger in {dir}: {error}")),
            }
        })
    }
}

/// The problem document in one line.
fn problem(text: &str) -> String {
    let problem: Value = serde_json::from_str(text).unwrap_or_default();
    let field = |name: &str| problem.get(name).and_then(Value::as_str);
    match (field("title"), field("detail")) {
        (Some(title), Some(detail)) => format!("{title}: {detail}"),
        (Some(title), None) => title.into(),
        _ => format!("the charger refuses: {text}"),
    }
}
