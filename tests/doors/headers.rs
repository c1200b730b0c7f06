//! Headers that every answer must carry.

use super::server::{Server, address_of};

const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
    connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

#[test]
fn every_answer_is_wrapped_up() {
    let server = Server::start();
    let check = |what: String, answer: &super::server::Answer| {
        for (name, value) in [
            ("content-security-policy", POLICY),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{what}: {answer:?}");
        }
        assert!(answer.header("cache-control").is_some(), "{what}");
    };
    for door in tator_web::doors() {
        let (method, address) = (door.method.as_str(), address_of(&door, "1"));
        check(format!("{door:?}"), &server.ask(method, &address, &[], b""));
        check(format!("{door:?} for a stranger"), &server.send(method, &address, &[("Host", &server.host())], b""));
        check(format!("{door:?} under a foreign name"), &server.send(method, &address, &[("Host", "evil.com")], b""));
    }
    check("no such address".to_owned(), &server.ask("GET", "/no/such/address", &[], b""));
}

#[test]
fn assets_are_typed_and_found_under_their_content() {
    let server = Server::start();
    let sheet = server.ask("GET", &tator_web::assets::url("css/tokens.css"), &[], b"");
    assert_eq!((sheet.status, sheet.header("content-type")), (200, Some("text/css; charset=utf-8")));
    let script = server.ask("GET", &tator_web::assets::url("js/vendor/htmx-2.0.10.min.js"), &[], b"");
    assert_eq!((script.status, script.header("content-type")), (200, Some("text/javascript; charset=utf-8")));
    assert!(script.body.contains("htmx"));
}
