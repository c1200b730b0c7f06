//! The way in: the page a stranger sees, and the password where there is one.

use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use tator_domain::{Clock, SystemClock};

use crate::assets;
use crate::door::Door;
use crate::error::{WebError, WebResult};
use crate::mounted::Mount;
use crate::security::{Lock, moved, password, redirect};

/// What a stranger sees.
#[derive(Template)]
#[template(path = "doors/login.html")]
struct LockedPage {
    /// There is a password, so the page asks for it.
    password: bool,
    /// Where the visitor wanted to go.
    next: String,
    /// What went wrong the last time.
    problem: Option<String>,
}

impl LockedPage {
    fn asset(&self, path: &str) -> String {
        assets::url(path)
    }
}

/// The way in and out.
pub(crate) fn doors() -> Vec<Door> {
    vec![
        Door::get("/login", |route| route.to(page)),
        Door::post("/login", |route| route.to(enter)),
        Door::post("/logout", |route| route.to(leave)),
    ]
}

/// The page that says where the launch URL is, for a visitor who wanted `request`.
///
/// # Errors
/// When the template fails.
pub(crate) fn locked_page(request: &HttpRequest) -> Result<String, askama::Error> {
    let wanted = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let worth = request.method().is_safe() && !wanted.starts_with("/log") && !wanted.contains("token=");
    let next = if worth { wanted } else { "/" };
    locked(request, next, None).render()
}

fn locked(request: &HttpRequest, next: &str, problem: Option<String>) -> LockedPage {
    let lock = request.app_data::<web::Data<Lock>>();
    let password = lock.is_some_and(|lock| lock.password_hash.is_some());
    LockedPage { password, next: redirect::local_path(next).unwrap_or("/").to_owned(), problem }
}

/// What `GET /login` may carry.
#[derive(Deserialize)]
struct PageQuery {
    next: Option<String>,
}

async fn page(request: HttpRequest, query: web::Query<PageQuery>) -> WebResult<HttpResponse> {
    render(StatusCode::OK, &locked(&request, query.next.as_deref().unwrap_or("/"), None))
}

/// The form of the login page.
#[derive(Deserialize)]
struct Form {
    password: String,
    #[serde(default)]
    next: String,
}

async fn enter(lock: web::Data<Lock>, request: HttpRequest, form: web::Form<Form>) -> WebResult<HttpResponse> {
    let Form { password, next } = form.into_inner();
    let Some(hash) = lock.password_hash.clone() else {
        return Err(WebError::not_found("a password").hint("this server is opened with its launch URL"));
    };
    let mount = Mount::of(&request);
    let peer = request.peer_addr().map(|peer| peer.ip());
    let address = mount.visitor.or(peer).unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into());
    lock.attempts.begin(address, Instant::now()).map_err(|seconds| {
        WebError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", "too many wrong passwords")
            .hint(format!("wait {seconds} seconds, then try again"))
            .retry_after(seconds)
    })?;
    if !web::block(move || password::is_right(&password, &hash)).await? {
        tracing::warn!(%address, "a wrong password");
        return render(
            StatusCode::UNAUTHORIZED,
            &locked(&request, &next, Some("That is not the password.".to_owned())),
        );
    }
    lock.attempts.forget(address);
    let set_cookie = lock.sessions.open(SystemClock.now(), &mount).map_err(|error| WebError::broken(&error))?;
    Ok(moved(&next, Some(&set_cookie), false))
}

async fn leave(lock: web::Data<Lock>, request: HttpRequest) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header(("location", "/login"))
        .insert_header((SET_COOKIE, lock.sessions.close(request.headers(), SystemClock.now(), &Mount::of(&request))))
        .finish()
}

fn render(status: StatusCode, page: &LockedPage) -> WebResult<HttpResponse> {
    let html = page.render().map_err(|error| WebError::broken(&error))?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
}
