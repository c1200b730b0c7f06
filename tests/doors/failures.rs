//! What visitors are told when something fails: one shape for programs, a page or a toast for people.

use super::server::Server;

#[test]
fn failures_of_the_api_have_one_shape() {
    let server = Server::start();
    let shape = |answer: super::server::Answer| answer.failure();
    assert_eq!(shape(server.ask("GET", "/api/v1/nothing", &[], b"")), (404, "not_found".into()));
    assert_eq!(shape(server.ask("GET", "/api/v1/datasets/Not-A-Name/images", &[], b"")), (404, "not_found".into()));
    assert_eq!(shape(server.ask("GET", "/api/v1/datasets/coins/images?limit=many", &[], b"")), (422, "invalid".into()));
    assert_eq!(shape(server.ask("PUT", "/api/v1/datasets", &[], b"")), (405, "method_not_allowed".into()));
    assert_eq!(shape(server.ask("POST", "/api/v1/sql", &[], b"{}")), (415, "unsupported_media_type".into()));
    assert_eq!(shape(server.ask_json("POST", "/api/v1/sql", "{")), (400, "bad_request".into()));
    assert_eq!(shape(server.ask_json("POST", "/api/v1/sql", "{\"sqll\": 1}")), (422, "invalid".into()));
    assert_eq!(shape(server.ask("GET", "/api/v1/sql/export", &[], b"")), (400, "bad_request".into()));
    let stranger = server.send("GET", "/api/v1/jobs", &[("Host", &server.host())], b"");
    assert_eq!(shape(stranger), (401, "unauthorised".into()));
}

#[test]
fn a_wrong_method_names_the_right_ones() {
    let server = Server::start();
    let answer = server.ask("DELETE", "/api/v1/sql", &[], b"");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
}

#[test]
fn an_announced_flood_is_refused_before_it_is_read() {
    let server = Server::start();
    let head = format!(
        "POST /api/v1/sql HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\nConnection: close\r\n\r\n",
        server.address,
        server.bearer()
    );
    assert_eq!(server.send_raw(head.as_bytes()).failure(), (413, "too_large".into()));
}

#[test]
fn an_unannounced_flood_is_cut_off() {
    let server = Server::start();
    let mut request = format!(
        "POST /api/v1/sql HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        server.address,
        server.bearer()
    )
    .into_bytes();
    for _ in 0..9 {
        request.extend_from_slice(b"100000\r\n");
        request.extend(std::iter::repeat_n(b' ', 1 << 20));
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    // The server may hang up on a client that goes on sending, before the client reads the answer.
    assert!(matches!(server.send_raw(&request).status, 0 | 413));
}

#[test]
fn people_get_a_page_and_htmx_gets_a_toast() {
    let server = Server::start();
    let page = server.ask("GET", "/no-such-page", &[("Accept", "text/html,*/*")], b"");
    assert_eq!((page.status, page.header("content-type")), (404, Some("text/html; charset=utf-8")));
    assert!(page.body.starts_with("<!doctype html>") && page.body.contains("was not found"));
    let toast = server.ask("GET", "/no-such-page", &[("HX-Request", "true"), ("Accept", "*/*")], b"");
    assert_eq!((toast.header("hx-retarget"), toast.header("hx-reswap")), (Some("#toasts"), Some("beforeend")));
    assert!(toast.status == 404 && toast.body.contains("class=\"toast bad\"") && !toast.body.contains("<html"));
    let program = server.ask("GET", "/no-such-page", &[], b"");
    assert_eq!(program.failure().0, 404);
}

#[test]
fn what_a_visitor_sent_comes_back_escaped() {
    let server = Server::start();
    let payload = "%3Cscript%3Ealert(1)%3C/script%3E";
    for address in
        [format!("/{payload}"), format!("/login?next=/%22{payload}"), format!("/d/{payload}/gallery?text={payload}")]
    {
        let answer = server.ask("GET", &address, &[("Accept", "text/html")], b"");
        assert!(!answer.body.contains("<script>alert"), "{address}: {answer:?}");
    }
}

#[test]
fn the_figures_count_what_happened() {
    let server = Server::start();
    server.ask("GET", "/healthz", &[], b"");
    let figures = server.ask("GET", "/metrics", &[], b"");
    assert_eq!(figures.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let line = "tator_http_request_duration_seconds_count{method=\"GET\",route=\"/healthz\",status=\"200\"} 1";
    assert!(figures.body.lines().any(|found| found == line), "{}", figures.body);
    for name in ["tator_edits_acknowledged_total 0", "tator_jobs_in_flight 0"] {
        assert!(figures.body.contains(name), "{name}");
    }
}
