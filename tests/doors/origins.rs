//! T11: requests that other sites send, at every door that changes something and every door that shows data.

use super::server::{Server, address_of};

#[test]
fn no_other_site_can_change_anything() {
    let server = Server::start();
    let forged: [&[(&str, &str)]; 9] = [
        &[("Origin", "http://evil.com")],
        &[("Origin", "null")],
        &[("Origin", "")],
        &[("Origin", "http://127.0.0.1:1")],
        &[("Origin", "http://localhost")],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "nonsense")],
        &[("Sec-Fetch-Site", "same-origin"), ("Origin", "http://evil.com")],
    ];
    let unsafe_doors = tator_web::doors().into_iter().filter(|door| !door.method.is_safe());
    let mut tried = 0;
    for door in unsafe_doors {
        for headers in forged {
            let answer = server.ask(door.method.as_str(), &address_of(&door, "1"), headers, b"");
            assert_eq!(answer.status, 403, "{door:?} with {headers:?}: {answer:?}");
            tried += 1;
        }
    }
    assert!(tried > 100, "only {tried} requests were tried");
}

#[test]
fn no_other_site_can_fetch_data() {
    let server = Server::start();
    for door in tator_web::doors().into_iter().filter(|door| door.method.is_safe()) {
        for site in ["cross-site", "same-site"] {
            let headers = [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")];
            let answer = server.ask("GET", &address_of(&door, "1"), &headers, b"");
            assert_eq!(answer.status, 403, "{door:?} from {site}: {answer:?}");
        }
    }
}

#[test]
fn our_own_pages_and_programs_may_change_things() {
    let server = Server::start();
    let own = format!("http://{}", server.address);
    let allowed: [&[(&str, &str)]; 4] = [
        &[],
        &[("Sec-Fetch-Site", "same-origin")],
        &[("Sec-Fetch-Site", "same-origin"), ("Origin", &own)],
        &[("Origin", &own)],
    ];
    for headers in allowed {
        let answer = server.ask("POST", "/api/v1/sql", headers, b"");
        assert_ne!(answer.status, 403, "{headers:?}: {answer:?}");
    }
}

#[test]
fn nothing_is_shared_with_other_origins() {
    let server = Server::start();
    for door in tator_web::doors() {
        let answer = server.ask(door.method.as_str(), &address_of(&door, "1"), &[("Origin", "http://evil.com")], b"");
        assert!(!answer.headers.iter().any(|(name, _)| name.starts_with("access-control-")), "{door:?}: {answer:?}");
    }
}
