//! T10: names that are not ours, at every door.

use super::server::{Server, address_of};

#[test]
fn no_door_opens_under_a_foreign_name() {
    let server = Server::start();
    let (port, bearer) = (server.address.port(), server.bearer());
    let foreign = [
        "evil.com".to_owned(),
        format!("evil.com:{port}"),
        format!("127.0.0.1.evil.com:{port}"),
        format!("localhost.:{port}"),
        format!("2130706433:{port}"),
        format!("0x7f000001:{port}"),
        format!("127.1:{port}"),
        format!("[::ffff:127.0.0.1]:{port}"),
        "127.0.0.1".to_owned(),
        format!("127.0.0.1:{}", port.wrapping_add(1)),
        String::new(),
    ];
    for door in tator_web::doors() {
        for host in &foreign {
            let headers = [("Host", host.as_str()), ("Authorization", bearer.as_str())];
            let answer = server.send(door.method.as_str(), &address_of(&door, "1"), &headers, b"");
            assert!(matches!(answer.status, 400 | 403), "{door:?} under {host:?}: {answer:?}");
        }
    }
}

#[test]
fn two_names_no_name_and_a_foreign_target_are_refused() {
    let server = Server::start();
    let (own, bearer) = (server.host(), server.bearer());
    let refused = |target: &str, headers: &[(&str, &str)]| {
        let answer = server.send("GET", target, &[headers, &[("Authorization", bearer.as_str())]].concat(), b"");
        assert!(matches!(answer.status, 400 | 403), "{target} {headers:?}: {answer:?}");
    };
    refused("/healthz", &[]);
    refused("/healthz", &[("Host", &own), ("Host", &own)]);
    refused("/healthz", &[("Host", &own), ("Host", "evil.com")]);
    refused("http://evil.com/healthz", &[("Host", &own)]);
}

#[test]
fn our_own_names_are_answered() {
    let server = Server::start();
    let port = server.address.port();
    for host in
        [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}"), format!("127.8.8.8:{port}")]
    {
        assert_eq!(server.send("GET", "/healthz", &[("Host", &host)], b"").status, 200, "{host}");
    }
}

#[test]
fn an_allowed_name_is_answered() {
    let server = Server::start_with(|settings| settings.allow_hosts = vec!["tator.lan".to_owned()]);
    assert_eq!(server.send("GET", "/healthz", &[("Host", "tator.lan")], b"").status, 200);
    assert_eq!(server.send("GET", "/healthz", &[("Host", "other.lan")], b"").status, 403);
}
