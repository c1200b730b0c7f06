//! Where the house stands on its site. Inside, every address begins with `/`; when a reverse proxy shows us below a path
//! such as `/tator`, this outermost layer takes that path off requests and puts it before every address that goes out:
//! in pages, redirects and the headers that htmx reads. So no page has to know. Scripts find the path in the address
//! they came from (`assets/js/base.js`).

use std::net::IpAddr;

use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::uri::{PathAndQuery, Uri};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, web};

use crate::error::WebError;

/// Attributes whose value is an address.
const ATTRIBUTES: [&str; 17] = [
    "href",
    "src",
    "action",
    "formaction",
    "poster",
    "hx-get",
    "hx-post",
    "hx-put",
    "hx-patch",
    "hx-delete",
    "hx-push-url",
    "hx-replace-url",
    "data-piece",
    "data-label",
    "data-href",
    "data-src",
    "data-url",
];
/// Headers whose value is an address.
const HEADERS: [&str; 6] =
    ["location", "content-location", "hx-redirect", "hx-location", "hx-push-url", "hx-replace-url"];
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Where the house stands, as the visitor's browser sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mount {
    /// Path before every address, without a slash at its end; empty at the root of a site.
    base: String,
    /// Browsers come by TLS, so cookies need not travel without it.
    secure: bool,
    /// Whom a trusted proxy names as the visitor.
    pub(crate) visitor: Option<IpAddr>,
}

/// How the mount of a request is found.
#[derive(Debug, Clone, Default)]
pub struct Mounting {
    /// Where the house stands unless a trusted proxy says otherwise.
    pub usual: Mount,
    /// Headers of a proxy are believed.
    pub trust_proxy: bool,
}

impl Mount {
    /// Below a path, `/tator` or empty; `secure` when browsers come by TLS.
    ///
    /// # Errors
    /// When it is not a plain path, or hides addresses of our own.
    pub fn new(base: &str, secure: bool) -> Result<Self, String> {
        let base = base.trim_end_matches('/');
        let plain = |part: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
            !part.is_empty() && !matches!(part, "." | "..") && part.chars().all(fits)
        };
        let parts: Vec<&str> = base.split('/').skip(1).collect();
        if !base.is_empty() && (!base.starts_with('/') || !parts.iter().all(|part| plain(part))) {
            return Err(format!("{base:?} is no path like /tator: letters, digits and -_.~ between slashes"));
        }
        let ours = crate::doors().iter().any(|door| door.pattern.split('/').nth(1) == parts.first().copied());
        if ours && !parts.is_empty() {
            return Err(format!("{base:?} begins like an address of Tator's own: take another path, such as /tator"));
        }
        Ok(Self { base: base.to_owned(), secure, visitor: None })
    }

    /// Where the house stands for this request.
    #[must_use]
    pub(crate) fn of(request: &impl HttpMessage) -> Self {
        request.extensions().get().cloned().unwrap_or_default()
    }

    /// Path before every address; empty at the root of a site.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The end of a `Set-Cookie`: where the cookie is sent, and that it travels by TLS alone.
    #[must_use]
    pub fn cookie_scope(&self) -> String {
        let path = if self.base.is_empty() { "/" } else { &self.base };
        format!("Path={path}{}", if self.secure { "; Secure" } else { "" })
    }

    /// The path of ours that a path on the site means.
    fn inside<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(&self.base).filter(|_| !self.base.is_empty())?;
        match rest {
            "" => Some("/"),
            rest if rest.starts_with('/') => Some(rest),
            _ => None,
        }
    }

    /// An address of ours as it is written for the visitor; any other stays as it is.
    fn outside(&self, address: &str) -> Option<String> {
        let ours = address.starts_with('/') && !address.starts_with("//");
        ours.then(|| format!("{}{address}", self.base))
    }

    /// A page with the path before every address in it. Quotes in text are escaped, so ` href="/` is always a tag's.
    fn page(&self, html: &str) -> String {
        let mut out = String::with_capacity(html.len() + 64 * self.base.len());
        let mut rest = html;
        while let Some(at) = rest.find("=\"/") {
            let (before, after) = rest.split_at(at);
            out.push_str(before);
            out.push_str("=\"");
            let name = before.rsplit(|c: char| c.is_whitespace()).next().unwrap_or_default();
            if ATTRIBUTES.contains(&name) && !after.starts_with("=\"//") {
                out.push_str(&self.base);
            }
            out.push('/');
            rest = &after[3..];
        }
        out.push_str(rest);
        out
    }

    fn headers(&self, headers: &mut HeaderMap) {
        for name in HEADERS.map(HeaderName::from_static) {
            let told = headers.get(&name).and_then(|value| self.outside(value.to_str().ok()?));
            if let Some(value) = told.and_then(|text| HeaderValue::from_str(&text).ok()) {
                headers.insert(name, value);
            }
        }
        let refresh = HeaderName::from_static("refresh");
        let told = headers.get(&refresh).and_then(|value| {
            let (wait, address) = value.to_str().ok()?.split_once("url=")?;
            HeaderValue::from_str(&format!("{wait}url={}", self.outside(address)?)).ok()
        });
        if let Some(value) = told {
            headers.insert(refresh, value);
        }
    }
}

