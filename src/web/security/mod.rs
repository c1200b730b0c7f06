//! The lock in front of every door. Each request, to any address, must name this server, must not come from another
//! site, must not be too large, and must carry the launch token or a session. Only then is it routed.

pub mod headers;
mod host;
pub(crate) mod limits;
pub mod origin;
pub mod password;
pub mod redirect;
mod session;
pub mod token;

use std::net::SocketAddr;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HOST, HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, web};

use crate::error::WebError;
use crate::mounted::Mount;
use host::HostRule;
use password::Attempts;
use tator_domain::{Clock, SystemClock};
use token::LaunchToken;

pub use limits::BodyLimits;
pub use session::Sessions;

/// Everything that decides whether a request may pass.
#[derive(Debug)]
pub struct Lock {
    hosts: HostRule,
    /// Origin of the pages a proxy shows for us, when it is known.
    pub public_origin: Option<String>,
    token: LaunchToken,
    limits: BodyLimits,
    /// Sessions that were opened with the token or the password.
    pub sessions: Sessions,
    /// Argon2id hash, when there is a password.
    pub password_hash: Option<String>,
    /// Wrong passwords of late.
    pub attempts: Attempts,
}

/// The request may not pass without the token or the password.
pub(crate) const UNAUTHORISED: &str = "unauthorised";

impl Lock {
    /// For a server on `listen`, known under `names` as well; `sessions` of this address.
    #[must_use]
    pub fn new(
        listen: SocketAddr,
        names: &[String],
        token: LaunchToken,
        password_hash: Option<String>,
        sessions: Sessions,
        limits: BodyLimits,
    ) -> Self {
        Self {
            hosts: HostRule::new(listen, names),
            public_origin: None,
            token,
            limits,
            sessions,
            password_hash,
            attempts: Attempts::default(),
        }
    }

    /// Host, origin and size: what every request must satisfy, with and without a token.
    fn check_manners(&self, request: &ServiceRequest) -> Result<(), WebError> {
        if !self.hosts.allows_request(request) {
            return Err(WebError::new(
                StatusCode::FORBIDDEN,
                "forbidden_host",
                "this server does not answer to that host name",
            )
            .hint("open the launch URL as it was printed; for another name start the server with --allow-host NAME"));
        }
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let own: Vec<&str> = [host].into_iter().chain(self.public_origin.as_deref()).collect();
        if let Some(reason) = origin::refusal(request.method(), request.path(), request.headers(), &own) {
            return Err(WebError::new(StatusCode::FORBIDDEN, "forbidden_origin", format!("refused: {reason}"))
                .hint("requests must come from Tator's own pages, or from a program with a bearer token"));
        }
        self.limits.check(request.path(), request.headers())
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        token::bearer(headers).is_some_and(|secret| self.token.matches(secret))
            || self.sessions.admits(headers, SystemClock.now())
    }

    /// A page address with a token: the token becomes a cookie and leaves the address bar.
    fn exchange(&self, request: &ServiceRequest) -> Option<HttpResponse> {
        if request.method() != Method::GET || !origin::is_page(request.path()) {
            return None;
        }
        let (secret, rest) = split_token(request.query_string())?;
        let set_cookie = if self.token.matches(secret) {
            Some(self.sessions.open(SystemClock.now(), &Mount::of(request)).ok()?)
        } else if self.knows(request.headers()) {
            None
        } else {
            return None;
        };
        let path = redirect::local_path(request.path()).unwrap_or("/");
        let target = if rest.is_empty() { path.to_owned() } else { format!("{path}?{rest}") };
        Some(moved(&target, set_cookie.as_deref(), origin::is_from_another_site(request.headers())))
    }
}

/// Sends the browser on. A strict cookie is not sent along a redirect that began on another site (a link in a mail), so
/// such a visitor gets a page that goes on by itself.
#[must_use]
pub fn moved(target: &str, set_cookie: Option<&str>, from_another_site: bool) -> HttpResponse {
    let target = redirect::local_path(target).unwrap_or("/");
    let mut response = HttpResponse::SeeOther();
    if from_another_site {
        response.status(StatusCode::OK).insert_header(("refresh", format!("0; url={target}")));
    } else {
        response.insert_header((LOCATION, target));
    }
    if let Some(value) = set_cookie.and_then(|text| HeaderValue::from_str(text).ok()) {
        response.insert_header((SET_COOKIE, value));
    }
    response.content_type("text/html; charset=utf-8").body("<!doctype html><title>Tator</title>")
}

/// The lock as middleware: wraps the whole application, so it runs before routing.
///
/// # Errors
/// Only those of the application itself; a refusal is an answer.
pub async fn guard(
    lock: web::Data<Lock>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if let Err(refusal) = lock.check_manners(&request) {
        // Not `into_response`: that forgets the error, and the layer outside could not make a page of it.
        return Ok(request.error_response(refusal));
    }
    if let Some(answer) = lock.exchange(&request) {
        return Ok(request.into_response(answer));
    }
    if !is_open(request.path()) && !lock.knows(request.headers()) {
        let refusal = WebError::new(StatusCode::UNAUTHORIZED, UNAUTHORISED, "Tator does not know you yet")
            .hint("open the launch URL that `tator serve` printed, or send `Authorization: Bearer <token>`");
        return Ok(request.error_response(refusal));
    }
    next.call(request).await.map(ServiceResponse::map_into_boxed_body)
}

/// What a stranger may see: that the server lives, the login page, and what that page is drawn with.
fn is_open(path: &str) -> bool {
    const OPEN_ASSETS: [&str; 5] =
        ["css/tokens.css", "css/base.css", "css/login.css", "icons/favicon.svg", "js/theme.js"];
    if matches!(path, "/healthz" | "/login") {
        return true;
    }
    let asset = path.strip_prefix("/assets/").and_then(|rest| rest.split_once('/')).map(|(_, asset)| asset);
    asset.is_some_and(|asset| OPEN_ASSETS.contains(&asset))
}

/// The token of a query, and the query without it.
fn split_token(query: &str) -> Option<(&str, String)> {
    let secret = query.split('&').find_map(|pair| pair.strip_prefix("token="))?;
    let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("token=")).collect();
    Some((secret, rest.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_leaves_the_rest_of_the_query_alone() {
        assert_eq!(split_token("token=abc"), Some(("abc", String::new())));
        assert_eq!(split_token("a=1&token=abc&b=2"), Some(("abc", "a=1&b=2".to_owned())));
        assert_eq!(split_token("tokens=abc"), None);
    }

    #[test]
    fn strangers_see_only_the_way_in() {
        for open in ["/healthz", "/login", "/assets/abc/css/tokens.css"] {
            assert!(is_open(open), "{open}");
        }
        for closed in ["/", "/metrics", "/api/v1/datasets", "/assets/abc/js/label/main.js", "/login/", "/healthz/x"] {
            assert!(!is_open(closed), "{closed}");
        }
    }
}
