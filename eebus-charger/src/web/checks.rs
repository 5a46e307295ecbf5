//! What every request has to pass, and what every answer carries.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, HOST, HeaderName, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::api::{BODY, Problem};

/// The headers of CH-683. No HSTS while the certificate is self-signed (CH-672).
const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// The address of ours that a connection came to, and the names that this machine goes by.
#[derive(Clone, Debug)]
pub(super) struct Here {
    pub(super) address: IpAddr,
    pub(super) names: Vec<String>,
}

impl Here {
    /// Whether a request is for us: for a name of ours, or for the very address that it came to.
    /// A page of somebody else whose name leads here by a trick of DNS is not (CH-673).
    pub(super) fn is(&self, host: &str) -> bool {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        match bare.parse::<IpAddr>() {
            Ok(address) => address.to_canonical() == self.address.to_canonical(),
            Err(_) => {
                let host = bare.strip_suffix('.').unwrap_or(bare);
                self.names.iter().any(|name| name.eq_ignore_ascii_case(host))
                    || (host.eq_ignore_ascii_case("localhost") && self.address.is_loopback())
            }
        }
    }
}

/// The checks, and the headers on whatever comes out.
pub(super) async fn checked(
    Extension(here): Extension<Arc<Here>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match check(&here, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    for (name, value) in HEADERS {
        let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
        response.headers_mut().insert(name, value);
    }
    response
}

fn check(here: &Here, request: &Request) -> Result<(), Problem> {
    let authority = authority(request)?;
    if !here.is(authority.host()) {
        return Err(Problem::MISDIRECTED);
    }
    let own_origin = |origin: &HeaderValue| {
        let origin = origin.to_str().ok().and_then(|origin| origin.strip_prefix("https://"));
        origin.is_some_and(|origin| origin.eq_ignore_ascii_case(authority.as_str()))
    };
    if !request.headers().get_all(ORIGIN).into_iter().all(own_origin) {
        return Err(Problem::FOREIGN_ORIGIN);
    }
    // A link from elsewhere may lead to the page; nobody else's page reads the API.
    let site = request.headers().get("sec-fetch-site").map(HeaderValue::as_bytes);
    let is_foreign = site.is_some_and(|site| site != b"same-origin" && site != b"none");
    if is_foreign && request.uri().path().starts_with("/api/") {
        return Err(Problem::FOREIGN_ORIGIN);
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return Err(Problem::READ_ONLY);
    }
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if length
        .and_then(|length| length.parse::<u64>().ok())
        .is_some_and(|length| length > BODY as u64)
    {
        return Err(Problem::TOO_LARGE);
    }
    Ok(())
}

/// Whom a request is for: exactly one.
pub(super) fn authority(request: &Request) -> Result<Authority, Problem> {
    let mut hosts = request.headers().get_all(HOST).into_iter();
    let (host, more) = (hosts.next(), hosts.next());
    let named =
        host.and_then(|host| host.to_str().ok()).and_then(|host| host.parse::<Authority>().ok());
    match (request.uri().authority(), named, more) {
        (Some(target), Some(host), None) if *target == host => Ok(host),
        (None, Some(host), None) if !host.as_str().contains('@') => Ok(host),
        _ => Err(Problem::UNREADABLE.detail("the request does not say for which host it is")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(address: &str) -> Here {
        let names = ["charger".into(), "charger.local".into()];
        Here { address: address.parse().expect("it is an address"), names: names.into() }
    }

    fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(axum::body::Body::empty()).expect("it is a request")
    }

    fn status(method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
        match check(&here("192.168.1.7"), &request(method, path, headers)) {
            Ok(()) => 200,
            Err(problem) => problem.status().as_u16(),
        }
    }

    #[test]
    fn ch_673_only_own_names_and_the_own_address_are_served() {
        let here = here("192.168.1.7");
        for own in ["192.168.1.7", "charger", "CHARGER.local", "charger.local."] {
            assert!(here.is(own), "{own}");
        }
        for foreign in ["192.168.1.8", "evil.example", "charger.evil.example", "localhost", ""] {
            assert!(!here.is(foreign), "{foreign}");
        }
        assert!(self::here("127.0.0.1").is("localhost"));
        assert!(self::here("::1").is("[::1]") && self::here("::1").is("localhost"));
        assert!(self::here("::ffff:10.0.0.2").is("10.0.0.2"));
    }

    #[test]
    fn a_request_is_for_one_host() {
        let own = ("host", "charger.local:8443");
        assert_eq!(status("GET", "/", &[own]), 200);
        assert_eq!(status("GET", "/", &[]), 400);
        assert_eq!(status("GET", "/", &[own, own]), 400);
        assert_eq!(status("GET", "/", &[("host", "char ger")]), 400);
        assert_eq!(status("GET", "/", &[("host", "user@charger.local")]), 400);
        assert_eq!(status("GET", "https://charger.local:8443/", &[own]), 200);
        assert_eq!(status("GET", "https://evil.example/", &[own]), 400);
        assert_eq!(status("GET", "/", &[("host", "evil.example")]), 421);
    }

    #[test]
    fn nobody_elses_page_reads_the_api() {
        let own = ("host", "charger.local:8443");
        let api = |header| status("GET", "/api/v1/status", &[own, header]);
        assert_eq!(api(("origin", "https://charger.local:8443")), 200);
        for origin in ["https://evil.example", "null", "http://charger.local:8443", ""] {
            assert_eq!(api(("origin", origin)), 403, "{origin}");
        }
        assert_eq!(api(("sec-fetch-site", "same-origin")), 200);
        assert_eq!(api(("sec-fetch-site", "none")), 200);
        assert_eq!(api(("sec-fetch-site", "cross-site")), 403);
        assert_eq!(status("GET", "/", &[own, ("sec-fetch-site", "cross-site")]), 200, "a link");
    }

    #[test]
    fn without_a_login_nothing_is_changed() {
        let own = ("host", "192.168.1.7");
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            assert_eq!(status(method, "/api/v1/charge/pause", &[own]), 403, "{method}");
        }
        assert_eq!(status("HEAD", "/", &[own]), 200);
        assert_eq!(status("GET", "/", &[own, ("content-length", "65537")]), 413);
    }
}
