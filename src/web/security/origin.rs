//! Which pages may send requests here: our own, and programs that are no browsers. The rule is Datasette's and that of
//! Go's `CrossOriginProtection`, made stricter for data: no page of another site may even fetch a picture.

use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, ORIGIN};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Why a request is refused for where it comes from; `None` when it may pass. `own` are our names: the request's host, or
/// a whole origin.
#[must_use]
pub fn refusal(method: &Method, path: &str, headers: &HeaderMap, own: &[&str]) -> Option<&'static str> {
    let from_here = headers.get_all(&SEC_FETCH_SITE).all(|site| site == "same-origin" || site == "none");
    if method.is_safe() {
        let linked = is_page(path) && is_navigation(headers);
        return (!from_here && !linked).then_some("another site asked for it");
    }
    if !from_here {
        return Some("another site sent it");
    }
    let own = headers
        .get_all(&ORIGIN)
        .all(|origin| origin.to_str().is_ok_and(|origin| own.iter().any(|own| is_own(origin, own))));
    (!own).then_some("its Origin is another site")
}

/// Whether the request is a browser opening a page by a link or the address bar.
#[must_use]
pub fn is_navigation(headers: &HeaderMap) -> bool {
    let says = |name: &HeaderName, value: &str| headers.get(name).is_some_and(|found| found == value);
    says(&SEC_FETCH_MODE, "navigate") && says(&SEC_FETCH_DEST, "document")
}

/// Whether a link on another site led here.
#[must_use]
pub fn is_from_another_site(headers: &HeaderMap) -> bool {
    headers.get_all(&SEC_FETCH_SITE).any(|site| site != "same-origin" && site != "none")
}

/// Pages may be linked to; data and assets may not.
#[must_use]
pub fn is_page(path: &str) -> bool {
    !path.starts_with("/api/") && !path.starts_with("/assets/") && path != "/metrics"
}

fn is_own(origin: &str, host: &str) -> bool {
    if host.contains("://") {
        return origin.eq_ignore_ascii_case(host);
    }
    ["http://", "https://"]
        .iter()
        .find_map(|scheme| origin.strip_prefix(scheme))
        .is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "127.0.0.1:8000";

    fn refused(method: &Method, path: &str, pairs: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.parse().unwrap(), value.parse().unwrap());
        }
        refusal(method, path, &headers, &[HOST, "https://tator.lan"]).is_some()
    }

    #[test]
    fn programs_and_our_own_pages_may_change_things() {
        let post = |pairs: &[(&str, &str)]| refused(&Method::POST, "/api/v1/sql", pairs);
        assert!(!post(&[]));
        assert!(!post(&[("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:8000")]));
        assert!(!post(&[("sec-fetch-site", "none")]));
        assert!(!post(&[("origin", "https://tator.lan")]));
    }

    #[test]
    fn other_sites_may_not_change_things() {
        for pairs in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "")],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-origin"), ("origin", "http://evil.com")],
            &[("origin", "null")],
            &[("origin", "")],
            &[("origin", "http://127.0.0.1")],
            &[("origin", "http://tator.lan")],
            &[("origin", "http://127.0.0.1:8001")],
            &[("origin", "http://127.0.0.1:8000.evil.com")],
            &[("origin", "file://127.0.0.1:8000")],
        ] {
            assert!(refused(&Method::POST, "/api/v1/sql", pairs), "{pairs:?}");
        }
    }

    #[test]
    fn other_sites_may_link_to_pages_but_not_fetch_data() {
        let link = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        assert!(!refused(&Method::GET, "/datasets", &link));
        assert!(refused(&Method::GET, "/api/v1/datasets", &link));
        assert!(refused(&Method::GET, "/datasets", &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]));
        let frame = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
        assert!(refused(&Method::GET, "/datasets", &frame));
    }
}
