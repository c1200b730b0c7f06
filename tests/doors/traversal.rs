//! T12: addresses that try to lead out of the workspace, and redirects that try to lead out of the server.

use super::server::{Server, address_of};

const WAYS_OUT: [&str; 12] = [
    "..",
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cetc%5cpasswd",
    "%252e%252e%252fetc%252fpasswd",
    "....//....//etc/passwd",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "C:%5cwindows",
    "x%00.jpg",
    "%c0%ae%c0%ae%c0%afetc",
];

#[test]
fn no_address_leads_out() {
    let server = Server::start();
    for door in tator_web::doors().into_iter().filter(|door| door.pattern.contains('{')) {
        for part in WAYS_OUT {
            let address = address_of(&door, part);
            let answer = server.ask(door.method.as_str(), &address, &[], b"");
            assert!((400..500).contains(&answer.status), "{door:?} at {address}: {answer:?}");
            assert!(!answer.body.contains("root:"), "{door:?} at {address} gave a file away");
        }
    }
}

#[test]
fn assets_are_only_assets() {
    let server = Server::start();
    for path in ["../Cargo.toml", "%2e%2e/Cargo.toml", "css/../../Cargo.toml", "js/vendor/README.md", ""] {
        let answer = server.ask("GET", &format!("/assets/x/{path}"), &[], b"");
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
}

#[test]
fn the_launch_redirect_stays_on_this_server() {
    let server = Server::start();
    for path in [
        "//example.com",
        "//example.com/%2f..",
        "/\\example.com/",
        "/%09/example.com",
        "///example.com",
        "//example.com\\@x",
    ] {
        let answer = server.send("GET", &format!("{path}?token={}", server.token), &[("Host", &server.host())], b"");
        let location = answer.header("location").unwrap_or("/");
        let local = location.starts_with('/') && !location.starts_with("//") && !location.starts_with("/\\");
        assert!(local, "{path} leads to {location}");
    }
}
