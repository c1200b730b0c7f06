//! The outermost layer: counts and times the request, turns a failure into JSON, a page or a toast, whichever the
//! visitor can read, and puts the fixed headers on the answer.

use std::time::Instant;

use actix_htmx::{Htmx, SwapType};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;

use crate::assets;
use crate::error::WebError;
use crate::login;
use crate::metrics::Metrics;
use crate::security::{UNAUTHORISED, headers};

/// A failure as a page.
#[derive(Template)]
#[template(path = "doors/error.html")]
struct ErrorPage<'a> {
    status: u16,
    error: &'a WebError,
}

impl ErrorPage<'_> {
    fn asset(&self, path: &str) -> String {
        assets::url(path)
    }
}

/// A failure as a note at the edge of a page.
#[derive(Template)]
#[template(path = "doors/_toast.html")]
struct Toast<'a> {
    error: &'a WebError,
}

/// The layer as middleware.
///
/// # Errors
/// Never: what failed is an answer by then.
pub async fn present(
    metrics: web::Data<Metrics>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let begin = Instant::now();
    let method = request.method().clone();
    let mut answer = next.call(request).await?.map_into_boxed_body();
    if let Some(error) = failure(&answer) {
        let told = tell(answer.request(), &error);
        answer = answer.into_response(told);
    }
    headers::apply(answer.headers_mut());
    let pattern = answer.request().match_pattern();
    metrics.count_request(&method, pattern.as_deref().unwrap_or("unmatched"), answer.status(), begin.elapsed());
    Ok(answer)
}

/// What failed, if something failed that nobody has put into words yet.
fn failure(answer: &ServiceResponse) -> Option<WebError> {
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    match answer.response().error() {
        Some(error) => Some(error.as_error::<WebError>().cloned().unwrap_or_else(|| foreign(status, error))),
        None if answer.headers().contains_key(CONTENT_TYPE) => None,
        None => Some(WebError::new(status, code_of(status), reason(status))),
    }
}

/// An error of actix itself that passed no handler of ours.
fn foreign(status: StatusCode, error: &actix_web::Error) -> WebError {
    if status.is_server_error() {
        return WebError::broken(&std::io::Error::other(error.to_string()));
    }
    WebError::new(status, code_of(status), error.to_string())
}

fn code_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
        _ if status.is_server_error() => "internal",
        _ => "bad_request",
    }
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("the request failed")
}

/// The failure in the form the visitor can read.
fn tell(request: &HttpRequest, error: &WebError) -> HttpResponse {
    if request.path().starts_with("/api/") {
        return error.error_response();
    }
    let htmx = request.extensions().get::<Htmx>().cloned();
    if let Some(htmx) = htmx.filter(|htmx| htmx.is_htmx) {
        return toast(&htmx, error);
    }
    if !accepts_html(request) {
        return error.error_response();
    }
    let page = if error.code == UNAUTHORISED {
        login::locked_page(request)
    } else {
        ErrorPage { status: error.status.as_u16(), error }.render()
    };
    page.map_or_else(|_| error.error_response(), |html| as_html(error, html))
}

fn as_html(error: &WebError, html: String) -> HttpResponse {
    let mut response = error.error_response().set_body(BoxBody::new(html));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// A toast is hung up beside the others, wherever the request wanted its answer to go.
fn toast(htmx: &Htmx, error: &WebError) -> HttpResponse {
    htmx.retarget("#toasts");
    htmx.reswap(SwapType::BeforeEnd);
    Toast { error }.render().map_or_else(|_| error.error_response(), |html| as_html(error, html))
}

fn accepts_html(request: &HttpRequest) -> bool {
    let accepts = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accepts.is_some_and(|accept| accept.contains("text/html"))
}
