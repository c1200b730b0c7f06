//! Below a path of a site, behind a proxy that strips the path or does not.

use super::server::Server;

fn below() -> Server {
    Server::start_with(|settings| settings.base_path = "/tator".to_owned())
}

#[test]
fn pages_assets_redirects_and_cookies_stay_below_the_path() {
    let server = below();
    let host = server.host();
    let entered = server.send("GET", &format!("/tator/?token={}", server.token), &[("Host", &host)], b"");
    assert_eq!((entered.status, entered.header("location")), (303, Some("/tator/")));
    assert!(entered.header("set-cookie").unwrap().ends_with("; Path=/tator"), "{entered:?}");
    let cookie = [("Host", host.as_str()), ("Cookie", entered.cookie().unwrap()), ("Accept", "text/html")];
    assert_eq!(server.send("GET", "/tator", &cookie, b"").header("location"), Some("/tator/datasets"));
    for target in ["/tator/datasets", "/datasets"] {
        let page = server.send("GET", target, &cookie, b"");
        assert_eq!(page.status, 200);
        for whole in ["href=\"/datasets", "src=\"/assets", "action=\"/", "hx-get=\"/jobs"] {
            let bad = page.body.match_indices(whole).any(|(at, _)| !page.body[at..].contains("\"/tator"));
            assert!(!bad, "{whole} in {}", page.body);
        }
        let asset = page.body.split("href=\"").find(|rest| rest.contains("css/tokens.css\"")).unwrap();
        let asset = asset.split('"').next().unwrap();
        assert!(asset.starts_with("/tator/assets/"), "{asset}");
        assert_eq!(server.send("GET", asset, &cookie, b"").status, 200);
    }
    let stranger = server.send("GET", "/tator/jobs", &[("Host", &host), ("Accept", "text/html")], b"");
    assert!(stranger.status == 401 && stranger.body.contains("\"/tator/assets/"), "{stranger:?}");
    assert_eq!(server.send("GET", "/tatort/healthz", &[("Host", &host)], b"").status, 401);
    assert_eq!(server.send("GET", "/tator/healthz", &[("Host", &host)], b"").status, 200);
}

#[test]
fn no_door_opens_to_others_below_the_path_either() {
    let server = below();
    let (host, bearer) = (server.host(), server.bearer());
    for door in tator_web::doors() {
        let target = format!("/tator{}", super::server::address_of(&door, "1"));
        let method = door.method.as_str();
        let foreign = [("Host", "evil.com"), ("Authorization", bearer.as_str())];
        assert_eq!(server.send(method, &target, &foreign, b"").status, 403, "{door:?}");
        let forged = [("Host", host.as_str()), ("Authorization", bearer.as_str()), ("Origin", "https://evil.com")];
        if !door.method.is_safe() {
            assert_eq!(server.send(method, &target, &forged, b"").status, 403, "{door:?}");
        }
        let nobody = server.send(method, &target, &[("Host", &host)], b"").status;
        let open = ["/healthz", "/login", "/assets/"].iter().any(|known| door.pattern.starts_with(known));
        assert!(open || nobody == 401, "{door:?}: {nobody}");
    }
}

#[test]
fn a_public_address_names_host_origin_path_and_secure_cookies() {
    let server = Server::start_with(|settings| settings.public_url = "https://tator.lan:8443/t".parse().ok());
    let host = ("Host", "tator.lan:8443");
    let entered = server.send("GET", &format!("/t/?token={}", server.token), &[host], b"");
    assert!(entered.header("set-cookie").unwrap().ends_with("; Path=/t; Secure"), "{entered:?}");
    let bearer = server.bearer();
    let post = |host: &str, origin: &str| {
        let headers = [("Host", host), ("Origin", origin), ("Authorization", bearer.as_str())];
        server.send("POST", "/t/api/v1/sql", &headers, b"").status
    };
    // A proxy may pass the name on with its port, without it, or not at all.
    for own in ["tator.lan:8443", "tator.lan", &server.host()] {
        assert_ne!(post(own, "https://tator.lan:8443"), 403, "{own}");
        assert_eq!(post(own, "https://tator.lan.evil.com:8443"), 403);
        assert_eq!(post(own, "https://evil.com"), 403);
    }
    assert_eq!(post("evil.com", "https://tator.lan:8443"), 403);
}

#[test]
fn a_proxys_headers_count_only_where_they_are_trusted() {
    let told = [("X-Forwarded-Prefix", "/x"), ("X-Forwarded-Proto", "https")];
    for trusted in [false, true] {
        let server = Server::start_with(|settings| settings.trust_proxy = trusted);
        let host = server.host();
        let target = format!("/?token={}", server.token);
        let entered = server.send("GET", &target, &[&[("Host", host.as_str())], &told[..]].concat(), b"");
        let expected = if trusted { ("/x/", "Path=/x; Secure") } else { ("/", "Path=/") };
        assert_eq!(entered.header("location"), Some(expected.0));
        assert!(entered.header("set-cookie").unwrap().ends_with(expected.1), "{entered:?}");
        let evil = [("Host", host.as_str()), ("X-Forwarded-Prefix", "//evil.com")];
        assert_eq!(server.send("GET", "/healthz", &evil, b"").status, if trusted { 400 } else { 200 });
    }
}