impl Mounting {
    /// The mount of a request: what a trusted proxy says of it, else the usual one.
    fn of(&self, headers: &HeaderMap) -> Result<Mount, WebError> {
        if !self.trust_proxy {
            return Ok(self.usual.clone());
        }
        let said = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let secure = self.usual.secure || said(&FORWARDED_PROTO) == Some("https");
        let base = said(&FORWARDED_PREFIX).unwrap_or(&self.usual.base);
        let mount = Mount::new(base, secure);
        let mut mount = mount.map_err(|why| WebError::bad_request(format!("X-Forwarded-Prefix: {why}")))?;
        // The last address is the one our own proxy wrote; those before it anybody may have made up.
        mount.visitor = said(&FORWARDED_FOR).and_then(|list| list.rsplit(',').next()?.trim().parse().ok());
        Ok(mount)
    }
}

/// The layer as middleware; the mount of a request is kept in its extensions.
///
/// # Errors
/// When a proxy's header makes no sense, or the answer cannot be read.
pub async fn mounted(
    mounting: web::Data<Mounting>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let mount = mounting.of(request.headers())?;
    if let Some(inner) = mount.inside(request.path()).map(str::to_owned) {
        go_inside(&mut request, &inner);
    }
    request.extensions_mut().insert(mount.clone());
    let mut answer = next.call(request).await?.map_into_boxed_body();
    if mount.base.is_empty() {
        return Ok(answer);
    }
    mount.headers(answer.headers_mut());
    let is_page = answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !is_page {
        return Ok(answer);
    }
    let (request, response) = answer.into_parts();
    let (response, body) = response.into_parts();
    let bytes = to_bytes(body).await.map_err(|error| WebError::broken(&std::io::Error::other(error.to_string())))?;
    let text = mount.page(&String::from_utf8_lossy(&bytes));
    Ok(ServiceResponse::new(request, response.set_body(BoxBody::new(text))))
}

/// The request as if it had come to the root of the site.
fn go_inside(request: &mut ServiceRequest, path: &str) {
    let target = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(target).ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(base: &str) -> Mount {
        Mount::new(base, false).unwrap()
    }

    #[test]
    fn only_plain_paths_that_hide_nothing_are_taken() {
        for (given, kept) in [("", ""), ("/", ""), ("/tator", "/tator"), ("/a/b-1/", "/a/b-1")] {
            assert_eq!(below(given).base(), kept);
        }
        for bad in ["tator", "//evil.com", "/a//b", "/a/../b", "/a b", "/\"", "/d", "/api/x", "/assets", "/datasets"] {
            assert!(Mount::new(bad, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn requests_lose_the_path_and_addresses_gain_it() {
        let mount = below("/tator");
        assert_eq!((mount.inside("/tator"), mount.inside("/tator/jobs")), (Some("/"), Some("/jobs")));
        assert_eq!((mount.inside("/jobs"), mount.inside("/tatort")), (None, None));
        assert_eq!(mount.outside("/jobs").as_deref(), Some("/tator/jobs"));
        assert_eq!((mount.outside("//evil.com"), mount.outside("https://evil.com")), (None, None));
        let html = r#"<a href="/d/x">/d =&#34;/</a><use href="/assets/1/i.svg#a"/><p title="/not">x</p><i data-piece="/d/x"></i><a href="//o.org">"#;
        let told = r#"<a href="/tator/d/x">/d =&#34;/</a><use href="/tator/assets/1/i.svg#a"/><p title="/not">x</p><i data-piece="/tator/d/x"></i><a href="//o.org">"#;
        assert_eq!(mount.page(html), told);
    }

    #[test]
    fn redirects_and_refreshes_stay_below_the_path() {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("location"), HeaderValue::from_static("/d/x?a=/b"));
        headers.insert(HeaderName::from_static("refresh"), HeaderValue::from_static("0; url=/jobs"));
        below("/tator").headers(&mut headers);
        assert_eq!(headers.get("location").unwrap(), "/tator/d/x?a=/b");
        assert_eq!(headers.get("refresh").unwrap(), "0; url=/tator/jobs");
    }

    #[test]
    fn a_proxy_is_believed_only_when_it_is_trusted() {
        let mut headers = HeaderMap::new();
        headers.insert(FORWARDED_PREFIX, HeaderValue::from_static("/x"));
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static("https"));
        let usual = Mounting { usual: below("/tator"), trust_proxy: false };
        assert_eq!(usual.of(&headers).unwrap(), below("/tator"));
        let trusting = Mounting { trust_proxy: true, ..usual };
        assert_eq!(trusting.of(&headers).unwrap().cookie_scope(), "Path=/x; Secure");
        headers.insert(FORWARDED_PREFIX, HeaderValue::from_static("//evil.com"));
        assert!(trusting.of(&headers).is_err());
    }
}
