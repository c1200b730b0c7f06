//! The launch token, the password, and what a stranger sees.

use super::server::{Server, address_of};

#[test]
fn a_stranger_comes_in_nowhere() {
    let server = Server::start();
    let host = server.host();
    for door in tator_web::doors() {
        let open = matches!(door.pattern, "/healthz" | "/login");
        for headers in [
            &[("Host", host.as_str())][..],
            &[("Host", &host), ("Authorization", "Bearer wrong")],
            &[("Host", &host), ("Authorization", "Bearer ")],
            &[("Host", &host), ("Cookie", "tator_1=x")],
        ] {
            let answer = server.send(door.method.as_str(), &address_of(&door, "1"), headers, b"");
            assert_eq!(answer.status == 401, !open, "{door:?} with {headers:?}: {answer:?}");
        }
    }
}

#[test]
fn the_launch_url_becomes_a_cookie_and_leaves_the_address_bar() {
    let server = Server::start();
    let host = server.host();
    let target = format!("/healthz?a=1&token={}&b=2", server.token);
    let answer = server.send("GET", &target, &[("Host", &host)], b"");
    assert_eq!((answer.status, answer.header("location")), (303, Some("/healthz?a=1&b=2")));
    let set = answer.header("set-cookie").unwrap();
    assert!(set.starts_with(&format!("tator_{}=", server.address.port())), "{set}");
    for property in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(set.split("; ").any(|found| found == property), "{set}");
    }
    assert!(!set.contains(&server.token), "the cookie must not be the token");
    let known =
        server.send("GET", "/api/v1/openapi.json", &[("Host", &host), ("Cookie", answer.cookie().unwrap())], b"");
    assert_eq!(known.status, 200);
}

#[test]
fn a_launch_url_on_another_site_works_although_strict_cookies_do_not_follow_redirects() {
    let server = Server::start();
    let link = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")];
    let host = server.host();
    let answer = server.send(
        "GET",
        &format!("/?token={}", server.token),
        &[&[("Host", host.as_str())], &link[..]].concat(),
        b"",
    );
    assert_eq!((answer.status, answer.header("refresh")), (200, Some("0; url=/")));
    assert!(answer.cookie().is_some());
}

#[test]
fn a_wrong_token_opens_nothing() {
    let server = Server::start();
    let answer = server.send("GET", "/?token=0123", &[("Host", &server.host()), ("Accept", "text/html")], b"");
    assert_eq!((answer.status, answer.cookie()), (401, None));
    assert!(answer.body.starts_with("<!doctype html>") && answer.body.contains("launch URL"), "{answer:?}");
    let in_data = server.send("GET", &format!("/api/v1/jobs?token={}", server.token), &[("Host", &server.host())], b"");
    assert_eq!(in_data.failure(), (401, "unauthorised".to_owned()), "a token in an address is only for pages");
}

#[test]
fn after_logout_the_cookie_is_worthless() {
    let server = Server::start();
    let host = server.host();
    let entered = server.send("GET", &format!("/?token={}", server.token), &[("Host", &host)], b"");
    let headers = [("Host", host.as_str()), ("Cookie", entered.cookie().unwrap())];
    assert_eq!(server.send("POST", "/logout", &headers, b"").status, 303);
    assert_eq!(server.send("GET", "/api/v1/openapi.json", &headers, b"").status, 401);
}

const PASSWORD: &str = "correct horse battery";

fn guarded() -> Server {
    Server::start_with(|settings| settings.password_hash = Some(tator_web::hash_password(PASSWORD).unwrap()))
}

fn log_in(server: &Server, password: &str, next: &str) -> super::server::Answer {
    let form =
        format!("password={}&next={}", password.replace(' ', "+"), next.replace('/', "%2F").replace('\\', "%5C"));
    let headers =
        [("Host", &*server.host()), ("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "text/html")];
    server.send("POST", "/login", &headers, form.as_bytes())
}

#[test]
fn the_password_opens_a_session() {
    let server = guarded();
    let wrong = log_in(&server, "correct horse batterz", "/");
    assert_eq!((wrong.status, wrong.cookie()), (401, None));
    assert!(wrong.body.contains("That is not the password"));
    let right = log_in(&server, PASSWORD, "/jobs");
    assert_eq!((right.status, right.header("location")), (303, Some("/jobs")));
    let headers = [("Host", &*server.host()), ("Cookie", right.cookie().unwrap())];
    assert_eq!(server.send("GET", "/api/v1/openapi.json", &headers, b"").status, 200);
}

#[test]
fn logging_in_leads_only_to_our_own_pages() {
    for next in ["//example.com", "/\\example.com", "https://example.com", "javascript:alert(1)"] {
        assert_eq!(log_in(&guarded(), PASSWORD, next).header("location"), Some("/"), "{next}");
    }
}

#[test]
fn passwords_cannot_be_guessed_quickly() {
    let server = guarded();
    let answers: Vec<u16> = (0..7).map(|_| log_in(&server, "wrong password", "/").status).collect();
    assert_eq!(answers, [401, 401, 401, 401, 401, 429, 429]);
    assert_eq!(log_in(&server, PASSWORD, "/").status, 429, "not even the right one while the door is shut");
}

#[test]
fn other_addresses_need_a_password() {
    assert!(tator_web::check_listen([0, 0, 0, 0].into(), None).is_err());
    assert!(tator_web::check_listen([127, 0, 0, 1].into(), None).is_ok());
}
